"""Show headers without giving a person away: the first line may hold data."""

import re
from collections.abc import Sequence

_EMAIL = re.compile(r"[^\s@<>;,]+@[^\s@<>;,]+")
_NUMBER = re.compile(r"[+(]?\d(?:[\s().\-/]*\d){5,}")
_ONLY_NUMBER = re.compile(r"[+\-]?\d[\d\s.,\-/]*")
_PHONE_DIGITS = 8
_SHORT = 3
_MOST_SHOWN = 40
_LONGEST = 40


def looks_like_data(cells: Sequence[str]) -> bool:
    """Say whether a cell of a header line is an e-mail address or a phone's number."""
    return any(
        _EMAIL.fullmatch(cell.strip())
        or (_NUMBER.fullmatch(cell.strip()) and _digits(cell) >= _PHONE_DIGITS)
        for cell in cells
    )


def show_header(header: str) -> str:
    """Return `header` with every contact and number in it masked, and not too long."""
    text = header.strip()
    if _ONLY_NUMBER.fullmatch(text) and len(text) >= _SHORT:
        return _hidden(text)
    text = _EMAIL.sub(lambda found: f"{found[0][0]}…@…", text)
    text = _NUMBER.sub(lambda found: _hidden(found[0]), text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def show_headers(headers: Sequence[str]) -> str:
    """Return the headers as one text; only first letters where the line holds data."""
    data = looks_like_data(headers)
    shown = [
        f"{header.strip()[:1]}…" if data else show_header(header)
        for header in headers[:_MOST_SHOWN]
    ]
    more = len(headers) - len(shown)
    rest = f" and {more} more" if more else ""
    return ", ".join(f"`{text}`" for text in shown) + rest


def _digits(text: str) -> int:
    return sum(mark.isdecimal() for mark in text)


def _hidden(number: str) -> str:
    return f"{number[:2]}…"
