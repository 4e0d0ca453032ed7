"""Cleaning of text that any field can need: marks nobody sees, foreign digits."""

import re
import unicodedata

_INVISIBLE = frozenset(("Cf", "Cc"))
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_FORMULA = re.compile(r'\s*="?(?P<inner>[^"]*)"?\s*', re.DOTALL)
_UNSAFE_BIDI = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
MOJIBAKE = (
    "[\u00c2\u00c3\u00e2][\u0080-\u00bf\u20ac\u2122\u0152\u0153\u0161\u0178\u2018-\u201d"
    "\u2020\u2021\u2026\u2030\u2039\u203a\u02c6\u02dc]"
)
"""RE2: UTF-8 that was read as Latin-1 or cp1252 (`Ã©` for `é`)."""
_OTHERS = r"[\p{Cyrillic}\p{Greek}]"
_WITHIN = r"[\p{M}\p{N}_]*"
MIXED_SCRIPT = rf"\p{{Latin}}{_WITHIN}{_OTHERS}|{_OTHERS}{_WITHIN}\p{{Latin}}"
"""RE2: one word mixes Latin letters with Cyrillic or Greek look-alikes."""


def unformula(text: str) -> tuple[str, bool]:
    """Return the text inside `="…"` and whether it was there."""
    if not text.lstrip().startswith("="):
        return text, False
    found = _FORMULA.fullmatch(text)
    return (found["inner"], True) if found else (text, False)


def see_through(text: str) -> tuple[str, tuple[str, ...]]:
    """Return `text` without invisible marks, odd blanks and foreign digits.

    Returns:
        The plain text, its ends stripped, and the names of the rules that changed
        something in it beyond ordinary blanks at its ends.
    """
    if text.isascii() and text.isprintable():
        return text.strip(), ()
    rules: list[str] = []
    kept = []
    for character in text.translate(_HYPHENS):
        plain, rule = _plain(character)
        kept.append(plain)
        if rule and rule not in rules:
            rules.append(rule)
    return "".join(kept).strip(), tuple(rules)


def _plain(character: str) -> tuple[str, str | None]:
    """Return what a person sees of one character, and the rule that changed it."""
    if character.isascii():
        if character in "\n\r":
            return "\n", None
        if character == "\t":
            return " ", None
        return (character, None) if character.isprintable() else ("", "invisible_marks")
    category = unicodedata.category(character)
    if category in _INVISIBLE:
        return "", "invisible_marks"
    if category in ("Zs", "Zl", "Zp"):
        return " ", "unusual_blanks"
    if category == "Nd":
        return str(unicodedata.digit(character)), "foreign_digits"
    folded = unicodedata.normalize("NFKC", character)
    if folded.isascii() and len(folded) == 1:  # full-width letters and signs
        return folded, "foreign_digits"
    return character, None


def overrides_direction(text: str) -> bool:
    """Whether `text` holds a mark that makes it read in another order."""
    return not _UNSAFE_BIDI.isdisjoint(text)
