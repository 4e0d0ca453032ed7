"""Stored phones and e-mails by the rules of today: E.164 form, country, validity.

Cell by cell and without Arrow's own constructors, since those import pandas, which
would be a sixth of the memory of an export.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from pipeline.normalise import emailcell, phonecell, plans
from pipeline.normalise.phonecell import Policy

_LONGEST_CODE = 3
_CODES = {str(code): code for code in COUNTRY_CODE_TO_REGION_CODE}
_PLAIN = re.compile(r"\+([1-9]\d{6,14})", re.ASCII)
_POSSIBLE = Policy(allow_possible=True)
_NO_REPAIRS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Phone:
    """What is known of one stored phone.

    A number that is possible but not valid has an E.164 form, too: it stands in the
    API. `country` is its ISO country, where it has one.
    """

    e164: str | None
    country: str | None
    is_valid: bool


@dataclass(frozen=True, slots=True)
class _Range:
    """Numbers of one country's own calling code and of one length."""

    country: str
    patterns: tuple[re.Pattern[str], ...]
    prefix: re.Pattern[str] | None

    def holds(self, national: str) -> bool:
        """Say whether `national` is certainly valid as it stands."""
        if self.prefix is not None and self.prefix.match(national):
            return False
        return all(pattern.match(national) for pattern in self.patterns)


def read_phones(cells: Iterable[str | None], region: str) -> list[Phone | None]:
    """Read stored phones; those without a country code are read as of `region`.

    None where there is nothing to read.
    """
    return [_phone(cell, region) if cell else None for cell in cells]


def are_good_emails(cells: Iterable[str | None]) -> list[bool | None]:
    """Say of each stored e-mail whether it is valid, None where there is none."""
    return [_is_email(cell) if cell and cell.strip() else None for cell in cells]


def _phone(cell: str, region: str) -> Phone | None:
    found = _PLAIN.fullmatch(cell)
    country = _certain_country(found[1]) if found else None
    if country is not None:
        return Phone(cell, country, is_valid=True)
    return _read(cell, region) if cell.strip() else None


def _certain_country(digits: str) -> str | None:
    """Return the country of an international number that is certainly valid."""
    for length in range(1, _LONGEST_CODE + 1):
        code = _CODES.get(digits[:length])
        if code is not None:
            national = digits[length:]
            known = _range(code, len(national))
            return known.country if known and known.holds(national) else None
    return None


@cache
def _range(code: int, length: int) -> _Range | None:
    """Return the numbers of that length; None where the library must be asked."""
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    patterns = plans.code_patterns(code, length)
    plan = plans.main_plan(code)
    if len(regions) > 1 or not regions[0].isalpha() or not patterns or not plan:
        return None
    texts = [p for each in patterns for p in (each.any_type, each.general)]
    prefix = re.compile(plan.prefix) if plan.prefix else plan.prefix_regex
    return _Range(regions[0], tuple(map(re.compile, texts)), prefix)


@lru_cache(maxsize=16_384)
def _read(cell: str, region: str) -> Phone:
    """Read a cell as an import does; the library decides."""
    reading = phonecell.clean(cell)
    if reading.problem is None:
        phonecell.ask_library(reading, region, _POSSIBLE)
    if reading.e164 is None:
        return Phone(None, None, is_valid=False)
    is_valid = "phone_possible_only" not in reading.rules
    return Phone(reading.e164, country_of(reading.e164), is_valid)


def country_of(number: str) -> str | None:
    """Return the ISO country of an E.164 number, None where it has none."""
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return region if region and region.isalpha() else _of_code(number)


def _of_code(number: str) -> str | None:
    """Return the country of a number that is not valid, where its code has only one."""
    code = phonenumbers.parse(number).country_code
    regions = COUNTRY_CODE_TO_REGION_CODE.get(code or 0, ())
    return regions[0] if len(regions) == 1 and regions[0].isalpha() else None


def _is_email(cell: str) -> bool:
    if emailcell.certain(cell) is not None:
        return True
    return emailcell.read_email(cell, _NO_REPAIRS).email is not None
