"""Rows of the customers list as the `CUSTOMERS` table."""

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.export.arrays import booleans, strings
from pipeline.export.columns import Columns, Row
from pipeline.export.contacts import are_good_emails, read_phones
from schemas.exports import CUSTOMERS, CUSTOMERS_TABLE

TABLE = CUSTOMERS_TABLE
NAMED = frozenset(("id", "name", "email", "phone", "created_at", "updated_at"))
_COUNTRY = re.compile("[A-Za-z]{2}")

STAGED = (
    ("_bare", pa.bool_()),
    ("_phone_valid", pa.bool_()),
    ("_email_valid", pa.bool_()),
    ("_noted", pa.string()),
)
"""What is staged beside the columns of `CUSTOMERS`: whether the row lacks metadata,
whether its contacts are good by today's rules, and what was noted about it."""


def customer_table(
    rows: Sequence[Row], region: str, dropped: frozenset[str]
) -> pa.Table:
    """Return `rows` as `CUSTOMERS` and `STAGED`; `dropped` fields are left out.

    Numbers without a country code are read as those of `region`.
    """
    columns = Columns(rows)
    phone, email = columns.texts("phone"), columns.texts("email")
    phones = read_phones(phone.to_pylist(), region)
    built = {
        "id": columns.texts("id"),
        "name": columns.texts("name"),
        "email": email,
        "phone": phone,
        "phone_e164": strings([each.e164 if each else None for each in phones]),
        "country": strings(
            [
                _country(row) or (each.country if each else None)
                for row, each in zip(rows, phones, strict=True)
            ]
        ),
        "metadata": columns.objects("metadata", "meta"),
        "created_at": columns.instants("created_at"),
        "updated_at": columns.instants("updated_at"),
        "_phone_valid": booleans([each.is_valid if each else None for each in phones]),
        "_email_valid": booleans(are_good_emails(email.to_pylist())),
    }
    for index, row in enumerate(rows):
        if "metadata" in row and "meta" in row:
            columns.displace(index, "meta", row["meta"])
    built["_bare"] = booleans([lacks_metadata(row) for row in rows])
    built["extra"] = columns.leftovers(NAMED | {"metadata", "meta"}, dropped)
    built["_noted"] = columns.noted()
    return pa.table(built, schema=pa.schema([*CUSTOMERS, *STAGED]))


def lacks_metadata(row: Row) -> bool:
    """Return whether a list row says nothing at all about metadata."""
    return "metadata" not in row and "meta" not in row


def _country(row: Row) -> str | None:
    for place in (row.get("metadata"), row.get("meta"), row.get("address"), row):
        told: Any = place.get("country") if isinstance(place, dict) else None
        if isinstance(told, str) and _COUNTRY.fullmatch(told.strip()):
            return told.strip().upper()
    return None
