"""Rows of the customers list as the `CUSTOMERS` table."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from pipeline.export.columns import Columns, Row
from schemas.exports import CUSTOMERS

TABLE = "customers"
NAMED = frozenset(("id", "name", "email", "phone", "created_at", "updated_at"))
_COUNTRY = re.compile("[A-Za-z]{2}")

PhoneReader = Callable[[Sequence[str | None]], Sequence[tuple[str | None, str | None]]]
"""Stored phones -> (E.164, country) pairs, None where it is no phone number."""


def customer_table(
    rows: Sequence[Row], phones: PhoneReader, dropped: frozenset[str]
) -> pa.Table:
    """Return `rows` as `CUSTOMERS` and findings; `dropped` fields are left out."""
    columns = Columns(rows)
    phone = columns.texts("phone")
    read = phones(phone.to_pylist())
    countries = [_country(row) or p[1] for row, p in zip(rows, read, strict=True)]
    built = {
        "id": columns.texts("id"),
        "name": columns.texts("name"),
        "email": columns.texts("email"),
        "phone": phone,
        "phone_e164": pa.array([pair[0] for pair in read], pa.string()),
        "country": pa.array(countries, pa.string()),
        "metadata": columns.objects("metadata", "meta"),
        "created_at": columns.instants("created_at"),
        "updated_at": columns.instants("updated_at"),
    }
    for index, row in enumerate(rows):
        if "metadata" in row and "meta" in row:
            columns.displace(index, "meta", row["meta"])
    built["extra"] = columns.extra(NAMED | {"metadata", "meta"}, dropped)
    table = pa.table(built, schema=CUSTOMERS)
    bare = pa.array([lacks_metadata(row) for row in rows], pa.bool_())
    return table.append_column("_bare", bare).append_column("_noted", columns.noted())


def lacks_metadata(row: Row) -> bool:
    """Return whether a list row says nothing at all about metadata."""
    return "metadata" not in row and "meta" not in row


def _country(row: Row) -> str | None:
    for place in (row.get("metadata"), row.get("meta"), row.get("address"), row):
        told: Any = place.get("country") if isinstance(place, dict) else None
        if isinstance(told, str) and _COUNTRY.fullmatch(told.strip()):
            return told.strip().upper()
    return None
