"""The sample files are what their script writes, and show what their README says."""

import csv
import io
import re
import runpy
import sys
from pathlib import Path

import openpyxl
import phonenumbers
import pytest
from email_validator import validate_email

from pipeline.normalise.emailcell import REPAIRS as EMAIL_REPAIRS
from pipeline.prepare import Recipe, prepare
from pipeline.read import ReadOptions, open_source
from pipeline.recognise import recognise
from schemas.rules import rules

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parents[1] / "sample_data"
NOT_SHOWN = {
    "bj_8_to_10": "needs a number of Benin",
    "ci_8_to_10": "needs a number of Côte d'Ivoire",
    "mx_1_dropped": "needs a number of Mexico",
    "leading_zero_lost": "needs a number of Côte d'Ivoire or Italy",
    "landline": "needs a Cameroonian landline",
    "vanity_letters": "no test number can be written in letters",
    "email_disposable": "those domains receive mail",
    "email_typo_domain": "those domains receive mail",
    "phone_possible_only": "only with --allow-possible",
    "repair_applied": "only with --repair",
    "phone_no_region": "only without a default country",
    "phone_wrong_length": "no number of the fiction ranges is of such a length",
    "email_invalid": "for what no other rule names",
    "email_ip_literal": "an address book holds none",
    "region_assumed": "said of a whole file",
    "contact_left_out": "a part of other messages",
    "test_number": "only with a test key",
    "column_guessed": "the headers say all",
    "name_column_missing": "the headers say all",
}
"""Rules of cleaning, validating and recognising that no row shows, and why."""

PHONE = re.compile(r"(?:\+237|00237|237)?6[789]0000\d{3}|(?:\+33|\+44)\d+|\+999\d+")


@pytest.fixture(scope="session")
def script():
    sys.path.insert(0, str(HERE))
    try:
        return runpy.run_path(str(HERE / "make_samples.py"))
    finally:
        sys.path.remove(str(HERE))


@pytest.fixture(scope="session")
def written(script, tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    script["write"](folder)
    return folder


@pytest.mark.parametrize(
    "name",
    ["customers.csv", "customers-cp1252.csv", "customers-update.csv", "README.md"],
)
def test_the_files_are_what_the_script_writes(written, name):
    assert (SAMPLES / name).read_bytes() == (written / name).read_bytes()


def test_the_workbook_holds_what_the_script_writes(written):
    def cells(path):
        book = openpyxl.load_workbook(path)
        return {sheet.title: list(sheet.values) for sheet in book}

    assert cells(SAMPLES / "customers.xlsx") == cells(written / "customers.xlsx")


def rows_of(name, encoding="utf-8-sig"):
    text = (SAMPLES / name).read_text(encoding=encoding)
    return list(csv.DictReader(io.StringIO(text)))


def staged(name):
    source = open_source(str(SAMPLES / name), ReadOptions())
    sample = [column.to_pylist() for column in source.sample(300).cells.columns]
    recognition = recognise(source.layout.columns, sample)
    recipe = Recipe(columns=recognition.columns, region="CM", lang="en")
    parts = [prepare(chunk, recipe) for chunk in source.chunks(100_000)]
    findings = [finding for part in parts for finding in part.findings]
    return recognition, parts, findings + recognition.findings("en")


def test_nobody_can_be_reached():
    numbers, addresses = set(), set()
    for name in ("customers.csv", "customers-update.csv"):
        _, parts, _ = staged(name)
        for part in parts:
            numbers |= set(part.rows["phone"].to_pylist()) - {None}
            addresses |= set(part.rows["email"].to_pylist()) - {None}

    assert {n for n in numbers if not re.fullmatch(r"\+2376[789]0000\d{3}", n)} == set()
    assert {
        a for a in addresses if not re.search(r"[@.]example\.(com|org|net)$", a)
    } == set()
    for address in addresses:
        validate_email(address, check_deliverability=False)


def test_no_cell_holds_a_number_of_anybody():
    for row in (*rows_of("customers.csv"), *rows_of("customers-update.csv")):
        for column in ("Téléphone", "Autre téléphone"):
            for found in phonenumbers.PhoneNumberMatcher(row[column], "CM"):
                number = found.number
                national = phonenumbers.national_significant_number(number)
                assert (number.country_code, national[:6]) in {
                    (237, block) for block in ("670000", "680000", "690000")
                }


def test_fiction_ranges_are_in_no_range_in_use():
    """Should phonenumbers ever take them, the README has to say so."""
    for text in ("+33639981234", "+447700900123"):
        assert not phonenumbers.is_valid_number(phonenumbers.parse(text))


def test_every_rule_is_shown_or_named_with_a_reason():
    stages = {"cleaning", "validation", "recognising"}
    known = {rule.name for rule in rules().values() if rule.stage in stages}

    shown = {finding.rule for finding in staged("customers.csv")[2]}

    assert known - shown - {"ragged_row"} == set(NOT_SHOWN) & known
    assert set(NOT_SHOWN) <= known | set(EMAIL_REPAIRS)


def test_each_row_shows_what_the_readme_says(script):
    _, parts, findings = staged("customers.csv")
    seen = {}
    for finding in findings:
        seen.setdefault(finding.row, set()).add(finding.rule)
    for part in parts:
        for rejected in part.rejected.to_pylist():
            seen.setdefault(rejected["row"], set()).add(rejected["rule"])

    _, shown = script["customers"]()

    for one in shown:
        promised = set(re.findall(r"`([a-z_0-9]+)`", one.shows)) - {"veto"}
        assert promised <= seen.get(one.row, set()), one


def test_most_rows_are_good_and_the_guard_stays_still():
    _, parts, _ = staged("customers.csv")
    good = sum(part.rows.num_rows for part in parts)
    bad = sum(part.rejected.num_rows for part in parts)

    assert (good, bad) == (300, 19)
    assert 0.05 < bad / (good + bad) < 0.08


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("customers-cp1252.csv", 300, 19),
        ("customers.xlsx", 301, 18),
        ("customers-update.csv", 30, 0),
    ],
)
def test_the_other_files_tell_the_same(name, good, bad):
    recognition, parts, _ = staged(name)

    assert sum(part.rows.num_rows for part in parts) == good
    assert sum(part.rejected.num_rows for part in parts) == bad
    assert recognition.columns == staged("customers.csv")[0].columns
