"""Rows of the customers list as the `CUSTOMERS` table."""

import re
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipeline.export.columns import Columns, Row, strings
from pipeline.export.contacts import read_contacts
from schemas.exports import CUSTOMERS

TABLE = "customers"
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
    contacts = read_contacts(phone, email, region)
    own = zip(rows, contacts.countries, strict=True)
    built = {
        "id": columns.texts("id"),
        "name": columns.texts("name"),
        "email": email,
        "phone": phone,
        "phone_e164": contacts.e164,
        "country": strings([_country(row) or country for row, country in own]),
        "metadata": columns.objects("metadata", "meta"),
        "created_at": columns.instants("created_at"),
        "updated_at": columns.instants("updated_at"),
        "_phone_valid": contacts.phone_valid,
        "_email_valid": contacts.email_valid,
    }
    for index, row in enumerate(rows):
        if "metadata" in row and "meta" in row:
            columns.displace(index, "meta", row["meta"])
    bare = strings(["1" if lacks_metadata(row) else "0" for row in rows])
    built["_bare"] = bare.cast(pa.bool_())
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
