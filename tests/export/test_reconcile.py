"""Reconciliations: past imports and a controller's own list against an export."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cli import main
from pipeline.export.reconcile import (
    Claims,
    Line,
    lines_of,
    load_list,
    reconcile_customers,
    reconcile_payments,
)
from pipeline.export.reconciled import write_book
from pipeline.export.tables import database
from schemas.exports import CUSTOMERS, PAYMENTS
from schemas.tables import OUTCOMES, PLAN
from tests.export.fakes import FakeApi, customer, payment
from tests.export.test_export import run as export
from tests.runs.world import AWA, BEN, CLO, World, customers
from tests.servers.odd import OddServer


def write(path: Path, schema, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path.parent


class Runs:
    """Run folders with what they say they wrote."""

    def __init__(self, folder):
        self.folder = folder
        self.folders = []

    def add(self, *writes):
        """Add a run of (customer, outcome, action, {field: value})."""
        folder = self.folder / f"run-{len(self.folders)}"
        plan, outcomes = [], []
        for row, (customer_id, outcome, action, fields) in enumerate(writes, 1):
            known = None if action == "create" else customer_id
            plan += [
                {
                    "row": row,
                    "action": action,
                    "customer_id": known,
                    "field": f,
                    "new": v,
                }
                for f, v in fields.items()
            ]
            told = {"row": row, "line": row + 1, "outcome": outcome}
            outcomes.append(told | {"customer_id": customer_id})
        write(folder / "plan.parquet", PLAN, plan)
        write(folder / "outcomes.parquet", OUTCOMES, outcomes)
        self.folders.append(folder)


def against(tmp_path, runs, exported):
    rows = [{"metadata": "{}", **row} for row in exported]
    place = write(tmp_path / "exported" / "part.parquet", CUSTOMERS, rows)
    with database(tmp_path) as con:
        done = reconcile_customers(con, Claims(runs.folders), place, tmp_path / "out")
    return done, {
        (line["customer_id"], line["field"]): line["result"]
        for line in lines_of(done.table)
    }


def test_what_the_api_rewrites_is_no_difference(tmp_path):
    runs = Runs(tmp_path)
    fields = {
        "name": "Chloé Ngo",
        "email": "Chloe@Example.com",
        "phone": "+237690000003",
        "metadata.age": "30",
        "metadata.a/b~c": "x",
    }
    runs.add(("c1", "created", "create", fields))
    row = {
        "id": "c1",
        "name": "Chloe\u0301  Ngo ",
        "email": "chloe@example.com",
        "phone": "690000003",
        "phone_e164": "+237690000003",
        "metadata": '{"age":30,"a/b~c":"x"}',
    }
    done, found = against(tmp_path, runs, [row])
    assert set(found.values()) == {"equal"}
    assert not done.differs


def test_each_result_of_a_claim(tmp_path):
    runs = Runs(tmp_path)
    runs.add(
        ("c1", "created", "create", {"name": "Ada", "metadata.town": "Douala"}),
        ("c2", "updated", "update", {"email": "b@example.com", "name": "Ben"}),
        ("c3", "created", "create", {"name": "Gone"}),
        ("c4", "unchanged", "update", {}),
        ("c5", "failed", "update", {"name": "Never written"}),
    )
    exported = [
        {"id": "c1", "name": "Ada Lovelace"},
        {"id": "c2", "name": "Ben", "email": ""},
        {"id": "c4", "name": "Was there"},
        {"id": "c5", "name": "As it was"},
        {"id": "c9", "name": "Paid once"},
    ]
    done, found = against(tmp_path, runs, exported)
    assert found == {
        ("c1", "name"): "changed",
        ("c1", "metadata.town"): "missing",
        ("c2", "email"): "missing",
        ("c2", "name"): "equal",
        ("c3", "name"): "missing",
        ("c9", None): "extra",
    }
    assert done.counts == {"changed": 1, "missing": 3, "extra": 1, "equal": 1}
    assert done.differs


def test_the_newest_write_counts_and_a_deleted_customer_is_claimed_by_nobody(tmp_path):
    runs = Runs(tmp_path)
    runs.add(
        ("c1", "created", "create", {"name": "Old"}),
        ("c2", "created", "create", {"name": "Bye"}),
    )
    runs.add(("c1", "updated", "update", {"name": "New"}))
    runs.add(("c2", "updated", "delete", {"name": None}))
    _, found = against(tmp_path, runs, [{"id": "c1", "name": "New"}])
    assert found == {("c1", "name"): "equal"}


def test_without_any_run_every_customer_is_extra(tmp_path):
    done, found = against(tmp_path, Runs(tmp_path), [{"id": "c1", "name": "Ada"}])
    assert found == {("c1", None): "extra"}
    assert not done.differs


def paid(reference, amount, **more):
    row = {
        "reference": reference,
        "amount": Decimal(amount),
        "currency": "XAF",
        "status": "complete",
        "status_group": "success",
        "sandbox": False,
        "created_at": datetime(2026, 10, 5, tzinfo=UTC),
        "created_date_local": datetime(2026, 10, 5, tzinfo=UTC).date(),
    }
    return row | more


def listed(
    tmp_path, lines, payments, *, month=None, with_status=False, with_sandbox=False
):
    place = write(tmp_path / "paid" / "part.parquet", PAYMENTS, payments)
    with database(tmp_path) as con:
        load_list(con, [lines] if lines else [])
        done = reconcile_payments(
            con,
            place,
            tmp_path / "out",
            month=month,
            with_status=with_status,
            with_sandbox=with_sandbox,
        )
    told = [
        (line["line"], line["reference"], line["result"], line["note"])
        for line in lines_of(done.table)
    ]
    return done, sorted(told, key=str)


def test_each_result_of_a_line(tmp_path):
    lines = [
        Line(2, "trx.1", "5 000 FCFA"),
        Line(3, " order-2 ", "1,500.50"),
        Line(4, "trx.3", "700"),
        Line(5, "nobody", "9"),
        Line(6, "trx.1", "5000"),
        Line(7, "trx.4", "what"),
        Line(8, None, "1"),
    ]
    payments = [
        paid("trx.1", 5000),
        paid("trx.2", "1500.50", merchant_reference="order-2"),
        paid("trx.3", 700, status="failed", status_group="failed"),
        paid("trx.4", 10),
        paid("trx.5", 20),
        paid("trx.6", 30, status="pending", status_group="pending"),
        paid("trx.7", 40, sandbox=True),
    ]
    done, told = listed(tmp_path, lines, payments)
    assert told == [
        (2, "trx.1", "matched", None),
        (3, "trx.2", "matched", None),
        (4, "trx.3", "status_differs", None),
        (5, None, "only_mine", None),
        (6, "trx.1", "only_mine", "listed_twice"),
        (7, "trx.4", "amount_differs", "amount_unreadable"),
        (8, None, "only_mine", None),
        (None, "trx.5", "only_notch_pay", None),
    ]
    assert done.sums["matched"] == {"XAF": "6500.5"}
    assert done.differs


def test_of_several_payments_of_an_order_the_one_that_worked_is_meant(tmp_path):
    payments = [
        paid("trx.1", 500, trxref="o1", status="failed", status_group="failed"),
        paid("trx.2", 500, trxref="o1"),
        paid("trx.3", 500, trxref="o1", status="expired", status_group="failed"),
    ]
    done, told = listed(tmp_path, [Line(2, "o1", "500")], payments)
    assert told == [(2, "trx.2", "matched", None)]
    assert not done.differs


@pytest.mark.parametrize(
    ("mine", "more", "result", "note"),
    [
        (
            "520",
            {"amount_total": Decimal(520)},
            "amount_differs",
            "equals_amount_total",
        ),
        ("490", {"net_amount": Decimal(490)}, "amount_differs", "equals_net_amount"),
        ("1", {"status_group": "failed"}, "amount_differs", "status_too"),
        (
            "500",
            {"created_date_local": date(2026, 11, 1)},
            "matched",
            "other_month",
        ),
        ("500", {"sandbox": True}, "only_mine", "sandbox"),
    ],
)
def test_notes_say_what_else_there_is(tmp_path, mine, more, result, note):
    lines, payments = [Line(2, "trx.1", mine)], [paid("trx.1", 500, **more)]
    _, told = listed(tmp_path, lines, payments, month="2026-10")
    assert told == [(2, "trx.1", result, note)]


@pytest.mark.parametrize(
    ("mine", "theirs", "group", "result"),
    [
        ("Completed", "complete", "success", "matched"),
        ("pending", "complete", "success", "status_differs"),
        ("Odd ", "odd", "other", "matched"),
        ("strange", "odd", "other", "status_differs"),
    ],
)
def test_a_list_with_statuses_is_compared_by_their_groups(
    tmp_path, mine, theirs, group, result
):
    payments = [
        paid("trx.1", 500, status=theirs, status_group=group),
        paid("trx.2", 1, status="failed", status_group="failed"),
    ]
    _, told = listed(
        tmp_path, [Line(2, "trx.1", "500", mine)], payments, with_status=True
    )
    assert told == [
        (2, "trx.1", result, None),
        (None, "trx.2", "only_notch_pay", None),
    ]


def test_only_payments_of_the_month_are_missed(tmp_path):
    november = datetime(2026, 11, 2, tzinfo=UTC).date()
    payments = [paid("trx.1", 1), paid("trx.2", 2, created_date_local=november)]
    _, told = listed(tmp_path, [], payments, month="2026-11")
    assert told == [(None, "trx.2", "only_notch_pay", None)]


def test_a_test_account_reconciles_its_sandbox_payments(tmp_path):
    _, told = listed(
        tmp_path,
        [Line(2, "trx.1", "1")],
        [paid("trx.1", 1, sandbox=True)],
        with_sandbox=True,
    )
    assert told == [(2, "trx.1", "matched", None)]


@pytest.mark.parametrize(
    ("lang", "sheets", "first"),
    [
        ("en", ["Summary", "Lines"], "Amount differs"),
        ("fr", ["Résumé", "Lignes"], "Montant différent"),
    ],
)
def test_the_workbook_counts_by_formula(tmp_path, lang, sheets, first):
    payments = [paid("trx.1", 5), paid("trx.2", "6.5")]
    lines = [Line(2, "trx.1", "5"), Line(3, "=x", "7")]
    done, _ = listed(tmp_path, lines, payments)
    path = write_book(done, tmp_path / "r.xlsx", lang=lang, zone="Africa/Douala")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == sheets
    summary = [[c.value for c in row] for row in book[sheets[0]].iter_rows()]
    assert summary[1] == [first, f"=COUNTIF('{sheets[1]}'!$A$2:$A$4,$A2)"]
    detail = [[c.value for c in row] for row in book[sheets[1]].iter_rows()]
    assert [row[2] for row in detail[1:]] == ["=x", None, "trx.1"]
    assert book[sheets[1]]["C2"].data_type == "s"
    assert detail[2][12] == datetime(2026, 10, 5, 1)  # noqa: DTZ001 - as a sheet tells it
    book.close()


# --- the command -------------------------------------------------------------------


@pytest.fixture
def world(tmp_path):
    with OddServer(customers=customers([CLO])) as server:
        yield World(tmp_path, server)


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """Draw no page: it has tests of its own."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)


