"""Arrow schemas of the tables that cross a room or are written to disk."""

import pyarrow as pa

_TEXT = pa.string()

PREPARED = pa.schema(
    [
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("name", _TEXT),
        ("email", _TEXT),
        ("phone", _TEXT),
        ("country", _TEXT),
        ("external_id", _TEXT),
        ("birth_date", _TEXT),
        ("national_id", _TEXT),
        ("metadata", _TEXT),
    ]
)
"""Accepted rows after normalising: E.164 phone, ISO country, metadata as JSON text
with sorted keys (country and external_id are not in it yet). `birth_date` and
`national_id` are filled only where `--map metadata.KEY=COLUMN` names such a column."""

REJECTED = pa.schema(
    [
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("rule", _TEXT),
        ("reason", _TEXT),
        ("suggestion", _TEXT),
    ]
)
"""Rows whose data is wrong: the first rule that rejected each, all reasons joined."""

OUTCOMES = pa.schema(
    [
        ("row", pa.int64()),
        ("line", pa.int64()),
        ("outcome", _TEXT),
        ("customer_id", _TEXT),
        ("merged_into_row", pa.int64()),
        ("rule", _TEXT),
        ("reason", _TEXT),
    ]
)

PLAN = pa.schema(
    [
        ("row", pa.int64()),
        ("action", _TEXT),
        ("customer_id", _TEXT),
        ("field", _TEXT),
        ("old", _TEXT),
        ("new", _TEXT),
        ("rule", _TEXT),
    ]
)
