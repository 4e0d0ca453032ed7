"""The workbooks in LibreOffice, which reckons every formula anew."""

import shutil
import subprocess

import openpyxl
import pytest

from tests.export.fakes import FakeApi
from tests.export.test_export import rows_of, run
from tests.export.test_finance import PAYMENTS

OFFICE = shutil.which("soffice")
ALWAYS_RECKON = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed here"),
]


def converted(path, folder):
    """Return the workbook as LibreOffice saves it after reckoning everything anew."""
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECKON)
    out = folder / "converted"
    subprocess.run(
        [
            OFFICE,
            f"-env:UserInstallation=file://{profile}",
            "--headless",
            "--convert-to",
            "xlsx",
            "--outdir",
            out,
            path,
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return out / path.name


def sheet(path, name, *, values):
    book = openpyxl.load_workbook(path, data_only=values)
    found = [[cell.value for cell in row] for row in book[name].iter_rows()]
    book.close()
    return found


@pytest.mark.parametrize(("lang", "totals"), [("en", "Totals"), ("fr", "Totaux")])
def test_formulas_and_numbers_survive(tmp_path, lang, totals):
    result = run(
        FakeApi(payments=PAYMENTS),
        tmp_path / "exports",
        what="payments",
        month="2026-10",
        xlsx=True,
        lang=lang,
    )
    path = tmp_path / "exports" / "e1" / "finance" / "payments-2026-10.xlsx"
    saved = converted(path, tmp_path)
    reckoned = sheet(saved, totals, values=True)
    formulas = sheet(saved, totals, values=False)
    assert reckoned == sheet(path, totals, values=True)
    kept = [cell for row in formulas for cell in row if str(cell).startswith("=")]
    assert len(kept) == (3 + 2) * 4
    lines = [row for row in reckoned if row[0] in ("XAF", "EUR") and row[3]]
    sums = result.manifest["tables"]["payments"]["sums"]
    assert {(row[0], row[2]): (row[4], str(row[5])) for row in lines} == {
        (currency, status): (told["payments"], told["amount"])
        for currency, each in sums.items()
        for status, told in each.items()
    }
    months = [
        row for row in rows_of(result, "reports") if row.get("basis") == "created"
    ]
    assert sum(row["amount"] for row in months if row["currency"] == "XAF") == sum(
        row[5] for row in lines if row[0] == "XAF"
    )