@pytest.fixture
def command(world, monkeypatch, capfd):
    """Run `reconcile` in the world; return exit code, standard output and error."""
    for name in ("runs_dir", "exports_dir"):
        monkeypatch.setenv(f"NOTCHPAY_{name.upper()}", getattr(world.settings, name))
    monkeypatch.setenv("NOTCHPAY_LANG", "en")

    def go(*argv):
        code = main(["reconcile", *map(str, argv)])
        return code, *capfd.readouterr()

    return go


def test_customers_from_import_to_exit_code(world, command):
    world.bring(world.file([AWA, BEN]))
    world.export()
    assert command("customers")[0] == 0
    ids = {row["email"]: key for key, row in world.server.customers.items()}
    world.server.customers[ids["awa@example.com"]]["name"] = "Awa Diop"
    del world.server.customers[ids["ben@example.com"]]
    world.export()
    code, out, _ = command("customers")
    assert code == 3
    counts = {
        " ".join(line.split()[1:]): line.split()[0] for line in out.splitlines()[:4]
    }
    assert counts == {
        "Changed since": "1",
        "Missing": "4",
        "Not from an import": "1",
        "Equal": "3",
    }
    assert Path(out.splitlines()[-1]).stat().st_mode & 0o777 == 0o600
    assert command("customers", "--allow-leftovers")[0] == 0


