"""Stored phones and e-mails by the rules of today: E.164 form, country, validity."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise.email import normalise_emails
from pipeline.normalise.phone import Regions, normalise_phones
from pipeline.normalise.phonecell import Policy

_LONGEST_CODE = 3


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is known of the phones and e-mails of a batch; columns of its length.

    A number that is possible but not valid has an E.164 form, too: it stands in the
    API. Validity is null where there is nothing to be valid.
    """

    e164: pa.Array
    countries: list[str | None]
    phone_valid: pa.Array
    email_valid: pa.Array


def read_contacts(phones: pa.Array, emails: pa.Array, region: str) -> Contacts:
    """Read stored contacts; numbers without a country code belong to `region`."""
    phones, emails = _filled(phones), _filled(emails)
    strict = _read_phones(phones, region, possible=False)
    doubtful = pc.and_(pc.is_null(strict), pc.is_valid(phones))
    e164 = strict
    if pc.any(doubtful).as_py():
        rest = pc.if_else(doubtful, phones, pa.scalar(None, pa.string()))
        e164 = pc.coalesce(strict, _read_phones(rest, region, possible=True))
    good = normalise_emails(emails, frozenset()).values
    return Contacts(
        e164=e164,
        countries=[number and country_of(number) for number in e164.to_pylist()],
        phone_valid=_judged(phones, strict),
        email_valid=_judged(emails, good),
    )


def _filled(values: pa.Array) -> pa.Array:
    empty = pc.equal(pc.utf8_trim_whitespace(values), "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), values)


def _judged(values: pa.Array, good: pa.Array) -> pa.Array:
    return pc.if_else(
        pc.is_valid(values), pc.is_valid(good), pa.scalar(None, pa.bool_())
    )


def _read_phones(cells: pa.Array, region: str, *, possible: bool) -> pa.Array:
    nowhere = np.zeros(len(cells), np.int64)
    regions = Regions((region,), nowhere, nowhere.astype(np.bool_))
    policy = Policy(allow_possible=possible)
    return normalise_phones(cells, regions, policy).column.values


def country_of(number: str) -> str | None:
    """Return the ISO country of an E.164 number, None where it has none."""
    for length in range(1, _LONGEST_CODE + 1):
        code = int(number[1 : 1 + length])
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code)
        if regions is not None:
            shared = len(regions) > 1 or not regions[0].isalpha()
            return _by_library(number) if shared else regions[0]
    return None


@lru_cache(maxsize=65_536)
def _by_library(number: str) -> str | None:
    region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    return region if region and region.isalpha() else None
