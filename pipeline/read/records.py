"""Part a text into records, exactly and with care for what is malformed.

This is the patient reader: the quick one takes over where a block is strictly well
formed, and both give the same cells.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.read.dialect import Dialect

MAX_RECORD = 1 << 21
"""Most characters of a quoted cell that is looked for over several lines."""
_CSV_MOST = 1 << 16
"""Characters of a line that Python's own reader takes without asking for more."""
CUT_OFF_LINES = 1
"""Lines left at the end of a file by which a cell cut off inside its quotes cannot be
told from a quote too many: they stay with the broken record."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in the text.

    `cells` is None where it could not be parted, and then `rule` says why. `line`
    counts from 0 at the start of the text, `start` and `end` are places in it.
    """

    line: int
    start: int
    end: int
    cells: list[str] | None
    rule: str | None = None


class Reader:
    """Parts texts of one dialect; `width` is the number of cells of a whole row."""

    def __init__(self, dialect: Dialect, width: int | None = None) -> None:
        self.dialect = dialect
        self.width = width
        d, q = re.escape(dialect.delimiter), re.escape(dialect.quote)
        end = rf"(?={d}|[\r\n]|\Z)"
        body = rf"[^{q}\\]|\\.|{q}{q}" if dialect.escape else rf"[^{q}]|{q}{q}"
        self._quoted = re.compile(rf"[ ]*{q}((?:{body})*+){q}[ ]*{end}", re.DOTALL)
        self._lazy = re.compile(rf"[ ]*{q}([^\r\n]*?){q}[ ]*{end}")
        self._mixed = re.compile(
            rf"(?=[^\r\n]*{q})(?:{q}(?:[^{q}\r\n]|{q}{q})*+{q}|[^{d}{q}\r\n])*+{end}"
        )
        cell = rf"(?:{q}[^{q}\r\n]*+(?:{q}{q}[^{q}\r\n]*+)*+{q}|[^{q}{d}\r\n]*+)"
        self._strict = re.compile(rf"{cell}(?:{d}{cell})*+(?:\r?\n|\r)?")
        self._bare = re.compile(rf"[^{d}\r\n]*+")
        self._opens = re.compile(rf"[ ]*{q}")
        self._escaped = re.compile(r"\\(.)", re.DOTALL)
        self._closed = re.compile(rf"(?:{body})*+(?:{q}|(\Z))", re.DOTALL)

    def records(self, text: str, *, at_end: bool) -> Iterator[Record]:
        """Yield the records of `text` that are whole.

        Where `at_end` is false and the last one may go on, it is left out: the last
        yielded `end` says how far the text is done.
        """
        lines = list(io.StringIO(text, newline=""))
        place = number = 0
        while number < len(lines):
            line = lines[number]
            if not at_end and number == len(lines) - 1 and not line.endswith("\n"):
                return
            if self._is_blank(line):
                place, number = place + len(line), number + 1
                continue
            if self.dialect.quote not in line:
                cells = line.rstrip("\r\n").split(self.dialect.delimiter)
                record = Record(number, place, place + len(line), cells)
            else:
                found = self._quoted_record(text, place, number, lines, at_end)
                if found is None:
                    return
                record = found
            yield self._unwrapped(record) if self.dialect.is_wrapped else record
            is_line = record.end - place == len(line)
            number += 1 if is_line else _lines_in(record, lines)
            place = record.end

    def _unwrapped(self, record: Record) -> Record:
        if record.cells is None or len(record.cells) > 1:
            return record
        return replace(record, cells=self._lone(record.cells[0]))

    def _is_blank(self, line: str) -> bool:
        if line[0] in "\r\n":
            return True
        return (
            line.isspace() or line.strip() == "\x1a"
        ) and self.dialect.delimiter not in line

    def _quoted_record(
        self, text: str, start: int, number: int, lines: list[str], at_end: bool
    ) -> Record | None:
        """Return the record that begins at `start`; None where it may go on."""
        line = lines[number]
        line_end = start + len(line)
        if self._is_strict(line):
            return Record(number, start, line_end, self._parted(line))
        cells, place, is_open = self._part(text, start, line_end)
        if is_open and not at_end and len(text) - start < MAX_RECORD:
            return None
        if is_open and at_end and len(lines) - number - 1 <= CUT_OFF_LINES:
            return Record(number, start, len(text), None, "unterminated_quote")
        if cells is None:
            return Record(number, start, line_end, None, "unterminated_quote")
        record = Record(number, start, _line_end(text, place), cells)
        if not at_end and record.end == len(text) and not text.endswith("\n"):
            return None
        if record.end > line_end and self._swallowed(text, record, line_end):
            return Record(number, start, line_end, None, "unterminated_quote")
        return record

    def _is_strict(self, line: str) -> bool:
        return (
            len(line) < _CSV_MOST
            and self.dialect.escape is None
            and self._strict.fullmatch(line) is not None
        )

    def _parted(self, line: str) -> list[str]:
        dialect = self.dialect
        return next(
            csv.reader([line], delimiter=dialect.delimiter, quotechar=dialect.quote)
        )

    def _part(
        self, text: str, start: int, line_end: int
    ) -> tuple[list[str] | None, int, bool]:
        """Return cells, the place behind them, and whether a quote stays open."""
        cells: list[str] = []
        place = start
        while True:
            if self._opens.match(text, place):
                cell, end, is_open = self._part_quoted(text, place, line_end)
                if cell is None:
                    return None, start, is_open
            else:
                match = self._bare.match(text, place)
                assert match is not None
                cell, end = match.group(), match.end()
            cells.append(cell)
            if end >= len(text) or text[end] in "\r\n":
                return cells, end, False
            place = end + 1
            line_end = max(line_end, place)

    def _part_quoted(
        self, text: str, place: int, line_end: int
    ) -> tuple[str | None, int, bool]:
        match = self._quoted.match(text, place, min(len(text), place + MAX_RECORD))
        if match is not None:
            return self._meant(match[1]), match.end(), False
        inner_end = _body_end(text, place, line_end)
        lazy = self._lazy.match(text, place, inner_end)
        if lazy is not None and not self.dialect.escape:
            return self._meant(lazy[1]), lazy.end(), False
        mixed = self._mixed.match(text, place, inner_end)
        if mixed is not None:
            return mixed.group(), mixed.end(), False
        opened = self._opens.match(text, place)
        assert opened is not None
        closed = self._closed.match(text, opened.end())
        return None, place, closed is None or closed[1] is not None

    def _meant(self, body: str) -> str:
        quote = self.dialect.quote
        if self.dialect.escape:
            body = self._escaped.sub(_unescape, body)
        return body.replace(quote + quote, quote)

    def _swallowed(self, text: str, record: Record, line_end: int) -> bool:
        """Tell whether a record over several lines ate lines that are rows themselves."""
        if self.width is None or self.width < 2:  # noqa: PLR2004 - any line is a row of one cell
            return False
        if record.cells is not None and len(record.cells) == self.width:
            return False
        inner = io.StringIO(text[line_end : record.end], newline="")
        return any(len(self._lone(line)) == self.width for line in inner)

    def _lone(self, line: str) -> list[str]:
        cells, _, _ = self._part(line.rstrip("\r\n"), 0, len(line.rstrip("\r\n")))
        return cells or []


def _unescape(match: re.Match[str]) -> str:
    return match[1] if match[1] in "\\\"'" else match[0]


def _line_end(text: str, place: int) -> int:
    if text.startswith("\r\n", place):
        return place + 2
    return min(place + 1, len(text))


def _body_end(text: str, place: int, line_end: int) -> int:
    """Return where the line that holds `place` ends, without its line break."""
    end = line_end if line_end > place else len(text)
    while end > place and text[end - 1] in "\r\n":
        end -= 1
    return end


def _lines_in(record: Record, lines: list[str]) -> int:
    """Return how many physical lines the record takes."""
    taken = 0
    length = record.end - record.start
    while length > 0:
        length -= len(lines[record.line + taken])
        taken += 1
    return taken
