"""`rejected.xlsx`: rejected rows for people, to be corrected there and imported as it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.files.formula import protect
from pipeline.files.publish import atomic
from pipeline.report.findings import read_errors
from pipeline.report.leftovers import Leftover, own_cells
from pipeline.report.words import Words
from schemas.fields import RETURN_COLUMNS

MOST_ROWS = 10_000
_MOST_COLUMNS = 16_384
_MOST_LETTERS = 32_767
_WIDE = 40
_COMMENT_LETTERS = 2_000
_ROLE_FIELDS = {"first_name": "name", "last_name": "name"}
_CONTACTS = ("email", "phone")


class Mark(NamedTuple):
    """What is wrong with a value of a row: the field, the value as read, and in words."""

    field: str
    original: str | None
    text: str


@dataclass(frozen=True, slots=True)
class RejectedRows:
    """The rows to show: `columns` of the file with the field of each, cells by row.

    `roles` gives a column's role as recognised (`phone`, `metadata.City`, …); `rows`
    come in row order, `total` says how many there are.
    """

    columns: Sequence[str]
    roles: Mapping[str, str]
    rows: Iterable[tuple[Leftover, list[str]]]
    marks: Mapping[int, Sequence[Mark]]
    total: int


def marks_of(path: Path, rows: frozenset[int], words: Words) -> dict[int, list[Mark]]:
    """Return what `findings.jsonl` says against the values of `rows`."""
    found: dict[int, list[Mark]] = {}
    for told in read_errors(path, rows):
        lines = [str(told["message"])]
        if told["suggestion"]:
            lines.append(words.text("book", "perhaps", value=told["suggestion"]))
        lines.append(words.advice(str(told["rule"])))
        if not told["field"] and told["original"]:
            lines.append(words.text("book", "as_read", value=told["original"]))
        text = "\n".join(line for line in lines if line)
        original = told["original"]
        mark = Mark(
            str(told["field"]), None if original is None else str(original), text
        )
        found.setdefault(int(str(told["row"])), []).append(mark)
    return found


def write_rejected_book(path: Path, rejected: RejectedRows, words: Words) -> int:
    """Write the workbook and return how many rows it holds; none leaves no file.

    The first `MOST_ROWS` rows, every cell as text. Rows that a workbook cannot hold
    (a cell of more than 32,767 letters) are left to the CSV file.
    """
    import xlsxwriter

    if len(rejected.columns) + len(RETURN_COLUMNS) > _MOST_COLUMNS:
        return 0
    with atomic(path) as draft:
        # Shared strings are quicker; a very wide sheet would not fit in memory.
        is_wide = len(rejected.columns) > _WIDE
        options = {"constant_memory": is_wide, "tmpdir": str(path.parent)}
        with xlsxwriter.Workbook(str(draft), options) as book:
            rows = _Sheet(book, rejected, words).write()
    return rows


class _Sheet:
    """The sheet of rows, and beside it the one that explains."""

    def __init__(self, book: Any, rejected: RejectedRows, words: Words) -> None:
        self._rejected = rejected
        self._words = words
        self._sheet = book.add_worksheet(words.text("book", "rows"))
        self._about = book.add_worksheet(words.text("book", "about"))
        self._text = book.add_format({"num_format": "@"})
        self._bad = book.add_format(
            {"num_format": "@", "bg_color": "#FFC7CE", "font_color": "#7A0010"}
        )
        self._ours = book.add_format({"num_format": "@", "font_color": "#5A6470"})
        self._head = book.add_format(
            {"bold": True, "num_format": "@", "bg_color": "#DDE6F0", "bottom": 1}
        )
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._fields = [
            _field_of(rejected.roles.get(column, "")) for column in rejected.columns
        ]

    def write(self) -> int:
        """Write both sheets; return how many rows there are."""
        columns = [*map(protect, self._rejected.columns), *RETURN_COLUMNS]
        own = len(self._rejected.columns)
        self._sheet.set_column(0, own - 1, 18, self._text)
        self._sheet.set_column(own, own + 3, 10, self._ours)
        self._sheet.set_column(own + 4, own + 5, 50, self._ours)
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            self._sheet.write_string(0, place, column[:_MOST_LETTERS], self._head)
        count = 0
        for leftover, cells in islice(self._rejected.rows, MOST_ROWS):
            line = [*map(protect, cells), *own_cells(leftover)]
            if max(map(len, line)) > _MOST_LETTERS:
                continue
            count += 1
            self._row(count, line, cells, self._rejected.marks.get(leftover.row, ()))
        self._sheet.autofilter(0, 0, max(count, 1), len(columns) - 1)
        self._explain(count)
        return count

    def _row(
        self, at: int, line: list[str], cells: list[str], marks: Sequence[Mark]
    ) -> None:
        own = len(cells)
        bad = self._bad_cells(cells, marks)
        for place, cell in enumerate(line):
            if place in bad:
                if cell:
                    self._sheet.write_string(at, place, cell, self._bad)
                else:
                    self._sheet.write_blank(at, place, None, self._bad)
            elif cell:
                style = self._text if place < own else self._ours
                self._sheet.write_string(at, place, cell, style)
        for place, text in bad.items():
            if text:
                self._sheet.write_comment(
                    at, place, text[:_COMMENT_LETTERS], {"x_scale": 2, "y_scale": 1.2}
                )

    def _bad_cells(self, cells: list[str], marks: Sequence[Mark]) -> dict[int, str]:
        """Return the places to colour with what to say there."""
        bad: dict[int, list[str]] = {}
        for mark in marks:
            places = self._places(mark, cells)
            for place in places:
                bad.setdefault(place, [])
            bad[places[0]].append(mark.text)
        return {place: "\n\n".join(texts) for place, texts in bad.items()}

    def _places(self, mark: Mark, cells: list[str]) -> list[int]:
        """Return the cells a mark is about; without one it is about the reason's cell."""
        if mark.field:
            own = [p for p, field in enumerate(self._fields) if field == mark.field]
            same = [p for p in own if cells[p] == mark.original]
            other = [p for p, cell in enumerate(cells) if cell == mark.original != ""]
            if found := same or own or other:
                return found[:1]
        elif mark.original is None:
            # Nothing is given where a contact is wanted: show where it would go.
            empty = [p for p, field in enumerate(self._fields) if field in _CONTACTS]
            if empty:
                return empty
        return [len(cells) + RETURN_COLUMNS.index("_reason")]

    def _explain(self, count: int) -> None:
        words, total = self._words, self._rejected.total
        self._about.set_column(0, 0, 100, self._wrap)
        self._about.write_string(0, 0, words.text("book", "title"), self._title)
        texts = [words.text("book", name) for name in ("bad", "correct", "keep")]
        if count < total:
            texts.append(
                words.text(
                    "book",
                    "cut",
                    rows=words.number(count),
                    of=words.number(total),
                )
            )
        for place, text in enumerate(texts, 2):
            self._about.write_string(place, 0, text, self._wrap)


def _field_of(role: str) -> str:
    return _ROLE_FIELDS.get(role, role)
