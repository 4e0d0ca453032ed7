"""`review_pairs.csv` and `.xlsx`: one line a pair, shared contact or known duplicate.

A person fills in the decision column; the last columns hold the keys by which a later
run finds both sides again, whatever their rows are then.
"""

import csv
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pipeline.files.formula import protect
from pipeline.files.publish import atomic
from pipeline.report.doubts import Doubt, Side
from pipeline.report.words import Words

COLUMNS: Final = (
    "decision",
    "score",
    "reason_en",
    "reason_fr",
    "a_row",
    "a_customer_id",
    "a_name",
    "a_email",
    "a_phone",
    "b_row",
    "b_customer_id",
    "b_name",
    "b_email",
    "b_phone",
    "would_write",
    "contact",
    "people",
    "rows",
    "rule",
    "kind",
    "key_a",
    "key_b",
)
"""Columns of both files, in this order; a reader goes by name, not by place."""

DECISIONS: Final = {
    "same": "same",
    "même": "same",
    "meme": "same",
    "la même": "same",
    "identique": "same",
    "identiques": "same",
    "different": "different",
    "différent": "different",
    "différents": "different",
    "différente": "different",
    "différentes": "different",
    "differents": "different",
    "later": "later",
    "plus tard": "later",
}
"""Words that stand for a verdict in the decision column; case does not matter."""

MOST_ROWS: Final = 10_000
_OFFERED: Final = {
    "en": ["same", "different", "later", "même", "différents", "plus tard"],
    "fr": ["même", "différents", "plus tard", "same", "different", "later"],
}
_WIDTHS: Final = {
    "decision": 14,
    "reason_en": 44,
    "reason_fr": 44,
    "would_write": 44,
    "a_email": 28,
    "b_email": 28,
    "a_name": 24,
    "b_name": 24,
}
_MOST_LETTERS: Final = 32_767


def pair_line(doubt: Doubt, words: Words, secret: str = "") -> list[str]:
    """Return a doubt as the cells of a line, in the order of `COLUMNS`."""
    key_a, key_b = doubt.keys(secret)
    cells = {
        "decision": "",
        "score": f"{doubt.score:.3f}",
        "reason_en": doubt.reason_en,
        "reason_fr": doubt.reason_fr,
        **_side("a", doubt.a),
        **_side("b", doubt.b),
        "would_write": _would_write(doubt, words),
        "contact": doubt.contact[1] if doubt.contact else "",
        "people": "" if doubt.people is None else str(doubt.people),
        "rows": " ".join(map(str, doubt.rows)),
        "rule": doubt.rule,
        "kind": doubt.kind,
        "key_a": key_a,
        "key_b": key_b,
    }
    return [protect(cells[column]) for column in COLUMNS]


def _side(letter: str, side: Side) -> dict[str, str]:
    return {
        f"{letter}_row": "" if side.row is None else str(side.row),
        f"{letter}_customer_id": side.customer_id or "",
        f"{letter}_name": side.name or "",
        f"{letter}_email": side.email or "",
        f"{letter}_phone": side.phone or "",
    }


def _would_write(doubt: Doubt, words: Words) -> str:
    """Say what happens now, and what `same` would write."""
    told = words.text("written", doubt.written)
    if doubt.written not in ("held", "update"):
        return told
    a, b = (doubt.b, doubt.a) if doubt.written == "update" else (doubt.a, doubt.b)
    best = (a.name or b.name, a.email or b.email, a.phone or b.phone)
    shown = ", ".join(value for value in best if value)
    return f"{told} {words.text('written', 'if_same', record=shown)}"


def write_pairs_csv(
    path: Path,
    lines: Iterable[list[str]],
    delimiter: str = ",",
    *,
    most: int = MOST_ROWS,
) -> tuple[int, list[list[str]]]:
    """Write the CSV: UTF-8 with BOM, the input's delimiter; no line leaves no file.

    Return how many lines it has, and the first `most` for the workbook.
    """
    path.unlink(missing_ok=True)
    iterator = iter(lines)
    first = list(islice(iterator, most))
    if not first:
        return 0, first
    count = len(first)
    with (
        atomic(path) as draft,
        draft.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(COLUMNS)
        writer.writerows(first)
        for line in iterator:
            writer.writerow(line)
            count += 1
    return count, first


def write_pairs_book(
    path: Path, lines: Sequence[Sequence[str]], total: int, words: Words
) -> None:
    """Write the workbook with `lines`, the first of `total`; none leaves no file."""
    path.unlink(missing_ok=True)
    if not lines:
        return
    import xlsxwriter

    with atomic(path) as draft:
        options = {"constant_memory": True, "tmpdir": str(path.parent)}
        with xlsxwriter.Workbook(str(draft), options) as book:
            _sheet(book, lines, words)
            _about(book, words, len(lines), total)


def _sheet(book: Any, lines: Sequence[Sequence[str]], words: Words) -> None:
    sheet = book.add_worksheet(words.text("pairs", "sheet"))
    text = book.add_format({"num_format": "@", "valign": "top"})
    wrapped = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
    asked = book.add_format({"num_format": "@", "bg_color": "#FFF4CC", "border": 1})
    head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1})
    for place, column in enumerate(COLUMNS):
        style = wrapped if "reason" in column or column == "would_write" else text
        hidden = {"hidden": column == f"reason_{'en' if words.lang == 'fr' else 'fr'}"}
        sheet.set_column(place, place, _WIDTHS.get(column, 16), style, hidden)
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(COLUMNS):
        sheet.write_string(0, place, column, head)
        sheet.write_comment(0, place, words.text("pairs", column))
    for at, line in enumerate(lines, 1):
        sheet.write_blank(at, 0, None, asked)
        for place, cell in enumerate(line[1:], 1):
            style = wrapped if _WIDTHS.get(COLUMNS[place], 0) > 30 else text  # noqa: PLR2004 - sentences
            if COLUMNS[place] == "score":
                sheet.write_number(at, place, float(cell), style)
            elif cell:
                sheet.write_string(at, place, cell[:_MOST_LETTERS], style)
    sheet.data_validation(
        1,
        0,
        len(lines),
        0,
        {
            "validate": "list",
            "source": _OFFERED[words.lang],
            "error_type": "warning",
            "input_title": words.text("pairs", "ask"),
            "input_message": words.text("pairs", "ask_more"),
        },
    )
    sheet.autofilter(0, 0, len(lines), len(COLUMNS) - 1)


def _about(book: Any, words: Words, shown: int, total: int) -> None:
    sheet = book.add_worksheet(words.text("book", "about"))
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    title = book.add_format({"bold": True, "font_size": 14})
    sheet.set_column(0, 0, 100, wrap)
    sheet.write_string(0, 0, words.text("pairs", "title"), title)
    texts = [words.text("pairs", name) for name in ("how", "words", "keep")]
    if shown < total:
        facts = {"rows": words.number(shown), "of": words.number(total)}
        texts.append(words.text("book", "pairs_cut", **facts))
    for place, text in enumerate(texts, 2):
        sheet.write_string(place, 0, text, wrap)
