"""The shared corpus: the columns of other people's tables that are held back, all of them."""

from pathlib import Path

import pytest

from pipeline.errors import PipelineError
from pipeline.read import ReadOptions, open_source
from pipeline.recognise import customer_likeness
from pipeline.recognise.contents import filled
from pipeline.recognise.withheld import kind_of

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(
        not CORPUS.is_dir(), reason="no shared corpus beside the checkout"
    ),
]
RIGHT = {
    ("adventureworks_prospects.psv.csv", "BirthDate"): "birth_date",
    ("adventureworks_prospects.psv.csv", "YearlyIncome"): "salary",
    ("oracle_hr_employees.csv", "salary"): "salary",
    ("senzing_truthset_customers.csv", "DATE_OF_BIRTH"): "birth_date",
    ("senzing_truthset_customers.csv", "PASSPORT_NUMBER"): "national_id",
    ("senzing_truthset_customers.csv", "DRIVERS_LICENSE_NUMBER"): "national_id",
    ("senzing_truthset_customers.csv", "SSN_NUMBER"): "national_id",
    ("senzing_truthset_customers.csv", "NATIONAL_ID_NUMBER"): "national_id",
    ("splink_fake_1000.csv", "dob"): "birth_date",
}
FALSE_ALARMS = {
    ("csvlint.rb__invalid-byte-sequence.csv", "Número do documento"): "national_id",
    ("csvkit__sheets.xlsx", "date"): "birth_date",
    ("csvkit__sheets.xlsx", "datetime"): "birth_date",
    ("csvkit__test_skip_lines.xlsx", "date"): "birth_date",
    ("csvkit__test_skip_lines.xlsx", "datetime"): "birth_date",
}
"""Five of 807 columns: an invoice's number, and three dates between 1920 and 2000."""


def looked_at(folder, spool):
    for file in sorted((CORPUS / folder).iterdir()):
        options = ReadOptions(looks_like_customers=customer_likeness)
        try:
            with open_source(str(file), options, spool_dir=spool) as source:
                cells = source.sample(300).cells
        except PipelineError:
            continue
        for header, column in zip(cells.column_names, cells.columns, strict=True):
            found = kind_of(header, filled(column.to_pylist()))
            yield (file.name, header), found and found[0]


@pytest.mark.slow
def test_only_a_handful_of_columns_is_held_back_for_nothing(tmp_path):
    looks = [
        look
        for folder in ("customers", "csv", "excel")
        for look in looked_at(folder, tmp_path)
        if look[0][0] != "expectations.csv"
    ]
    assert len(looks) > 500
    assert {place: kind for place, kind in looks if kind} == RIGHT | FALSE_ALARMS
