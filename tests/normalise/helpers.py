"""Short ways to run one normaliser over a few cells."""

from pathlib import Path

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest

from pipeline.normalise.email import normalise_emails
from pipeline.normalise.phone import Policy, Regions, normalise_phones

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def corpus(name):
    """Return the path of a corpus file, or skip where there is no corpus."""
    path = CORPUS / name
    if not path.exists():
        pytest.skip("the shared corpus does not lie beside this checkout")
    return path


def cells(*texts):
    return pa.array(texts, pa.string())


def regions(names, given=True):
    """Return the regions of rows; `given` says whether the rows name them."""
    distinct = tuple(sorted(set(names)))
    ids = np.array([distinct.index(name) for name in names], np.int64)
    flags = np.full(len(names), given, np.bool_)
    return Regions(distinct, ids, flags)


def phones(texts, region="CM", policy=Policy(), given=True):  # noqa: B008 - frozen
    names = [region] * len(texts) if isinstance(region, str) else region
    return normalise_phones(cells(*texts), regions(names, given), policy)


def phone(text, region="CM", policy=Policy()):  # noqa: B008 - frozen
    """Return (number, rules, problem, suggestion, further) of one cell."""
    column = phones([text], region, policy, given=False).column
    return unpack(column)


def email(text, *repairs):
    """Return (address, rules, problem, suggestion, further) of one cell."""
    return unpack(normalise_emails(cells(text), frozenset(repairs)))


def unpack(column):
    problem = column.problems.get(0)
    return (
        column.values[0].as_py(),
        tuple(remark.rule for remark in column.remarks),
        problem.rule if problem else None,
        problem.suggestion if problem else None,
        column.further.get(0, ()),
    )


def library_phone(text, region):
    """Return what phonenumbers alone makes of a cell."""
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def example(region, kind=phonenumbers.PhoneNumberType.MOBILE):
    """Return (calling code, national number) of the library's own example."""
    number = phonenumbers.example_number_for_type(region, kind)
    return str(number.country_code), phonenumbers.national_significant_number(number)
