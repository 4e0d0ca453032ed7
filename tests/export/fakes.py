"""A small list server in memory, for tests of the export."""

import math
from collections.abc import Mapping

from pipeline.api.errors import NotFound, RefusedByApi
from schemas.api import Page


class FakeApi:
    """Customers and payments as lists of rows; `before(kind, page)` may change them."""

    def __init__(self, customers=(), payments=(), *, before=None, size=100):
        self.rows = {"customers": list(customers), "payments": list(payments)}
        self.requests = []
        self.before = before
        self.size = size
        self.has_payments = True
        self.bare = False
        self.tells_totals = True

    def page(self, kind, rows, page):
        size = self.size
        items = rows[(page - 1) * size : page * size]
        last = max(1, math.ceil(len(rows) / size))
        if not self.tells_totals:
            return Page(items=items)
        return Page(items=items, totals=len(rows), last_page=last, current_page=page)

    async def customer_rows(self, page=1, limit=100):
        self.requests.append(("customers", page))
        if self.before:
            self.before("customers", page)
        rows = self.rows["customers"]
        if self.bare:
            rows = [{k: v for k, v in r.items() if k != "metadata"} for r in rows]
        return self.page("customers", rows, page)

    async def customer_row(self, customer_id):
        self.requests.append(("customer", customer_id))
        for row in self.rows["customers"]:
            if row["id"] == customer_id:
                return row
        raise NotFound("no such customer")

    async def payments(
        self, page=1, limit=100, *, status=None, date_start=None, date_end=None
    ):
        self.requests.append(("payments", page, status, date_start, date_end))
        if not self.has_payments:
            raise RefusedByApi(404, "no such page")
        if self.before:
            self.before("payments", page)
        return self.page("payments", self.rows["payments"], page)

    async def customer_payments(self, customer_id, page=1, limit=100, *, status=None):
        self.requests.append(("customer_payments", customer_id, page))
        rows = [r for r in self.rows["payments"] if r.get("customer") == customer_id]
        return self.page("payments", rows, page)


def customer(number: int, **more) -> Mapping:
    return {
        "id": f"cus.{number:05d}",
        "name": f"Ada Ngo {number}",
        "email": f"ada{number}@example.com",
        "phone": f"+23767000{number % 10000:04d}",
        "metadata": {"user_id": str(number)},
        "created_at": "2026-01-02T03:04:05.123456Z",
        "updated_at": "2026-01-02T03:04:05Z",
    } | more


def payment(number: int, **more) -> Mapping:
    return {
        "reference": f"trx.{number:05d}",
        "amount": 1000 + number,
        "amount_total": 1000 + number,
        "fee": 20,
        "charge": "business",
        "currency": "XAF",
        "status": "complete",
        "customer": f"cus.{number % 50:05d}",
        "sandbox": 0,
        "fees": [],
        "geo": "203.0.113.7",
        "created_at": "2026-10-15T10:00:00.000000Z",
    } | more
