"""The workbook and CSV files that finance opens."""

import csv
import json

import openpyxl
import pytest

from tests.export.fakes import FakeApi, payment
from tests.export.test_export import rows_of, run

PAYMENTS = [
    payment(
        1,
        created_at="2026-09-30T23:30:00Z",
        channel="cm.mtn",
        completed_at="2026-11-01T00:00:00Z",
    ),
    payment(
        2,
        created_at="2026-10-31T22:00:00Z",
        channel="cm.orange",
        status="pending",
        fee=None,
    ),
    payment(
        3,
        created_at="2026-10-05T22:00:00Z",
        channel="cm.mtn",
        description="=1+1",
        amount=1500,
    ),
    payment(
        4, created_at="2026-10-05T22:00:00Z", amount=-5, currency="EUR", status="weird"
    ),
    payment(5, created_at="2026-10-06T22:00:00Z", sandbox=1),
    payment(6, created_at="2026-11-01T00:30:00Z"),
]


def cells(path, sheet, *, data_only=False):
    book = openpyxl.load_workbook(path, data_only=data_only)
    found = [[cell.value for cell in row] for row in book[sheet].iter_rows()]
    book.close()
    return found


def test_workbook_report_and_manifest_agree_to_the_franc(tmp_path):
    result = run(
        FakeApi(payments=PAYMENTS),
        tmp_path,
        what="payments",
        month="2026-10",
        xlsx=True,
    )
    path = tmp_path / "e1" / "finance" / "payments-2026-10.xlsx"
    lines = cells(path, "Totals", data_only=True)
    assert lines[0][0] == "Payments 2026-10"
    assert lines[1][0] == "PROVISIONAL: 1 payments are still pending"
    head = next(i for i, line in enumerate(lines) if line[0] == "Currency")
    told = {
        (line[0], line[2]): (line[4], line[5]) for line in lines[head + 1 :] if line[3]
    }
    assert told == {
        ("EUR", "weird"): (1, -5),
        ("XAF", "complete"): (2, 2501),
        ("XAF", "pending"): (1, 1002),
    }
    sums = result.manifest["tables"]["payments"]["sums"]
    assert {
        (c, s): (e["payments"], int(e["amount"]))
        for c, each in sums.items()
        for s, e in each.items()
    } == told
    months = [
        row for row in rows_of(result, "reports") if row.get("basis") == "created"
    ]
    by_status = {}
    for row in months:
        key = (row["currency"], row["status"])
        before = by_status.get(key, (0, 0))
        by_status[key] = (before[0] + row["payments"], before[1] + int(row["amount"]))
    assert by_status == told
    formulas = cells(path, "Totals")[head + 1]
    assert formulas[4].startswith("=COUNTIFS('Detail'!$F$2:$F$5,$A")
    assert [row[0] for row in cells(path, "Pending")[1:]] == ["trx.00002"]
    assert [row[1] for row in cells(path, "Anomalies")[1:]] == [
        "amount_implausible",
        "unknown_status",
    ]
    assert (
        next(row for row in cells(path, "Detail") if row[0] == "trx.00001")[3]
        == "2026-10-01 00:30:00"
    )


def test_csv_in_french_with_guarded_cells(tmp_path):
    run(
        FakeApi(payments=PAYMENTS),
        tmp_path,
        what="payments",
        month="2026-10",
        csv=True,
        lang="fr",
    )
    folder = tmp_path / "e1" / "finance"
    text = (folder / "payments-2026-10.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    assert [row["Référence"] for row in rows] == [
        "trx.00001",
        "trx.00003",
        "trx.00004",
        "trx.00002",
    ]
    assert [row["Montant"] for row in rows] == ["1001", "1500", "-5", "1002"]
    assert rows[1]["Description"] == "'=1+1"
    assert rows[3]["Frais"] == ""
    assert (folder / "payments-2026-10.csv").stat().st_mode & 0o777 == 0o600


def test_a_month_that_is_not_over_is_provisional(tmp_path):
    run(
        FakeApi(payments=PAYMENTS[5:]),
        tmp_path,
        what="payments",
        month="2026-11",
        xlsx=True,
        lang="fr",
    )
    lines = cells(tmp_path / "e1" / "finance" / "payments-2026-11.xlsx", "Totaux")
    assert lines[1][0] == "PROVISOIRE : le mois n'est pas terminé"


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_nothing_paid_is_a_workbook_too(tmp_path, lang):
    result = run(
        FakeApi(),
        tmp_path,
        what="payments",
        month="2026-09",
        xlsx=True,
        csv=True,
        lang=lang,
    )
    assert result.exit_code == 0
    assert (
        json.loads((tmp_path / "latest" / "manifest.json").read_text())["tables"][
            "payments"
        ]["rows"]
        == 0
    )
