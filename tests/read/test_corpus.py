"""Every file of the shared corpus reads as its expectations say."""

import csv
import json

import pytest

from pipeline.errors import InputError
from schemas.rules import rules

from .conftest import CORPUS, read_whole

pytestmark = pytest.mark.corpus

LENIENT = {
    # One trailing tab a row beyond the header: harmless, and the note says so.
    "openrefine__example-latin1.tsv",
    "openrefine__example-utf16be-bom.tsv",
}


def expectations(part):
    path = CORPUS / part / "expectations.csv"
    if not path.is_file():
        reason = pytest.mark.skip(
            reason="the shared corpus is not beside this checkout"
        )
        return [pytest.param({}, marks=reason, id="absent")]
    with path.open(encoding="utf-8", newline="") as stream:
        return [pytest.param(row, id=row["file"]) for row in csv.DictReader(stream)]


def check_read(expected, found):
    headers = [header.strip() for header in json.loads(expected["headers"])]
    assert len(found.columns) == len(headers)
    for wanted, name in zip(headers, found.columns, strict=True):
        assert not wanted or wanted == name
    assert found.count == int(expected["n_data_rows"])
    ragged = json.loads(expected.get("ragged_row_numbers") or "[]")
    if expected["file"] not in LENIENT:
        assert [record.row for record in found.broken] == ragged
    for name, cells in json.loads(expected["sample_cells"] or "{}").items():
        column = [row[found.columns.index(name)] for row in found.rows]
        for cell in cells:
            assert cell in column


@pytest.mark.parametrize("expected", expectations("csv"))
def test_csv(expected):
    check(expected, CORPUS / "csv" / expected["file"])


@pytest.mark.parametrize("expected", expectations("excel"))
def test_excel(expected):
    check(expected, CORPUS / "excel" / expected["file"])


def said_or_read(path):
    try:
        return read_whole(path)
    except InputError as error:
        return error


def check(expected, path):
    found = said_or_read(path)
    if isinstance(found, InputError):
        assert not expected["verdict"].startswith("read")
        assert found.hint
        assert "\n" not in found.message
        return
    assert set(found.notes) <= set(rules())
    numbers = sorted(found.numbers + [record.row for record in found.broken])
    assert numbers == list(range(1, len(numbers) + 1))
    assert not any("\x00" in (cell or "") for row in found.rows for cell in row)
    if expected["verdict"].startswith("read"):
        check_read(expected, found)
    if expected["verdict"] == "error":
        assert found.count == 0


@pytest.mark.parametrize("expected", expectations("customers"))
def test_customers(expected):
    found = read_whole(CORPUS / "customers" / expected["file"])
    assert found.layout.delimiter == expected["delimiter"]
    assert len(found.columns) == int(expected["n_columns"])
    assert found.count == int(expected["rows"])
    assert len(found.broken) == int(expected["ragged"] or 0)
    for field in ("map_email", "map_phone"):
        assert not expected[field] or expected[field] in found.columns


NAMED = [
    ("frictionless-py__table-infer-iso-8859-7.csv", "iso-8859-7", "name", "Λεωνιδας"),
    ("messytables__characters.csv", "big5", "景點編號", "C1_395000000A_000001"),
    ("pandas__sauron.SHIFT_JIS.csv", "shift_jis", "num", "1"),
]


@pytest.mark.parametrize(("file", "encoding", "column", "cell"), NAMED)
def test_a_named_encoding_overrules(corpus, file, encoding, column, cell):
    found = read_whole(corpus / "csv" / file, encoding=encoding)
    assert found.layout.encoding_evidence == "given"
    assert found.rows[0][found.columns.index(column)] == cell
