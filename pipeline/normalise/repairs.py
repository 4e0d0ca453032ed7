"""Repairs of phone numbers: what a number that is wrong probably was meant to be.

A repair is an offer. It is applied only where the sender's settings name its rule,
and offered only where phonenumbers finds the outcome valid.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

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
_LETTER_O = re.compile(
    r"(?<=[\d\s.\-()])[oO](?=[\d\s.\-()oO]|$)|(?<=\+)[oO]|^[oO](?=\d)"
)

Parse = Callable[[str, str], str | None]
"""Text and region to the E.164 form of a valid number, else None."""


def parse_valid(text: str, region: str) -> str | None:
    """Return the E.164 form of `text` where phonenumbers finds it valid."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return e164(number) if phonenumbers.is_valid_number(number) else None


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
    if region == "MX" and len(national) == 11 and national.startswith("1"):  # noqa: PLR2004
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


def offers(
    text: str, region: str, number: PhoneNumber | None
) -> Iterator[tuple[str, str]]:
    """Yield (rule, E.164) for every repair of `text` that gives a valid number.

    `number` is what phonenumbers parsed from `text`, None where it could not.
    """
    for rule, candidate, within in _candidates(text, region, number):
        found = parse_valid(candidate, within)
        if found is not None:
            yield rule, found


def _candidates(
    text: str, region: str, number: PhoneNumber | None
) -> Iterator[tuple[str, str, str]]:
    if _LETTER_O.search(text):  # the digits that are left would mean nothing
        yield "letter_o", _LETTER_O.sub("0", text), region
        return
    if number is not None:
        yield from _old_plans(number)
    digits = re.sub(r"\D", "", text)
    if number is not None and not text.startswith("+"):
        yield from _zero_lost(digits, region)
    yield from _glued(text, digits, region)
    if (
        not text.startswith("+")
        and len(digits) >= _MIN_LOST_PLUS
        and not digits.startswith("0")
    ):
        yield "lost_plus", "+" + digits, region


def _old_plans(number: PhoneNumber) -> Iterator[tuple[str, str, str]]:
    region = phonenumbers.region_code_for_country_code(number.country_code)
    if region not in SUPERSEDED:
        return
    upgraded = upgrade(phonenumbers.national_significant_number(number), region)
    if upgraded is not None:
        yield upgraded[0], f"+{number.country_code}{upgraded[1]}", region


def _zero_lost(digits: str, region: str) -> Iterator[tuple[str, str, str]]:
    code = phonenumbers.country_code_for_region(region)
    if code and not digits.startswith("0"):
        yield "leading_zero_lost", f"+{code}0{digits}", region


def _glued(text: str, digits: str, region: str) -> Iterator[tuple[str, str, str]]:
    """Two numbers written without anything between: split at the plus or in halves."""
    parts = [part for part in text.split("+") if part.strip()]
    if text.count("+") > 1 and len(parts) > 1:
        yield "glued_numbers", "+" + parts[0], region
        return
    half = len(digits) // 2
    if len(digits) >= 16 and len(digits) == 2 * half:  # noqa: PLR2004 - two of 8
        first, second = digits[:half], digits[half:]
        if parse_valid(second, region) or parse_valid("+" + second, region):
            yield "glued_numbers", first, region
            yield "glued_numbers", "+" + first, region
