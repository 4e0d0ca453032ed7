"""Arrow schemas of an export and the values that its manifest is made of."""

from dataclasses import dataclass

import pyarrow as pa

from schemas.money import DIGITS, SCALE

SCHEMA_VERSION = 1
"""Raised when a column of an exported table changes its name, type or meaning."""

MANIFEST = "manifest.json"
SUCCESS = "_SUCCESS"
LATEST = "latest"
LATEST_FILE = "latest.json"
UNKNOWN_MONTH = "unknown"
CUSTOMERS_TABLE = "customers"
PAYMENTS_TABLE = "payments"

MONEY = pa.decimal128(DIGITS, SCALE)
INSTANT = pa.timestamp("us", "UTC")
_TEXT = pa.string()

CUSTOMERS = pa.schema(
    [
        ("id", _TEXT),
        ("name", _TEXT),
        ("email", _TEXT),
        ("phone", _TEXT),
        ("phone_e164", _TEXT),
        ("country", _TEXT),
        ("metadata", _TEXT),
        ("created_at", INSTANT),
        ("updated_at", INSTANT),
        ("extra", _TEXT),
    ]
)
"""One line a customer. `name`, `email` and `phone` as the API tells them; `country` is
metadata.country, else that of the address, else that of the phone number; `metadata`
and `extra` are JSON objects as text."""

PAYMENTS = pa.schema(
    [
        ("reference", _TEXT),
        ("id", _TEXT),
        ("merchant_reference", _TEXT),
        ("trxref", _TEXT),
        ("customer_id", _TEXT),
        ("amount", MONEY),
        ("amount_total", MONEY),
        ("converted_amount", MONEY),
        ("fee", MONEY),
        ("fee_bearer", _TEXT),
        ("net_amount", MONEY),
        ("currency", _TEXT),
        ("status", _TEXT),
        ("status_group", _TEXT),
        ("channel", _TEXT),
        ("payment_method", _TEXT),
        ("description", _TEXT),
        ("metadata", _TEXT),
        ("sandbox", pa.bool_()),
        ("created_at", INSTANT),
        ("completed_at", INSTANT),
        ("updated_at", INSTANT),
        ("created_date_local", pa.date32()),
        ("completed_date_local", pa.date32()),
        ("extra", _TEXT),
    ]
)
"""One line a payment, in folders `month=YYYY-MM` by the local month of `created_at`."""

CUSTOMER_PAYMENTS = pa.schema(
    [
        ("customer_id", _TEXT),
        ("known_customer", pa.bool_()),
        ("currency", _TEXT),
        ("payments", pa.int64()),
        ("completed", pa.int64()),
        ("failed", pa.int64()),
        ("completed_amount", pa.decimal128(38, SCALE)),
        ("first_payment_at", INSTANT),
        ("last_payment_at", INSTANT),
        ("days_since_last", pa.int64()),
        ("failure_share", pa.float64()),
    ]
)
"""One line a customer and currency; customers without a payment have one line with a
null currency. Sandbox payments are left out."""

PAYMENTS_BY_MONTH = pa.schema(
    [
        ("month", _TEXT),
        ("basis", _TEXT),
        ("currency", _TEXT),
        ("status", _TEXT),
        ("status_group", _TEXT),
        ("channel", _TEXT),
        ("payments", pa.int64()),
        ("amount", pa.decimal128(38, SCALE)),
        ("fee", pa.decimal128(38, SCALE)),
        ("net_amount", pa.decimal128(38, SCALE)),
        ("fee_unknown", pa.int64()),
        ("net_unknown", pa.int64()),
    ]
)
"""One line a local month, basis (created or completed), currency, status and channel.
Sandbox payments are left out; `fee` and `net_amount` add what is known, the counts
say for how many payments they are not."""

DATA_QUALITY = pa.schema(
    [
        ("measure", _TEXT),
        ("field", _TEXT),
        ("value", _TEXT),
        ("customers", pa.int64()),
        ("of", pa.int64()),
        ("share", pa.float64()),
    ]
)
"""One line a measure of the customer base: how many `customers` `of` how many."""

CHANGES = pa.schema([("key", _TEXT), ("change", _TEXT), ("fields", pa.list_(_TEXT))])
"""What differs from the previous export: added, changed (with the fields) or gone."""


@dataclass(frozen=True, slots=True)
class ExportFinding:
    """One thing to say about an export, counted; `examples` are ids or references.

    `detail` holds the facts that the rule's message prints.
    """

    rule: str
    table: str
    field: str | None
    count: int
    examples: tuple[str, ...] = ()
    detail: str = ""
