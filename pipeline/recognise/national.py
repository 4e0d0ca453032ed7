"""Numbers that a state or its tax office gives a person, told by their shape."""

import re
from collections.abc import Callable, Sequence

from pipeline.recognise.contents import Share, luhn


def national(values: Sequence[str]) -> Share:
    """Count the values that are written like a person's number of some country."""
    hits = 0
    for value in values:
        text = value.replace(" ", "")
        hits += any(p.fullmatch(text) and right(text) for p, right in _NATIONAL)
    return Share(hits, len(values))


def taxes(values: Sequence[str]) -> Share:
    """Count the values that are written like a taxpayer's number."""
    hits = sum(_TAX.fullmatch(value.replace(" ", "")) is not None for value in values)
    return Share(hits, len(values))


def holds_french_number(text: str) -> bool:
    """Say whether a French social security number with its right key stands in `text`."""
    return any(
        _french_number(re.sub(r"[ .\-]", "", found[0]))
        for found in _FRENCH_IN_TEXT.finditer(text)
    )


def _french_number(text: str) -> bool:
    """Say whether a French social security number has its right key."""
    body, key = text[:13], text[13:]
    plain = body.upper().replace("2A", "19").replace("2B", "18")
    return plain.isdecimal() and 97 - int(plain) % 97 == int(key)


def _spanish_number(text: str) -> bool:
    digits = text[:-1].upper().replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == text[-1].upper()


def _brazilian_number(text: str) -> bool:
    digits = [int(mark) for mark in text if mark.isdecimal()]
    for length in (9, 10):
        total = sum(d * (length + 1 - at) for at, d in enumerate(digits[:length]))
        if total * 10 % 11 % 10 != digits[length]:
            return False
    return len(set(digits)) > 1


def _belgian_number(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    body, check = int(digits[:9]), int(digits[9:])
    return check in (97 - body % 97, 97 - (2_000_000_000 + body) % 97)


def _always(_: str) -> bool:
    return True


_FRENCH = r"[12]\d{2}(?:0[1-9]|[1-9]\d)(?:\d\d|2[AB])\d{8}"
_FRENCH_IN_TEXT = re.compile(
    r"(?<!\w)[12][ .\-]?\d{2}[ .\-]?\d{2}[ .\-]?(?:\d\d|2[AB])(?:[ .\-]?\d){8}(?!\w)",
    re.IGNORECASE,
)
_NATIONAL: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile(_FRENCH, re.IGNORECASE), _french_number),
    (re.compile(r"\d{3}-\d{2}-\d{4}"), _always),  # United States
    (
        # Uganda: a letter in the tail, unlike a code of customers in Cameroon.
        re.compile(r"C[MF]\d{6,8}(?=\d*[A-Z])[A-Z0-9]{4,6}", re.IGNORECASE),
        _always,
    ),
    (re.compile(r"GHA-?\d{9}-?\d", re.IGNORECASE), _always),  # Ghana
    (re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _brazilian_number),
    (re.compile(r"[\dXYZ]\d{7}[A-Z]", re.IGNORECASE), _spanish_number),
    (re.compile(r"\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{4}[01]\d{2}"), luhn),  # ZA
    (
        re.compile(r"\d{2}\.?(?:0\d|1[0-2])\.?(?:[0-2]\d|3[01])-?\d{3}\.?\d{2}"),
        _belgian_number,
    ),
    (
        # United Kingdom: letters that its numbers use, then A to D.
        re.compile(
            r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]",
            re.IGNORECASE,
        ),
        _always,
    ),
    (
        re.compile(r"[A-Z]{6}\d{2}[A-EHLMPR-T]\d{2}[A-Z]\d{3}[A-Z]", re.IGNORECASE),
        _always,  # Italy
    ),
)
_TAX = re.compile(
    r"[MP]\d{12}[A-Z]"  # Cameroon
    r"|[AP]\d{9}[A-Z]"  # Kenya
    r"|[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z]",  # India
    re.IGNORECASE,
)
