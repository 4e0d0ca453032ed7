"""Exports of servers over real HTTP: the sandbox with faults, and odd dialects."""

import asyncio
import json
from collections import Counter

import pytest

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.api.retry import RetryPolicy
from pipeline.export.request import ExportRequest
from pipeline.export.run import export
from pipeline.sandbox.app import SandboxOptions
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.serve import SandboxThread
from tests.export.fakes import customer, payment
from tests.export.test_export import NOW, rows_of
from tests.servers.odd import OddServer

QUICK = RetryPolicy(base=0.001, cap=0.002)


def export_from(url, root, **asked):
    request = ExportRequest(
        **{"what": "all", "root": str(root), "export_id": "e1", "account": "shop"}
        | asked
    )

    async def go():
        pace = Pace(MemoryPaceStore(), None)
        async with NotchPayClient(
            ApiConfig(url, "pk_test.shop"), pace, policy=QUICK
        ) as client:
            result = await export(client, request, clock=lambda: NOW)
            return result, client.stats.as_dict()

    return asyncio.run(go())


def test_pages_and_no_more_than_three_requests(tmp_path):
    with SandboxThread(
        SandboxOptions(seed_customers=950, payments_per_customer=3)
    ) as server:
        result, stats = export_from(server.url, tmp_path)
        known = set(server.store.customer_ids())
        payments = server.store.payment_total
    assert {row["id"] for row in rows_of(result, "customers")} == known
    assert result.manifest["tables"]["payments"]["rows"] == payments
    assert stats["requests"] <= 10 + -(-payments // 100) + 3
    assert result.exit_code == 0


@pytest.mark.parametrize("seed", range(3))
def test_faults_and_rows_that_come_and_go(tmp_path, seed):
    spec = "read.500=0.02,read.503bare=0.01,read.truncate=0.02,list_insert=0.05,list_delete=0.02"
    options = SandboxOptions(
        seed_customers=1500, payments_per_customer=2, faults=Faults.parse(spec, seed)
    )
    with SandboxThread(options) as server:
        result, _ = export_from(server.url, tmp_path)
        known = set(server.store.customer_ids())
    exported = Counter(row["id"] for row in rows_of(result, "customers"))
    assert max(exported.values()) == 1
    told = result.manifest["tables"]["customers"]
    assert len(exported) == told["rows"]
    if told["difference"] == 0:
        # Rows that moved after the customers were read belong to no export.
        assert len(set(exported) ^ known) <= 0.07 * 40
    else:
        assert result.exit_code == 3


def test_an_odd_server_row_for_row(tmp_path):
    customers = [customer(n) for n in range(130)]
    payments = [payment(n, customer=f"cus.{n % 130:05d}") for n in range(210)]
    with OddServer(customers=customers, payments=payments) as server:
        result, _ = export_from(server.url, tmp_path, keep_geo=True)
    assert result.exit_code == 0
    for row, raw in zip(
        sorted(rows_of(result, "customers"), key=lambda r: r["id"]),
        customers,
        strict=True,
    ):
        assert (row["id"], row["name"], row["email"], row["phone"]) == (
            raw["id"],
            raw["name"],
            raw["email"],
            raw["phone"],
        )
        assert json.loads(row["metadata"]) == raw["metadata"]
    for row, raw in zip(
        sorted(rows_of(result, "payments"), key=lambda r: r["reference"]),
        payments,
        strict=True,
    ):
        assert (row["reference"], row["amount"], row["customer_id"]) == (
            raw["reference"],
            raw["amount"],
            raw["customer"],
        )
        assert json.loads(row["extra"]) == {"fees": [], "geo": "203.0.113.7"}


@pytest.mark.parametrize(
    "odd",
    [
        {"phone": "integer", "code_text": True, "message": False},
        {"list_metadata": False, "object_key": "data"},
        {"list_metadata": False, "object_key": None, "ok_code": 202},
        {"has_payments": False, "payments_key": "payments"},
        {"has_payments": False, "payments_key": "items", "counts": False},
        {"counts": False, "order": "oldest", "list_key": "data"},
        {"iso_dates": True, "empty_metadata": []},
        {
            "faults": {"500": 0.02, "truncate": 0.02, "502html": 0.01},
            "faults_on": ("all",),
        },
        {"drift": {"insert": 0.1}},
    ],
    ids=str,
)
def test_dialects_and_disturbances_give_the_same_rows(tmp_path, odd):
    customers = [customer(n) for n in range(230)]
    payments = [payment(n, customer=f"cus.{n % 230:05d}") for n in range(340)]
    with OddServer(customers=customers, payments=payments, **odd) as server:
        result, _ = export_from(server.url, tmp_path, month="2026-10")
        known = set(server.customers)
        references = {
            row["reference"]
            for row in server.payments
            if row["created_at"].startswith("2026-10")
        }
    assert result.exit_code == 0
    exported = rows_of(result, "customers")
    if "drift" in odd:
        known = (
            known & {row["id"] for row in exported}
            if len(known) > len(exported)
            else known
        )
    assert {row["id"] for row in exported} == known
    assert {row["reference"] for row in rows_of(result, "payments")} == references
    numbers = {row["id"]: row["phone_e164"] for row in exported}
    assert numbers["cus.00007"] == "+237670000007"
    told = {row["id"]: row["metadata"] for row in exported}
    assert told["cus.00007"] == '{"user_id":"7"}'
