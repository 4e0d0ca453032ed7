"""Names of a column: one spelling of each character, plain blanks, nothing guessed."""

import re
import unicodedata
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise import marks
from pipeline.normalise.column import Column, Remark
from pipeline.normalise.known import PLACEHOLDER_NAMES
from pipeline.normalise.textarrays import (
    Ints,
    join_present,
    mask,
    matches,
    nulls,
    positions,
    put,
    take,
)
from schemas.fields import NAME_MAX

_UNTIDY = (
    r"^ |  | $|^=|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{00A0}\x{1680}\x{2000}-\x{200A}\x{202F}"
    r"\x{205F}\x{3000}]"
)
_BLANKS = re.compile(r"\s+")
_NUMBERS_ONLY = r"^[\pN\pP\pS\pZ]+$"


def join_names(first: pa.StringArray, last: pa.StringArray) -> pa.StringArray:
    """Return first and last name with a blank between; null where both are."""
    joined = join_present([first, last], " ")
    return pc.if_else(pc.equal(joined, ""), None, joined)


def normalise_names(cells: pa.StringArray) -> Column:
    """Return `cells` in Unicode NFC, blanks collapsed, without control characters.

    A name that stands for nobody (`client divers`, `N/A`) becomes null, and is said.
    """
    values, remarks = _tidy(cells)
    odd = positions(~mask(pc.string_is_ascii(values)) & ~mask(values.is_null()))
    values = put(values, odd, pc.utf8_normalize(take(values, odd), form="NFC"))
    placeholders = _placeholders(values)
    for row in placeholders.tolist():
        remarks.append(Remark(row, "name_placeholder", cells[row].as_py()))
    if len(placeholders):
        values = put(values, placeholders, nulls(len(placeholders)))
    remarks.extend(_flags(values, odd, cells))
    return Column(values, {}, tuple(remarks))


def _tidy(cells: pa.StringArray) -> tuple[pa.StringArray, list[Remark]]:
    rows = positions(matches(cells, _UNTIDY))
    remarks: list[Remark] = []
    tidied: list[str | None] = []
    for row, cell in zip(rows.tolist(), take(cells, rows).to_pylist(), strict=True):
        text, was_formula = marks.unformula(cell)
        plain = tidy_name(text)
        tidied.append(plain or None)
        if was_formula:
            remarks.append(Remark(row, "formula_text", cell, plain))
        if _hides_something(text):
            remarks.append(Remark(row, "invisible_marks", cell, plain))
    return put(cells, rows, pa.array(tidied, pa.string())), remarks


def tidy_name(text: str) -> str:
    """Return one name in NFC with plain single blanks and no control characters."""
    spaced = _BLANKS.sub(" ", text)
    shown = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf"))
    return unicodedata.normalize("NFC", _BLANKS.sub(" ", shown).strip())


def _hides_something(text: str) -> bool:
    return any(
        unicodedata.category(c) in ("Cc", "Cf") and c not in "\t\n\r" for c in text
    )


_PLACEHOLDERS = pa.array(sorted(PLACEHOLDER_NAMES), pa.string())


def _placeholders(values: pa.StringArray) -> Ints:
    """Return the rows whose name stands for nobody."""
    return positions(mask(pc.is_in(pc.utf8_lower(values), value_set=_PLACEHOLDERS)))


def _flags(
    values: pa.StringArray, odd: Ints, cells: pa.StringArray
) -> Iterator[Remark]:
    texts = take(values, odd)
    too_long = pc.greater(pc.utf8_length(values), NAME_MAX)
    flagged = (
        ("name_numbers_only", positions(matches(values, _NUMBERS_ONLY))),
        ("mojibake", odd[matches(texts, marks.MOJIBAKE)]),
        ("mixed_script", odd[matches(texts, marks.MIXED_SCRIPT)]),
        ("name_long", positions(mask(too_long))),
    )
    for rule, rows in flagged:
        for row in rows.tolist():
            yield Remark(row, rule, cells[row].as_py(), values[row].as_py())
