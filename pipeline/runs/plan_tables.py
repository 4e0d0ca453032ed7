"""The tables of a plan on the workbench, and the record of a golden line."""

import json
from typing import Any

import pyarrow as pa

from pipeline.match.known import Record

VERDICT = pa.schema(
    [
        ("row", pa.int64()),
        ("action", pa.string()),
        ("customer_id", pa.string()),
        ("rule", pa.string()),
        ("skip", pa.string()),
        ("candidates", pa.string()),
        ("reason", pa.string()),
    ]
)
OPERATION = pa.schema(
    [
        ("op", pa.int64()),
        ("row", pa.int64()),
        ("action", pa.string()),
        ("customer_id", pa.string()),
        ("record", pa.string()),
        ("body", pa.string()),
        ("changes", pa.string()),
        ("before", pa.string()),
        ("read_at", pa.float64()),
    ]
)
DECISION = pa.schema(
    [
        ("row", pa.int64()),
        ("outcome", pa.string()),
        ("customer_id", pa.string()),
        ("merged_into_row", pa.int64()),
        ("rule", pa.string()),
        ("reason", pa.string()),
    ]
)
CHANGE = pa.schema(
    [
        ("row", pa.int64()),
        ("action", pa.string()),
        ("customer_id", pa.string()),
        ("field", pa.string()),
        ("old", pa.string()),
        ("new", pa.string()),
        ("rule", pa.string()),
        ("identity", pa.string()),
        ("from_row", pa.int64()),
        ("from_rule", pa.string()),
    ]
)
GOLDEN = (
    "row, name, email, phone, country, external_id, birth_date, national_id, metadata"
)
"""Columns of `golden` of which a record is made, in the order of `record_of`."""


def record_of(line: tuple[Any, ...]) -> Record:
    """Return the golden record of a line; country and external id go to the metadata."""
    row, name, email, phone, country, external_id, born, national_id, metadata = line
    values = metadata_of(country, external_id, metadata)
    return Record(row, name, email, phone, external_id, born, values, national_id)


def metadata_of(
    country: str | None, external_id: str | None, metadata: str | None
) -> dict[str, str]:
    """Return the metadata that is sent: the file's, its country and external id."""
    values: dict[str, str] = json.loads(metadata) if metadata else {}
    if country:
        values["country"] = country
    if external_id:
        values["external_id"] = external_id
    return values


def columns_of(schema: pa.Schema) -> tuple[tuple[str, str], ...]:
    """Return the columns of `schema` as DuckDB has them."""
    kinds = {"int64": "BIGINT", "double": "DOUBLE"}
    return tuple((f.name, kinds.get(str(f.type), "VARCHAR")) for f in schema)
