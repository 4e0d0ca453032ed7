"""The shared corpus: its customer tables map as their expectations say."""

import csv
import json
from pathlib import Path

import pytest

from pipeline.recognise import RecogniseOptions, recognise

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not CORPUS.is_dir(), reason="no shared corpus beside the checkout"
    ),
]
NAMES_IN_METADATA = {"MiddleName", "PRIMARY_NAME_ORG"}
"""Parts of a name that stay in metadata: a second given name, a firm."""

WITHHELD = {
    "adventureworks_prospects.psv.csv": ("BirthDate", "YearlyIncome"),
    "oracle_hr_employees.csv": ("salary",),
    "senzing_truthset_customers.csv": (
        "DATE_OF_BIRTH",
        "PASSPORT_NUMBER",
        "DRIVERS_LICENSE_NUMBER",
        "SSN_NUMBER",
        "NATIONAL_ID_NUMBER",
    ),
    "splink_fake_1000.csv": ("dob",),
}


def expectations():
    path = CORPUS / "customers" / "expectations.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def read(name, delimiter):
    with (CORPUS / "customers" / name).open(encoding="utf-8-sig", newline="") as lines:
        header, *rows = list(csv.reader(lines, delimiter=delimiter))
    sample = [
        [cell.strip() or None for cell in column]
        for column in zip(*rows[:300], strict=False)
    ]
    return [name.strip() for name in header], sample


@pytest.mark.parametrize("wanted", expectations(), ids=lambda row: row["file"])
def test_a_customer_table_maps_as_expected(wanted):
    headers, sample = read(wanted["file"], wanted["delimiter"])

    columns = recognise(
        headers, sample, RecogniseOptions(region=wanted["guess_region"])
    ).columns

    names = {columns.name, columns.first_name, columns.last_name} - {None}
    assert names == set(json.loads(wanted["map_name"])) - NAMES_IN_METADATA
    assert columns.emails == tuple(filter(None, [wanted["map_email"]]))
    assert columns.phones == tuple(filter(None, [wanted["map_phone"]]))
    assert columns.country == (wanted["country_column"] or None)
    assert columns.withheld == WITHHELD.get(wanted["file"], ())
