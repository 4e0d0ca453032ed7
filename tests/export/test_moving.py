"""Lists that move while they are read, break off, or hold odd values."""

import asyncio
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline.api.errors import Unavailable
from pipeline.errors import LockedError, SettingsError, UsageError
from pipeline.export.request import ExportRequest
from pipeline.export.run import export
from tests.export.fakes import FakeApi, customer, payment
from tests.export.test_export import NOW, rows_of, run


def ids(result, table="customers", key="id"):
    return sorted(row[key] for row in rows_of(result, table))


def server_ids(api, table="customers", key="id"):
    return sorted(row[key] for row in api.rows[table])


def at_requests(numbers, change):
    """Return a hook that calls `change(rows)` before the requests with these numbers."""
    count = iter(range(10_000))

    def before(kind, page):
        number = next(count)
        if number in numbers:
            change(number)

    return before


@pytest.mark.parametrize("place", ["front", "end", "middle"])
def test_rows_that_come_while_reading_are_there(tmp_path, place):
    api = FakeApi([customer(n) for n in range(1000)], before=None)

    def insert(number):
        rows = api.rows["customers"]
        at = {"front": 0, "end": len(rows), "middle": len(rows) // 2}[place]
        rows.insert(at, customer(90_000 + number))

    api.before = at_requests({2, 3, 5, 8}, insert)
    result = run(api, tmp_path, what="customers")
    assert result.exit_code == 0
    assert ids(result) == server_ids(api)
    assert len(api.rows["customers"]) == 1004


def test_rows_that_go_while_reading_are_gone(tmp_path):
    api = FakeApi([customer(n) for n in range(1000)])
    api.before = at_requests({3, 6}, api.rows["customers"].pop)
    result = run(api, tmp_path, what="customers")
    assert result.exit_code == 0
    assert ids(result) == server_ids(api)


def test_one_goes_and_one_comes_between_two_pages(tmp_path):
    api = FakeApi([customer(n) for n in range(1000)])

    def change(number):
        api.rows["customers"].pop(5)
        api.rows["customers"].append(customer(90_000))

    api.before = at_requests({4}, change)
    result = run(api, tmp_path, what="customers")
    assert result.exit_code == 0
    assert ids(result) == server_ids(api)


def test_a_list_that_never_rests_is_exported_with_its_difference(tmp_path):
    api = FakeApi([customer(n) for n in range(500)])
    fresh = iter(range(90_000, 99_000))

    def change(kind, page):
        api.rows["customers"].insert(250, customer(next(fresh)))

    api.before = change
    result = run(api, tmp_path, what="customers")
    assert result.exit_code == 3
    told = result.manifest["tables"]["customers"]
    assert told["difference"] == told["rows"] - told["totals"] != 0
    assert [f.rule for f in result.findings] == ["totals_differ"]


def test_answers_without_counts_are_read_to_the_short_page(tmp_path):
    api = FakeApi([customer(n) for n in range(250)])
    api.tells_totals = False
    result = run(api, tmp_path, what="customers")
    assert ids(result) == server_ids(api)
    assert [f.rule for f in result.findings] == ["totals_unknown"]
    assert result.exit_code == 0


def test_a_server_that_caps_the_page_size(tmp_path):
    api = FakeApi([customer(n) for n in range(95)], size=30)
    assert ids(run(api, tmp_path, what="customers")) == server_ids(api)


def test_list_rows_without_metadata_cost_one_request_each(tmp_path):
    api = FakeApi([customer(n) for n in range(120)])
    api.bare = True
    result = run(api, tmp_path, what="customers")
    assert len([r for r in api.requests if r[0] == "customer"]) == 120
    told = {row["id"]: row["metadata"] for row in rows_of(result, "customers")}
    assert told["cus.00007"] == '{"user_id":"7"}'


def test_payments_through_customers_where_there_is_no_list(tmp_path):
    api = FakeApi([customer(n) for n in range(60)], [payment(n) for n in range(250)])
    api.has_payments = False
    result = run(api, tmp_path, what="payments")
    assert ids(result, "payments", "reference") == server_ids(
        api, "payments", "reference"
    )
    assert result.manifest["tables"]["payments"]["sees_unknown_customers"] is False
    assert [f.rule for f in result.findings] == ["payments_through_customers"]


def test_what_was_read_before_a_failure_is_not_read_again(tmp_path):
    api = FakeApi(
        [customer(n) for n in range(6_000)], [payment(n) for n in range(6_000)]
    )

    def fail(kind, page):
        if kind == "payments" and page == 55:
            raise Unavailable("the answer was 503", 503)

    api.before = fail
    with pytest.raises(Unavailable):
        run(api, tmp_path)
    assert not (tmp_path / "e1").exists()
    assert not (tmp_path / "latest").exists()
    api.before, api.requests = None, []
    result = run(api, tmp_path)
    assert ids(result, "payments", "reference") == server_ids(
        api, "payments", "reference"
    )
    assert ids(result) == server_ids(api)
    assert not [r for r in api.requests if r[0] == "customers"]
    assert len(api.requests) < 20


def test_old_pages_are_read_again(tmp_path):
    api = FakeApi([customer(n) for n in range(300)], [payment(0)])
    api.has_payments = True

    def fail(kind, page):
        if kind == "payments":
            raise Unavailable("the answer was 503", 503)

    api.before = fail
    with pytest.raises(Unavailable):
        run(api, tmp_path)
    api.before, api.requests = None, []
    request = ExportRequest("all", str(tmp_path), "e1", "shop")
    later = NOW + timedelta(hours=2)
    asyncio.run(export(api, request, clock=lambda: later))
    assert ("customers", 1) in api.requests


def test_a_page_is_asked_for_again_before_the_export_gives_up(tmp_path):
    api = FakeApi([customer(n) for n in range(300)])
    left = [2]

    def fail(kind, page):
        if page == 2 and left[0]:
            left[0] -= 1
            raise Unavailable("the answer was 503", 503)

    api.before = fail
    assert ids(run(api, tmp_path, what="customers")) == server_ids(api)


def test_the_last_evening_of_december_stands_in_january_for_douala(tmp_path):
    api = FakeApi(
        payments=[
            payment(1, created_at="2025-12-31T23:30:00Z"),
            payment(2, created_at=None),
        ]
    )
    result = run(api, tmp_path, what="payments")
    names = sorted(p.name for p in (tmp_path / "e1" / "payments").iterdir())
    assert names == ["month=2026-01", "month=unknown"]
    first = next(
        r for r in rows_of(result, "payments") if r["reference"] == "trx.00001"
    )
    assert str(first["created_date_local"]) == "2026-01-01"


def test_a_month_is_asked_for_wider_and_cut_here(tmp_path):
    api = FakeApi(
        payments=[
            payment(1, created_at="2026-09-30T22:59:59Z"),
            payment(2, created_at="2026-09-30T23:00:00Z"),
            payment(3, created_at="2026-10-31T22:59:59.999999Z"),
            payment(4, created_at="2026-10-31T23:00:00Z"),
        ]
    )
    result = run(api, tmp_path, what="payments", month="2026-10")
    assert ids(result, "payments", "reference") == ["trx.00002", "trx.00003"]
    assert api.requests[0][3:] == ("2026-09-30", "2026-11-02")
    assert result.exit_code == 0


def test_odd_values_are_kept_and_named(tmp_path):
    odd = [
        customer(1, phone=237670000001, metadata=[], geo="203.0.113.7", blocked=False),
        customer(2, name={"first": "Ada"}, created_at="yesterday", metadata=None),
        customer(3, email=None, updated_at="2026-01-02T03:04:05"),
    ]
    result = run(FakeApi(odd), tmp_path, what="customers")
    first, second, third = sorted(rows_of(result, "customers"), key=lambda r: r["id"])
    assert (first["phone"], first["phone_e164"], first["country"]) == (
        "237670000001",
        "+237670000001",
        "CM",
    )
    assert (first["metadata"], first["extra"]) == ("{}", '{"blocked":false}')
    assert (second["name"], second["created_at"], second["metadata"]) == (
        None,
        None,
        None,
    )
    assert json.loads(second["extra"]) == {
        "name": {"first": "Ada"},
        "created_at": "yesterday",
    }
    assert third["updated_at"].isoformat() == "2026-01-02T03:04:05+00:00"
    assert [(f.rule, f.field, f.count) for f in result.findings] == [
        ("field_type_changed", "name", 1),
        ("field_type_changed", "phone", 1),
        ("time_unreadable", "created_at", 1),
        ("time_without_zone", "updated_at", 1),
    ]


def test_money_is_exact_and_unknown_is_null(tmp_path):
    api = FakeApi(
        payments=[
            payment(1, amount=Decimal("1000.10"), fee="0.00 F.CFA", sandbox=True),
            payment(2, amount="5 000", fee=None, status="weird"),
            payment(
                3,
                amount=Decimal("0.12345"),
                charge="customer",
                customer={"id": "cus.00003"},
            ),
            payment(4, amount=20_000_000, fee=1, charge=None, fees=[], currency="USD"),
        ]
    )
    result = run(api, tmp_path, what="payments")
    rows = {row["reference"][-1]: row for row in rows_of(result, "payments")}
    assert rows["1"]["amount"] == Decimal("1000.1")
    assert (rows["1"]["fee"], rows["1"]["net_amount"], rows["1"]["sandbox"]) == (
        Decimal(0),
        Decimal("1000.1"),
        True,
    )
    assert (rows["2"]["fee"], rows["2"]["net_amount"], rows["2"]["status_group"]) == (
        None,
        None,
        "other",
    )
    assert (rows["3"]["amount"], rows["3"]["customer_id"]) == (None, "cus.00003")
    assert json.loads(rows["3"]["extra"])["amount"] == 0.12345
    assert (rows["4"]["fee_bearer"], rows["4"]["net_amount"]) == (None, None)
    assert [(f.rule, f.field) for f in result.findings] == [
        ("amount_unreadable", "amount"),
        ("field_type_changed", "amount"),
        ("field_type_changed", "customer"),
        ("field_type_changed", "fee"),
        ("fraction_in_zero_decimal_currency", "amount"),
        ("unknown_status", "status"),
    ]
    told = result.manifest["tables"]["payments"]
    assert told["sums"]["XAF"]["weird"]["amount"] == "5000"
    assert told["sandbox_sums"]["XAF"]["complete"]["amount"] == "1000.1"


def test_requests_that_cannot_be_are_refused(tmp_path):
    api = FakeApi()
    for wrong in (
        {"what": "refunds"},
        {"month": "2026-13"},
        {"month": "2026-10", "since": NOW.date()},
        {"since": NOW.date(), "until": NOW.date()},
    ):
        with pytest.raises(UsageError):
            run(api, tmp_path, **wrong)
    with pytest.raises(SettingsError):
        run(api, tmp_path, timezone="Africa/Nowhere")
    assert api.requests == []


def test_two_exports_of_one_request_do_not_mix(tmp_path):
    api = FakeApi([customer(1)])

    def again(kind, page):
        api.before = None
        with pytest.raises(LockedError):
            asyncio.run(
                export(
                    api,
                    ExportRequest("customers", str(tmp_path), "e2", "shop"),
                    clock=lambda: NOW,
                )
            )

    async def nested():
        request = ExportRequest("customers", str(tmp_path), "e1", "shop")

        class Slow(FakeApi):
            async def customers(self, page=1, limit=100):
                with pytest.raises(LockedError):
                    await export(api, request, clock=lambda: NOW)
                return await super().customers(page, limit)

        return await export(Slow([customer(1)]), request, clock=lambda: NOW)

    assert asyncio.run(nested()).exit_code == 0


def test_latest_is_never_moved_between_accounts(tmp_path):
    api = FakeApi([customer(1)])
    run(api, tmp_path, what="customers")
    other = run(api, tmp_path, what="customers", export_id="e2", account="another")
    assert other.moved_latest is False
    assert [f.rule for f in other.findings] == ["latest_kept"]
    assert (tmp_path / "latest").readlink().name == "e1"
    third = run(api, tmp_path, what="customers", export_id="e3")
    assert third.moved_latest
    assert (tmp_path / "latest").readlink().name == "e3"
    with pytest.raises(UsageError):
        run(api, tmp_path, what="customers", export_id="e3")


def test_lines_that_are_no_objects_are_counted_and_said(tmp_path):
    api = FakeApi([], [payment(1), "odd", None, payment(2)])
    api.tells_totals = False
    result = run(api, tmp_path, what="payments")
    assert ids(result, "payments", "reference") == ["trx.00001", "trx.00002"]
    told = {finding.rule: finding.count for finding in result.findings}
    assert told == {"row_unreadable": 2, "totals_unknown": 1}
    assert result.exit_code == 3


def test_rows_without_any_name_are_told_apart_by_what_they_hold(tmp_path):
    nameless = {"amount": 5, "created_at": "2026-10-01T00:00:00Z"}
    api = FakeApi([], [nameless, nameless | {"amount": 6}, nameless | {"id": 7}])
    result = run(api, tmp_path, what="payments")
    assert sorted(row["amount"] for row in rows_of(result, "payments")) == [5, 5, 6]
