"""The quick paths against the libraries, over all regions: not one difference."""

import random

import numpy as np
import phonenumbers
import pyarrow as pa
import pytest
from email_validator import EmailNotValidError, validate_email

from pipeline.normalise.email import fast_emails, normalise_emails
from pipeline.normalise.phonefast import fast_phones
from tests.benchmarks.customers import HEADER, Options, write
from tests.normalise.helpers import library_phone, phones

KINDS = tuple(range(11))


def number_forms(rng, region, examples):
    """Return one number as somebody could type it in a region, good or nearly so."""
    number = rng.choice(examples)
    digits = list(phonenumbers.national_significant_number(number))
    for _ in range(rng.choice((0, 0, 1, 3, 5, 8))):
        digits[-1 - rng.randrange(min(len(digits), rng.choice((4, 7, 12))))] = (
            rng.choice("0123456789")
        )
    if rng.random() < 0.05:
        digits.append(rng.choice("0123456789"))
    if rng.random() < 0.05:
        digits.pop()
    national, code = "".join(digits), str(number.country_code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    prefix = metadata.national_prefix or "0"
    text = rng.choice(
        (
            f"+{code}{national}",
            f"{code}{national}",
            national,
            f"{prefix}{national}",
            f"00{code}{national}",
            f"+{code}{prefix}{national}",
            f"{code}{prefix}{national}",
            f"011{code}{national}",
            f"0{national}",
            f"+{code}(0){national}",
        )
    )
    if rng.random() < 0.6:
        width, sign = rng.randrange(2, 5), rng.choice((" ", "-", ".", "/", ") "))
        text = sign.join(text[i : i + width] for i in range(0, len(text), width))
    return text


def all_regions():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        found = [phonenumbers.example_number_for_type(region, kind) for kind in KINDS]
        yield region, [number for number in found if number]


def differences(seed, each, every=1):
    """Return (cells that differ, cells, certain cells) over all regions."""
    rng = random.Random(seed)
    names = sorted(phonenumbers.SUPPORTED_REGIONS)
    wrong, total, certain = [], 0, 0
    for region, examples in list(all_regions())[::every]:
        texts = [number_forms(rng, region, examples) for _ in range(each)]
        dialled = region if rng.random() < 0.8 else rng.choice(names)
        fast = fast_phones(pa.array(texts), np.zeros(each, np.int64), (dialled,))
        numbers = fast.e164.to_pylist()
        whole = phones(texts, dialled).column
        explained = {r.position for r in whole.remarks if r.rule == "double_zero"}
        for place, text in enumerate(texts):
            total += 1
            expected = library_phone(text, dialled)
            certain += numbers[place] is not None
            differs = numbers[place] is not None and numbers[place] != expected
            final = whole.values[place].as_py()
            if differs or (final != expected and place not in explained):
                wrong.append((text, dialled, numbers[place], final, expected))
    return wrong, total, certain


def test_some_numbers_are_read_as_the_library_reads_them():
    wrong, total, certain = differences(seed=11, each=12, every=6)
    assert wrong == []
    assert certain > 0.3 * total


@pytest.mark.slow
def test_100_000_numbers_are_read_as_the_library_reads_them():
    wrong, total, certain = differences(seed=12, each=410)
    assert wrong == []
    assert total >= 100_000
    assert certain > 0.35 * total


LOCALS = "abcXYZ019.!#$%&'*+-/=?^_`{|}~ \"\\(),:;<>[]é用\u200b\u202e\x00"
DOMAINS = (
    "example.com",
    "EXAMPLE.Com",
    "étude.example.com",
    "xn--tude-9oa.example.com",
    "例子.公司",
    "example.test",
    "example",
    "exa mple.com",
    "-example.com",
    "example-.com",
    "ex..ample.com",
    "example.c",
    "example.123",
    "[127.0.0.1]",
    "exa_mple.com",
    "a" * 63 + ".com",
    "a" * 64 + ".com",
    "a." * 120 + "com",
    "ｅxample.com",
    "example。com",
    "",
)
NAMES = ("info", "INFO", "Postmaster", "jane.doe", "jane", "a" * 64, "a" * 65, "")


def hostile(rng):
    """Return an address as an attacker or a tired person could write it."""
    if rng.random() < 0.5:
        local = rng.choice(NAMES)
    else:
        local = "".join(rng.choice(LOCALS) for _ in range(rng.choice((1, 3, 8, 20))))
    at = rng.choice(("@", "@", "@", "@", "@", "@@", "", "＠", " @"))
    return local + at + rng.choice(DOMAINS)


def library_email(text):
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return found.normalized


def email_differences(seed, count):
    rng = random.Random(seed)
    texts = [hostile(rng) for _ in range(count)]
    fast = fast_emails(pa.array(texts)).to_pylist()
    whole = normalise_emails(pa.array(texts), frozenset())
    explained = {remark.position for remark in whole.remarks}
    finals = whole.values.to_pylist()
    wrong = []
    for place, text in enumerate(texts):
        expected = library_email(text.strip())
        differs = fast[place] is not None and fast[place] != expected
        if differs or (finals[place] != expected and place not in explained):
            wrong.append((text, fast[place], finals[place], expected))
    return wrong, sum(found is not None for found in fast)


def test_some_hostile_addresses_are_read_as_the_library_reads_them():
    wrong, certain = email_differences(seed=13, count=2_000)
    assert wrong == []
    assert certain > 100


@pytest.mark.slow
def test_50_000_hostile_addresses_are_read_as_the_library_reads_them():
    wrong, _ = email_differences(seed=14, count=50_000)
    assert wrong == []


def test_the_generated_file_is_the_same_for_the_same_seed(tmp_path):
    options = Options(rows=1500, copies=0.2)
    write(tmp_path / "a.csv", options)
    write(tmp_path / "b.csv", options)
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert (tmp_path / "b.csv").read_text(encoding="utf-8").splitlines() == lines
    assert lines[0] == ",".join(HEADER)
    assert len(lines) == 1501
    assert 0.1 < 1 - len(set(lines)) / len(lines) < 0.3