@pytest.fixture
def payments(tmp_path, world):
    """An export with three payments, and a function that writes a list."""
    export(
        FakeApi([customer(1)], [payment(n) for n in range(3)]),
        world.settings.exports_dir,
    )

    def mine(*rows):
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows([("Réf.", "Montant", "État"), *rows])
        path = tmp_path / "ma liste.csv"
        path.write_text(text.getvalue(), "cp1252")
        return path

    return mine


def test_payments_from_list_to_exit_code(command, payments):
    whole = [(f"trx.{n:05d}", f"{1000 + n} FCFA", "complete") for n in range(3)]
    columns = ("--reference", "réf.", "--amount", "Montant")
    assert command("payments", payments(*whole), *columns, "--month", "2026-10")[0] == 0
    code, out, _ = command("payments", payments(*whole[:2]), *columns, "--json")
    assert code == 3
    assert '"only_notch_pay": 1' in out


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("payments",), 2, "needs FILE"),
        (("payments", "FILE", "--reference", "Réf."), 2, "needs --amount"),
        (
            ("payments", "FILE", "--reference", "x", "--amount", "Montant"),
            2,
            "no such column",
        ),
        (
            (
                "payments",
                "FILE",
                "--reference",
                "Réf.",
                "--amount",
                "Montant",
                "--month",
                "13",
            ),
            2,
            "13",
        ),
        (
            (
                "payments",
                "FILE",
                "--reference",
                "Réf.",
                "--amount",
                "Montant",
                "--export",
                "e9",
            ),
            5,
            "no `e9`",
        ),
        (("customers", "FILE"), 2, "takes no FILE"),
        (("people",), 2, "people"),
    ],
)
def test_mistakes_are_said_in_a_line(command, payments, argv, code, said):
    path = payments(("trx.00001", "1", ""))
    ended, _, error = command(*(path if word == "FILE" else word for word in argv))
    assert ended == code
    assert said in error
    assert "Traceback" not in error


def test_nothing_exported_yet(command):
    code, _, error = command("customers")
    assert code == 5
    assert "there is no finished export" in error


def test_an_export_that_leaves_payments_out_is_refused(world, command, payments):
    export(
        FakeApi([], [payment(1)]),
        world.settings.exports_dir,
        export_id="e2",
        what="payments",
        status="complete",
    )
    columns = ("--reference", "Réf.", "--amount", "Montant")
    code, _, error = command("payments", payments(), *columns)
    assert code == 5
    assert "leaves out payments" in error
    code, _, error = command("customers")
    assert code == 5
    assert "does not hold all customers" in error
