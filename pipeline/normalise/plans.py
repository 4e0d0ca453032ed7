"""Numbering plans, read at run time from the installed phonenumbers metadata.

They answer only what is certain; whatever is not stays with the library itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import phonenumbers
import pyarrow as pa
from phonenumbers import PhoneMetadata, PhoneNumberDesc

from pipeline.normalise.textarrays import Bools, Ints, matches

_TYPES = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
)


@dataclass(frozen=True, slots=True)
class Patterns:
    """Patterns of one region for one length of the national number."""

    general: str
    any_type: str
    leading_digits: str | None
    fixed: str | None
    mobile: str | None


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """How a number is dialled inside one region."""

    region: str
    calling_code: int
    idd: str
    prefix: str
    prefix_regex: re.Pattern[str] | None
    prefix_pattern: str
    transform: str
    general: str
    longest: int


def _whole(patterns: list[str]) -> str | None:
    return "^(?:" + "|".join(f"(?:{p})" for p in patterns) + ")$" if patterns else None


def _of_length(
    metadata: PhoneMetadata, names: tuple[str, ...], length: int
) -> str | None:
    found = []
    for name in names:
        desc = getattr(metadata, name)
        if desc is None or not desc.national_number_pattern:
            continue
        if not desc.possible_length or length in desc.possible_length:
            found.append(desc.national_number_pattern)
    return _whole(found)


def _general(metadata: PhoneMetadata) -> PhoneNumberDesc:
    assert metadata.general_desc is not None  # every region has one
    return metadata.general_desc


def _patterns(metadata: PhoneMetadata, length: int) -> Patterns | None:
    general = _general(metadata)
    possible = set(general.possible_length) - set(general.possible_length_local_only)
    any_type = _of_length(metadata, _TYPES, length)
    if length not in possible or any_type is None:
        return None
    leading = metadata.leading_digits
    return Patterns(
        general=f"^(?:{general.national_number_pattern})$",
        any_type=any_type,
        leading_digits=f"^(?:{leading})" if leading else None,
        fixed=_of_length(metadata, ("fixed_line",), length),
        mobile=_of_length(metadata, ("mobile",), length),
    )


@cache
def region_plan(region: str) -> RegionPlan | None:
    """Return the plan of an ISO region; None where the library knows none."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        return None
    prefix = metadata.national_prefix_for_parsing or ""
    return RegionPlan(
        region=region,
        calling_code=metadata.country_code or 0,
        idd=metadata.international_prefix or "",
        prefix=prefix if prefix.isdigit() else "",
        prefix_regex=re.compile(prefix) if prefix and not prefix.isdigit() else None,
        prefix_pattern=f"^(?:{prefix})",
        transform=metadata.national_prefix_transform_rule or "",
        general=f"^(?:{_general(metadata).national_number_pattern})$",
        longest=max(_general(metadata).possible_length),
    )


@cache
def main_plan(calling_code: int) -> RegionPlan | None:
    """Return the plan that rules numbers written with `calling_code`."""
    return region_plan(phonenumbers.region_code_for_country_code(calling_code))


@cache
def code_patterns(calling_code: int, length: int) -> tuple[Patterns, ...] | None:
    """Return the patterns of every region of a calling code for one length.

    None where no region has numbers of that length.
    """
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ())
    found = []
    for region in regions:
        metadata = PhoneMetadata.metadata_for_region(region, None)
        patterns = _patterns(metadata, length) if metadata else None
        if patterns is not None:
            found.append(patterns)
        elif metadata is not None and metadata.leading_digits:
            return None  # the library stops at this region: leave it to the library
    return tuple(found) or None


_FEW = 50
"""Below this a Python loop is always quicker than Arrow's way."""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def fits(numbers: pa.StringArray, pattern: str) -> Bools:
    """Return where an anchored `pattern` of digits matches.

    Arrow compiles the pattern anew each time, which takes about as long as trying one
    number in Python for each of its signs.
    """
    if len(numbers) > max(_FEW, len(pattern)):
        return matches(numbers, pattern)
    match = _compiled(pattern).match
    found = [match(number) is not None for number in numbers.to_pylist()]
    return np.array(found, np.bool_)


def certain(numbers: pa.StringArray, calling_code: int, length: int) -> Bools:
    """Return where national numbers, all of one `length`, are surely valid.

    A region that is known by its leading digits claims every number that begins with
    them, so such a number has to be valid in that very region.
    """
    valid = np.zeros(len(numbers), np.bool_)
    refused = np.zeros(len(numbers), np.bool_)
    for patterns in code_patterns(calling_code, length) or ():
        good = fits(numbers, patterns.any_type) & fits(numbers, patterns.general)
        if patterns.leading_digits is not None:
            claimed = fits(numbers, patterns.leading_digits)
            refused |= claimed & ~good
            good &= claimed
        valid |= good
    result: Bools = valid & ~refused
    return result


def landlines(numbers: pa.StringArray, calling_code: int, length: int) -> Bools:
    """Return which valid national numbers are fixed lines and not mobile ones."""
    fixed = np.zeros(len(numbers), np.bool_)
    mobile = np.zeros(len(numbers), np.bool_)
    for patterns in code_patterns(calling_code, length) or ():
        if patterns.fixed:
            fixed |= fits(numbers, patterns.fixed)
        if patterns.mobile:
            mobile |= fits(numbers, patterns.mobile)
    result: Bools = fixed & ~mobile
    return result


@cache
def calling_codes() -> tuple[Ints, Mapping[int, str]]:
    """Return the code that each three leading digits stand for (0: none), and names."""
    table = np.zeros(1000, np.int64)
    names = {}
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        if regions == ("001",):
            continue
        text = str(code)
        span = 10 ** (3 - len(text))
        table[code * span : (code + 1) * span] = code
        names[code] = text
    return table, MappingProxyType(names)
