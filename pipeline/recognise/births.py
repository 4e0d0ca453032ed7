"""Columns of dates on which customers can be born, in the ways people write dates."""

import re
from collections.abc import Sequence
from datetime import date

from pipeline.recognise.contents import Share, is_date
from schemas.headers import plain_words

_YEAR = re.compile(r"\b(\d{4})\b")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](\d{2})")
_COMPACT = re.compile(r"\d{8}")
_IN_WORDS = re.compile(
    r"(?:\d{1,2}(?:er|st|nd|rd|th)?\W+)?[^\W\d]+\W+(?:\d{1,2}\W+)?\d{4}"
)
_MONTHS = frozenset(
    plain_words(
        "january february march april may june july august september october november"
        " december jan feb mar apr jun jul aug sep sept oct nov dec"
        " janvier février mars avril mai juin juillet août septembre octobre novembre"
        " décembre janv fév févr avr juil"
    )
)
_HALF = 0.5
_EARLIEST, _GROWN_UP, _LATEST = 1915, 1995, 2015
_BEFORE_ANY_SIGN_UP = 2000
_GENERATION = 20
_SOME = 3
_THIS_CENTURY = 40
"""A year of two digits up to here counts as 20xx: `12/03/24` is no birth."""


def births(values: Sequence[str]) -> Share:
    """Count dates on which customers can be born.

    They span a generation, or lie all before anybody could sign up, and most of them
    make a grown-up today.
    """
    dated = [year for value in values if (year := _year_of(value)) is not None]
    if not dated or not all(_EARLIEST <= year <= _LATEST for year in dated):
        return Share(0, len(values))
    spread = max(dated) - min(dated) >= _GENERATION
    early = max(dated) <= _BEFORE_ANY_SIGN_UP and len(dated) >= _SOME
    grown = sum(year <= _GROWN_UP for year in dated)
    if not (spread or early) or grown < _HALF * len(dated):
        return Share(0, len(values))
    return Share(len(dated), len(values))


def _year_of(value: str) -> int | None:
    """Return the year of a calendar date, None where the value is none."""
    if is_date(value):
        found = _YEAR.search(value)
        return int(found[1]) if found else None
    short = _SHORT_YEAR.fullmatch(value)
    if short:
        year = int(short[1])
        return year + (2000 if year <= _THIS_CENTURY else 1900)
    if _COMPACT.fullmatch(value):
        return _compact_year(value)
    if _IN_WORDS.fullmatch(value) and not _MONTHS.isdisjoint(plain_words(value)):
        return int(value[-4:])
    return None


def _compact_year(digits: str) -> int | None:
    """Return the year of `19850312` or `12031985`, None where no such day is."""
    for year, month, day in (
        (digits[:4], digits[4:6], digits[6:]),
        (digits[4:], digits[2:4], digits[:2]),
    ):
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if _EARLIEST <= found.year <= _LATEST:
            return found.year
    return None
