"""Exports that look back at earlier ones: changes, closed months, other stores."""

import csv
import json

import fsspec
import pytest

from pipeline.errors import RefusedError, SettingsError, UsageError
from tests.export.fakes import FakeApi, customer, payment
from tests.export.test_export import rows_of, run


def test_changed_only_writes_what_was_added_changed_or_is_gone(tmp_path):
    api = FakeApi([customer(1), customer(2), customer(3)], [payment(1), payment(2)])
    run(api, tmp_path)
    api.rows["customers"][1] = customer(2, name="Ada Ngo-Biyik")
    api.rows["customers"].pop(2)
    api.rows["customers"].append(customer(4))
    api.rows["payments"][0] = payment(1, status="refunded")
    second = run(api, tmp_path, export_id="e2", changed_only=True)
    assert second.manifest["changed_only"] == {
        "base": "e1",
        "customers": {"added": 1, "changed": 1, "gone": 1},
        "payments": {"added": 0, "changed": 1, "gone": 0},
    }
    assert sorted(r["id"] for r in rows_of(second, "customers")) == [
        "cus.00002",
        "cus.00004",
    ]
    assert [r["reference"] for r in rows_of(second, "payments")] == ["trx.00001"]
    assert rows_of(second, "changes") == [
        {"key": "cus.00002", "change": "changed", "fields": ["name"]},
        {"key": "cus.00003", "change": "gone", "fields": []},
        {"key": "cus.00004", "change": "added", "fields": []},
        {"key": "trx.00001", "change": "changed", "fields": ["status", "status_group"]},
    ]
    assert (tmp_path / "latest").readlink().name == "e1"
    api.rows["customers"].append(customer(5))
    third = run(api, tmp_path, export_id="e3", changed_only=True)
    assert third.manifest["changed_only"]["customers"] == {
        "added": 1,
        "changed": 0,
        "gone": 0,
    }


def test_a_first_export_of_changes_holds_everything_as_added(tmp_path):
    result = run(FakeApi([customer(1)]), tmp_path, what="customers", changed_only=True)
    assert result.manifest["changed_only"] == {
        "base": None,
        "customers": {"added": 1, "changed": 0, "gone": 0},
    }


def test_a_closed_month_stands_and_later_changes_are_listed(tmp_path):
    api = FakeApi(
        payments=[payment(1), payment(2), payment(3, created_at="2026-11-02T00:00:00Z")]
    )
    closed = run(api, tmp_path, what="payments", close="2026-10")
    assert closed.exit_code == 0
    with pytest.raises(RefusedError):
        run(api, tmp_path, what="payments", close="2026-10", export_id="e2")
    same = run(api, tmp_path, what="payments", export_id="e3")
    assert same.exit_code == 0
    api.rows["payments"][0] = payment(1, amount=999, fee=None)
    api.rows["payments"][1] = payment(9)
    later = run(api, tmp_path, what="payments", export_id="e4")
    assert later.exit_code == 3
    assert [(f.rule, f.count, f.detail) for f in later.findings] == [
        ("closed_month_changed", 4, "2026-10")
    ]
    lines = list(
        csv.reader(
            (tmp_path / "e4" / "closed_changes.csv").read_text("utf-8-sig").splitlines()
        )
    )
    assert lines == [
        ["month", "reference", "field", "old", "new"],
        ["2026-10", "trx.00001", "amount", "1001.0000", "999.0000"],
        ["2026-10", "trx.00001", "fee", "20.0000", ""],
        ["2026-10", "trx.00002", "payment", "present", "absent"],
        ["2026-10", "trx.00009", "payment", "absent", "present"],
    ]


def test_closing_needs_every_payment_of_the_month(tmp_path):
    for wrong in ({"what": "customers"}, {"what": "payments", "status": "complete"}):
        with pytest.raises(UsageError):
            run(FakeApi(), tmp_path, close="2026-10", **wrong)


@pytest.fixture
def bucket():
    fs = fsspec.filesystem("memory")
    yield "memory://bucket/exports"
    fs.rm("/bucket", recursive=True)


def test_an_object_store_shows_an_export_when_it_is_whole(tmp_path, bucket):
    api = FakeApi([customer(1), customer(2)], [payment(1)])
    staging = str(tmp_path / "staging")
    first = run(api, bucket, staging=staging)
    fs = fsspec.filesystem("memory")
    names = {name.removeprefix("/bucket/exports/") for name in fs.find("/bucket")}
    assert {
        "e1/_SUCCESS",
        "e1/manifest.json",
        "latest.json",
        "e1/payments/month=2026-10/part-00000.parquet",
    } <= names
    assert json.loads(fs.cat_file("/bucket/exports/latest.json")) == {
        "export_id": "e1",
        "path": f"{bucket}/e1",
    }
    assert first.path == f"{bucket}/e1"
    api.rows["customers"].pop()
    second = run(api, bucket, staging=staging, export_id="e2", changed_only=True)
    assert second.manifest["changed_only"]["customers"] == {
        "added": 0,
        "changed": 0,
        "gone": 1,
    }
    other = run(api, bucket, staging=staging, export_id="e3", account="another")
    assert not other.moved_latest
    with pytest.raises(UsageError):
        run(api, bucket, staging=staging, export_id="e1")


def test_an_address_that_nothing_speaks_is_said(tmp_path):
    with pytest.raises(SettingsError):
        run(FakeApi(), "nosuch://bucket/exports", staging=str(tmp_path))
