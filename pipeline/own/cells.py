"""Cells as numbers, dates and yes or no: whole columns at once, nothing guessed."""

import pyarrow as pa
import pyarrow.compute as pc

from schemas.own import Kind

_BLANKS = "[\\s\u00a0\u2009\u202f'\u2019]"
_PLAIN = r"^[+-]?\d+(?:\.\d+)?$"
_YES = ("true", "yes", "y", "1", "oui", "o", "vrai", "x")
_NO = ("false", "no", "n", "0", "non", "faux")


def trimmed(cells: pa.StringArray) -> pa.StringArray:
    """Return the cells without blanks around them."""
    return pc.utf8_trim_whitespace(cells)


def number_texts(cells: pa.StringArray) -> pa.StringArray:
    """Return each cell as a plain decimal text such as `-1234.5`, null where it is none.

    Blanks between digits are left out. A decimal comma is taken where it cannot part
    thousands: `12,5` and `1.234,50`, and thousands where a second mark shows them:
    `1,234,567` and `1,234.50`. `1,234` could be both and is refused.
    """
    text = pc.replace_substring_regex(cells, _BLANKS, "")
    grouped = pc.match_substring_regex(
        text, r"^[+-]?\d{1,3}(?:,\d{3}){2,}$|^[+-]?\d{1,3}(?:,\d{3})+\.\d+$"
    )
    text = pc.if_else(grouped, pc.replace_substring(text, ",", ""), text)
    dotted = pc.match_substring_regex(
        text, r"^[+-]?\d{1,3}(?:\.\d{3})+,\d+$|^[+-]?\d{1,3}(?:\.\d{3}){2,}$"
    )
    text = pc.if_else(dotted, pc.replace_substring(text, ".", ""), text)
    comma = pc.match_substring_regex(text, r"^[+-]?(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+)$")
    comma = pc.or_(comma, pc.and_(dotted, pc.match_substring(text, ",")))
    text = pc.if_else(comma, pc.replace_substring(text, ",", "."), text)
    plain = pc.match_substring_regex(text, _PLAIN)
    text = pc.replace_substring_regex(text, r"^\+", "")
    return _only(plain, text)


def date_texts(cells: pa.StringArray) -> pa.StringArray:
    """Return each cell as `YYYY-MM-DD`, null where it is no date that exists.

    Read are `2026-01-31`, also with a time behind it, and with the day first
    `31/01/2026`, `31.01.2026` and `31-01-2026`.
    """
    text = pc.utf8_trim_whitespace(cells)
    text = pc.replace_substring_regex(
        text, r"^(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?:[T ]\d.*)?$", r"\3-\2-\1"
    )
    text = pc.replace_substring_regex(
        text, r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\d.*)?$", r"\1-\2-\3"
    )
    for short in (r"^(\d{4})-(\d)-", r"^(\d{4}-\d{2})-(\d)$"):
        closing = "-" if short.endswith("-") else ""
        text = pc.replace_substring_regex(text, short, rf"\1-0\2{closing}")
    found = pc.strptime(text, format="%Y-%m-%d", unit="s", error_is_null=True)
    written = pc.strftime(found, format="%Y-%m-%d")
    # 31 February is read as 3 March: a date that reads otherwise is none.
    return _only(pc.equal(written, text), text)


def integer_texts(cells: pa.StringArray) -> pa.StringArray:
    """Return each cell as a whole number in digits, null where it is none."""
    text = pc.replace_substring_regex(number_texts(cells), r"\.0+$", "")
    return _only(pc.invert(pc.match_substring(text, ".")), text)


def boolean_texts(cells: pa.StringArray) -> pa.StringArray:
    """Return each cell as `true` or `false`, null where it says neither."""
    text = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    yes = pc.is_in(text, value_set=pa.array(_YES))
    no = pc.is_in(text, value_set=pa.array(_NO))
    said = pc.if_else(yes, "true", "false")
    return _only(pc.or_(yes, no), said)


def texts_of(cells: pa.StringArray, kind: Kind) -> pa.StringArray:
    """Return the cells in the one form of their kind, null where they are not of it."""
    return _READERS[kind](cells)


def numbers_of(texts: pa.StringArray, kind: Kind) -> pa.DoubleArray:
    """Return what `texts_of` gave as numbers to compare; a date as yyyymmdd."""
    if kind == "date":
        texts = pc.replace_substring(texts, "-", "")
    return pc.cast(texts, pa.float64())


def _only(where: pa.BooleanArray, texts: pa.StringArray) -> pa.StringArray:
    return pc.if_else(pc.fill_null(where, fill_value=False), texts, None)


_READERS = {
    "text": trimmed,
    "number": number_texts,
    "integer": integer_texts,
    "date": date_texts,
    "boolean": boolean_texts,
}
