"""What the values of a column look like, where its header does not say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import phonenumbers

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")
_PHONE = re.compile(r"(?:tel:)?[+(]?\d[\d\s().\-/]{6,20}", re.IGNORECASE)
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})\b.*"
)
_NUMBER = re.compile(r"[+\-]?\d[\d\s.,]*")
_YES_NO = frozenset(
    {"yes", "no", "y", "n", "true", "false", "1", "0", "oui", "non", "vrai", "faux"}
    | {"sí", "si", "sim", "não", "nao", "ja", "nein", "نعم", "لا"}
)
_ENOUGH = 0.6
_ALL_BUT_FEW = 0.9
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a column's filled cells look like something."""

    hits: int
    filled: int

    @property
    def most(self) -> bool:
        """Say whether more than 60 % do."""
        return self.filled > 0 and self.hits / self.filled > _ENOUGH

    def __str__(self) -> str:
        return f"{self.hits} of {self.filled} values"


def filled(values: Sequence[str | None]) -> list[str]:
    """Return the trimmed cells that are not blank."""
    return [text for value in values if value is not None and (text := value.strip())]


def like_emails(values: Sequence[str]) -> Share:
    """Count the values that are written like an e-mail address."""
    return Share(
        sum(_EMAIL.fullmatch(value) is not None for value in values), len(values)
    )


def like_phones(values: Sequence[str], region: str) -> Share:
    """Count the values that are phone numbers of their country, dates left out.

    A column that repeats few values (amounts) counts as none, and so does one that
    counts upwards (ids) unless nearly every value is a number that can be called.
    """
    share = Share(sum(_is_phone(value, region) for value in values), len(values))
    amounts = len(set(values)) * 2 < len(values)
    ids = share.hits < _ALL_BUT_FEW * share.filled and _counts_upwards(values)
    return Share(0, len(values)) if amounts or ids else share


def like_numbers(values: Sequence[str]) -> Share:
    """Count the values that are plain numbers."""
    return Share(
        sum(_NUMBER.fullmatch(value) is not None for value in values), len(values)
    )


def says_yes_or_no(values: Sequence[str]) -> bool:
    """Say whether a column answers a question instead of holding a contact."""
    answers = sum(value.casefold() in _YES_NO for value in values)
    return bool(values) and answers >= _ALL_BUT_FEW * len(values)


def holds_no_phone(values: Sequence[str]) -> bool:
    """Say whether hardly a value has digits enough for a phone's number."""
    short = sum(sum(mark.isdecimal() for mark in value) < _FEWEST for value in values)
    return bool(values) and short >= _ALL_BUT_FEW * len(values)


def is_date(value: str) -> bool:
    """Say whether a value is written like a calendar date."""
    return _DATE.fullmatch(value) is not None


def luhn(digits: str) -> bool:
    """Say whether a row of digits ends in its right Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - a two-digit product
    return total % 10 == 0


def _is_phone(value: str, region: str) -> bool:
    if not _PHONE.fullmatch(value) or is_date(value):
        return False
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)


def _counts_upwards(values: Sequence[str]) -> bool:
    numbers = [int(value) for value in values if value.isdecimal()]
    steps = [after - before for before, after in pairwise(numbers)]
    return len(steps) > 1 and sum(step == 1 for step in steps) > len(steps) / 2
