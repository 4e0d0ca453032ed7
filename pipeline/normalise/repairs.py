"""Repairs of phone numbers: what a number that is wrong probably was meant to be.

A repair is an offer. It is applied only where the sender's settings name its rule,
and offered only where phonenumbers finds the outcome valid.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumber

REPAIRS = (
    "cm_8_to_9",
    "ci_8_to_10",
    "bj_8_to_10",
    "mx_1_dropped",
    "leading_zero_lost",
    "letter_o",
    "glued_numbers",
    "lost_plus",
)
"""Names of the phone repairs, in the order in which they are tried."""

SUPERSEDED: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        "CM": frozenset({8}),
        "CI": frozenset({8}),
        "BJ": frozenset({8}),
        "MX": frozenset({11}),
    }
)
"""Lengths of national numbers under plans that are no longer in force."""

_CI_MOBILE = MappingProxyType(
    dict.fromkeys("0123", "01")
    | dict.fromkeys("456", "05")
    | dict.fromkeys("789", "07")
)
_CI_FIXED = MappingProxyType({"8": "21", "0": "25"})
_OLD_LENGTH = 8
_MIN_LOST_PLUS = 10
_TWO_NUMBERS = 16
_LETTER_O = re.compile(
    r"(?<=[\d\s.\-()])[oO](?=[\d\s.\-()oO]|$)|(?<=\+)[oO]|^[oO](?=\d)"
)


class Offer(NamedTuple):
    """A repair to try: it stands where `text`, dialled from `region`, is valid.

    `also` is a second number that has to be valid too.
    """

    rule: str
    text: str
    region: str
    also: str | None = None


def e164(number: PhoneNumber) -> str:
    """Return a parsed number as `+` and digits."""
    text: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return text


def upgrade(national: str, region: str) -> tuple[str, str] | None:
    """Return (rule, national number) under the plan of today for an old number.

    Cameroon 2014: mobile 6, fixed 2 in front. Cote d'Ivoire 2021: the operator's two
    digits, told by the second digit of a mobile and the third of a fixed number.
    Benin 2024: 01 in front. Mexico 2019: the 1 of mobiles dropped.
    """
    if region == "MX" and len(national) == 11 and national.startswith("1"):  # noqa: PLR2004 - ten and the 1
        return "mx_1_dropped", national[1:]
    if len(national) != _OLD_LENGTH:
        return None
    if region == "CM":
        return "cm_8_to_9", ("2" if national[0] in "23" else "6") + national
    if region == "BJ":
        return "bj_8_to_10", "01" + national
    if region == "CI":
        is_fixed = national[0] in "23"
        lead = _CI_FIXED.get(national[2], "27") if is_fixed else _CI_MOBILE[national[1]]
        return "ci_8_to_10", lead + national
    return None


def offers(text: str, region: str, number: PhoneNumber | None) -> Iterator[Offer]:
    """Yield what `text` could have been meant to be, the likeliest first.

    `number` is what phonenumbers parsed from `text`, None where it could not.
    """
    if _LETTER_O.search(text):  # the digits that are left would mean nothing
        yield Offer("letter_o", _LETTER_O.sub("0", text), region)
        return
    if number is not None:
        yield from _old_plans(number)
    digits = re.sub(r"\D", "", text)
    has_plus = text.startswith("+")
    if number is not None and not has_plus:
        yield from _zero_lost(digits, region)
    yield from _glued(text, digits, region)
    is_long = len(digits) >= _MIN_LOST_PLUS and not digits.startswith("0")
    if is_long and not has_plus:
        yield Offer("lost_plus", "+" + digits, region)


def _old_plans(number: PhoneNumber) -> Iterator[Offer]:
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    if region not in SUPERSEDED:
        return
    upgraded = upgrade(phonenumbers.national_significant_number(number), region)
    if upgraded is not None:
        rule, national = upgraded
        yield Offer(rule, f"+{number.country_code}{national}", region)


def _zero_lost(digits: str, region: str) -> Iterator[Offer]:
    code = phonenumbers.country_code_for_region(region)
    if code and not digits.startswith("0"):
        yield Offer("leading_zero_lost", f"+{code}0{digits}", region)


def _glued(text: str, digits: str, region: str) -> Iterator[Offer]:
    """Two numbers written without anything between: split at the plus or in halves."""
    parts = [part for part in text.split("+") if part.strip()]
    if text.count("+") > 1 and len(parts) > 1:
        yield Offer("glued_numbers", "+" + parts[0], region)
        return
    half = len(digits) // 2
    if len(digits) >= _TWO_NUMBERS and len(digits) == 2 * half:
        first, second = digits[:half], digits[half:]
        yield Offer("glued_numbers", first, region, second)
        yield Offer("glued_numbers", "+" + first, region, "+" + second)
