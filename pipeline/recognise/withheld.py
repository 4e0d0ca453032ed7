"""Columns whose values look like something that must not leave by accident."""

import re
from collections.abc import Callable, Sequence

from pipeline.recognise.contents import Share, is_date
from schemas.sensitive import doubtful_kind, sensitive_kind

_CARD = re.compile(r"(?<![\d+])\d(?:[ \-.]?\d){12,18}(?!\d)")
_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}"
    r"|35\d{14}|6\d{15,18}|5[06-9]\d{10,17}"
)
"""Beginnings and lengths that card issuers use."""

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]){11,30}\b", re.IGNORECASE)
_RIB = re.compile(r"\b\d{5}[ \-]?\d{5}[ \-]?[0-9A-Z]{11}[ \-]?\d{2}\b", re.IGNORECASE)
_RIB_DIGITS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")
_RIB_WEIGHTS = (89, 15, 3)
_SECRET_HASH = re.compile(
    r"\$(?:2[abxy]?|P|H|argon2\w*|5|6|apr1)\$\S{8,}|pbkdf2_\S+\$\S+"
)
_BLOOD = re.compile(r"(?:A|B|AB|O)\s?(?:\+|-|rh\s?[+-]|pos|neg)", re.IGNORECASE)
_PIN = re.compile(r"\d{4,6}")
_YEAR = re.compile(r"\b(\d{4})\b")
_HALF = 0.5
_EARLIEST, _GROWN_UP, _LATEST = 1915, 1995, 2015


def kind_of(header: str, values: Sequence[str]) -> tuple[str, str] | None:
    """Return (kind, why) of a column that looks sensitive, or None.

    `values` are its filled cells, trimmed. The header decides first, then the values.
    """
    by_header = sensitive_kind(header)
    if by_header is not None:
        return by_header, "header"
    maybe = doubtful_kind(header)
    if maybe is not None and _pins(values).most:
        return maybe, str(_pins(values))
    for kind, count in _CHECKS:
        share = count(values)
        if share.most:
            return kind, str(share)
    return None


def secret_values(values: Sequence[str]) -> bool:
    """Say whether cells of a recognised column hold cards or accounts all the same."""
    return _cards(values).most or _accounts(values).most


def luhn(digits: str) -> bool:
    """Say whether a row of digits ends in its right Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - a two-digit product
    return total % 10 == 0


def _cards(values: Sequence[str]) -> Share:
    """Count card numbers among the values, or texts, that could hold one."""
    runs = [re.sub(r"\D", "", found[0]) for v in values for found in _CARD.finditer(v)]
    good = sum(bool(_ISSUED.fullmatch(digits)) and luhn(digits) for digits in runs)
    return Share(good, len(runs))


def _accounts(values: Sequence[str]) -> Share:
    """Count IBANs and RIBs with a right check among all that are written like one."""
    ibans = [re.sub(r"\s", "", found[0]) for v in values for found in _IBAN.finditer(v)]
    ribs = [
        re.sub(r"[ \-]", "", found[0])
        for value in values
        for found in _RIB.finditer(value)
        if not _IBAN.search(value)
    ]
    good = sum(map(_is_iban, ibans)) + sum(map(_is_rib, ribs))
    return Share(good, len(ibans) + len(ribs))


def _is_iban(text: str) -> bool:
    turned = text[4:] + text[:4]
    return int("".join(str(int(mark, 36)) for mark in turned)) % 97 == 1


def _is_rib(text: str) -> bool:
    digits = text.upper().translate(_RIB_DIGITS)
    parts = (int(digits[:5]), int(digits[5:10]), int(digits[10:21]))
    rest = sum(w * part for w, part in zip(_RIB_WEIGHTS, parts, strict=True)) % 97
    return 97 - rest == int(digits[21:])


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


def _always(_: str) -> bool:
    return True


_NATIONAL: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        re.compile(r"[12]\d{2}(?:0[1-9]|[1-9]\d)(?:\d\d|2[AB])\d{8}", re.IGNORECASE),
        _french_number,
    ),
    (re.compile(r"\d{3}-\d{2}-\d{4}"), _always),  # United States
    (re.compile(r"C[MF]\d{6,8}[A-Z0-9]{4,6}", re.IGNORECASE), _always),  # Uganda
    (re.compile(r"GHA-?\d{9}-?\d", re.IGNORECASE), _always),  # Ghana
    (re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _brazilian_number),
    (re.compile(r"[\dXYZ]\d{7}[A-Z]", re.IGNORECASE), _spanish_number),
    (re.compile(r"\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{4}[01]\d{2}"), luhn),  # ZA
)


def _national(values: Sequence[str]) -> Share:
    hits = 0
    for value in values:
        text = value.replace(" ", "")
        hits += any(p.fullmatch(text) and right(text) for p, right in _NATIONAL)
    return Share(hits, len(values))


def _births(values: Sequence[str]) -> Share:
    """Count dates on which customers can be born, if they span a generation."""
    years = [int(y[0]) for v in values if is_date(v) and (y := _YEAR.search(v))]
    born = [year for year in years if _EARLIEST <= year <= _LATEST]
    spread = bool(born) and max(born) - min(born) >= 2 * 10
    grown = sum(year <= _GROWN_UP for year in born)
    if not spread or len(born) < len(years) or grown < _HALF * len(born):
        return Share(0, len(values))
    return Share(len(born), len(values))


def _pins(values: Sequence[str]) -> Share:
    """Count secret codes: all of one length, most of them different."""
    codes = [value for value in values if _PIN.fullmatch(value)]
    if len({len(code) for code in codes}) != 1 or len(set(codes)) * 2 < len(codes):
        return Share(0, len(values))
    return Share(len(codes), len(values))


def _like(pattern: re.Pattern[str]) -> Callable[[Sequence[str]], Share]:
    def count(values: Sequence[str]) -> Share:
        return Share(sum(pattern.fullmatch(v) is not None for v in values), len(values))

    return count


_CHECKS: tuple[tuple[str, Callable[[Sequence[str]], Share]], ...] = (
    ("card_number", _cards),
    ("bank_account", _accounts),
    ("national_id", _national),
    ("birth_date", _births),
    ("password", _like(_SECRET_HASH)),
    ("health", _like(_BLOOD)),
)
