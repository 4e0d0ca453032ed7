"""Stored phone numbers as E.164 text and country, decided by phonenumbers."""

from collections.abc import Sequence
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat

Read = tuple[str | None, str | None]
_NOTHING: Read = (None, None)


class Phones:
    """Reads stored numbers; those without a country code belong to `region`."""

    def __init__(self, region: str) -> None:
        self._read = lru_cache(maxsize=4096)(self._look)
        self._region = region

    def __call__(self, values: Sequence[str | None]) -> list[Read]:
        """Return (E.164, country) for each value, nothing where it is no number."""
        return [_NOTHING if value is None else self._read(value) for value in values]

    def _look(self, value: str) -> Read:
        try:
            number = phonenumbers.parse(value, self._region)
        except phonenumbers.NumberParseException:
            return _NOTHING
        if not phonenumbers.is_possible_number(number):
            return self._bare(value)
        e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        return e164, phonenumbers.region_code_for_number(number) or _main(number)

    def _bare(self, value: str) -> Read:
        """Read digits that lost their plus, as an integer has."""
        return (
            self._look(f"+{value}") if value.isascii() and value.isdigit() else _NOTHING
        )


def _main(number: phonenumbers.PhoneNumber) -> str | None:
    region = phonenumbers.region_code_for_country_code(number.country_code)
    return region if len(region) == 2 and region.isalpha() else None  # noqa: PLR2004
