"""Show headers without giving a person away: the first line may hold data."""

import re
from collections.abc import Sequence

_EMAIL = re.compile(r"[^\s@<>;,]+@[^\s@<>;,]+")
_NUMBER = re.compile(r"[+(]?\d(?:[\s().\-/]*\d){5,}")
_ONLY_NUMBER = re.compile(r"[+\-]?\d[\d\s.,\-/]*")
_SHORT = 3
_MOST_SHOWN = 40
_LONGEST = 40


def looks_like_data(cells: Sequence[str]) -> bool:
    """Say whether a header line holds an e-mail address or a number like a phone's."""
    return any(_EMAIL.search(cell) or _NUMBER.search(cell) for cell in cells)


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


def _hidden(number: str) -> str:
    return f"{number[:2]}…"
