"""Columns whose values look like something that must not leave by accident."""

import re
from collections.abc import Callable, Sequence

from pipeline.recognise.births import births
from pipeline.recognise.contents import Share, luhn
from pipeline.recognise.national import holds_french_number, national, taxes
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
_USUAL = 5
_STANDS_ALONE = re.compile(r"(?<![\w+.\-])\d(?:[ \-.]?\d){12,18}(?![\w\-])")
"""A number as long as a card's that is no piece of a UUID or of another code."""


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
    """Say whether cells of a recognised column hold a secret all the same."""
    looks = (_cards, _accounts, national, taxes)
    return any(count(values).most for count in looks)


def has_order_numbers(values: Sequence[str]) -> bool:
    """Say whether numbers as long as a card's are usual here, and no cards: orders."""
    share = _cards(values)
    return share.filled >= _USUAL and not share.most


def secret_in(value: str) -> str | None:
    """Return the kind of secret that stands in one cell, beyond doubt; else None.

    Only what carries a check of its own: cards, accounts, French national numbers.
    """
    if _STANDS_ALONE.search(value) and _cards((value,)).hits:
        return "card_number"
    if _accounts((value,)).hits:
        return "bank_account"
    return "national_id" if holds_french_number(value) else None


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
    ("national_id", national),
    ("tax_number", taxes),
    ("birth_date", births),
    ("password", _like(_SECRET_HASH)),
    ("health", _like(_BLOOD)),
)
