"""Keep a spreadsheet from running a cell as a formula, and take that back exactly."""

import re

_NUMBER = r"[+-](?:[0-9]|[.,][0-9])[0-9 \u00a0\u202f.,()/-]*"
_FIRST = frozenset("'=@\t\r+-")
"""What a risky cell begins with; most cells are told safe by this alone."""
_RISKY = re.compile(rf"'*(?:[=@\t\r]|(?!{_NUMBER}\Z)[+-])")

RETURNED = r"^'('*(?:[=@\t\r]|[+-]))"
"""Cells that may carry a protecting `'`, for a search by column before `unprotect`."""


def protect(cell: str) -> str:
    """Return `cell` with a leading `'` where a spreadsheet could run it.

    Numbers keep their sign, so that phones stay phones. A cell that looks protected
    already gets one more, so that `unprotect` always gives the original back.

    >>> protect("=1+1"), protect("+237 670 00 00 01"), protect("+1+cmd|' /C calc'!A0")
    ("'=1+1", '+237 670 00 00 01', "'+1+cmd|' /C calc'!A0")
    """
    return f"'{cell}" if cell[:1] in _FIRST and _RISKY.match(cell) else cell


def unprotect(cell: str) -> str:
    """Return `cell` without the `'` that `protect` put before it."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell) else cell
