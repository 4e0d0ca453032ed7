"""From which row of the file, and by which rule, a merged record has each value."""

import json
from collections.abc import Iterator

import pyarrow as pa

from pipeline.runs.plan_tables import columns_of
from pipeline.runs.workbench import Workbench

_ORIGIN = pa.schema(
    [
        ("row", pa.int64()),
        ("field", pa.string()),
        ("from_row", pa.int64()),
        ("from_rule", pa.string()),
    ]
)
_AS_METADATA = ("country", "external_id")


def add_provenance(bench: Workbench) -> None:
    """Fill `from_row` and `from_rule` of the table `change` for merged values."""
    bench.table("origin", columns_of(_ORIGIN))
    if bench.append("origin", _ORIGIN, _origins(bench)):
        bench.con.execute(
            """UPDATE change SET from_row = o.from_row, from_rule = o.from_rule
            FROM origin o WHERE o.row = change.row AND o.field = change.field"""
        )


def _origins(bench: Workbench) -> Iterator[tuple[int, str, int, str]]:
    query = "SELECT row, provenance FROM golden WHERE provenance IS NOT NULL"
    for row, told in bench.stream(query):
        for field, origin in json.loads(told).items():
            name = f"metadata.{field}" if field in _AS_METADATA else field
            yield row, name, origin["row"], origin["rule"]
