"""Clusters into golden records: streamed out of DuckDB, merged, streamed back."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.dedupe.golden import Golden, Record, merge
from pipeline.dedupe.policy import DedupePolicy
from schemas.tables import PREPARED

_BATCH = 8_000
_COLUMNS = tuple(PREPARED.names)

_MERGED = pa.schema(
    [("row", pa.int64()), ("into_row", pa.int64()), ("rule", pa.string())]
)
_GOLDEN = PREPARED.append(pa.field("provenance", pa.string()))
_DIFFERENCES = pa.schema(
    [
        ("row", pa.int64()),
        ("into_row", pa.int64()),
        ("field", pa.string()),
        ("kept", pa.string()),
        ("other", pa.string()),
    ]
)


def build(con: Any, source: str, policy: DedupePolicy) -> None:
    """Leave `dd_merged(row, into_row, rule)`, `dd_golden` and `differences` in `con`."""
    for table, schema in (
        ("dd_merged", _MERGED),
        ("dd_golden", _GOLDEN),
        ("differences", _DIFFERENCES),
    ):
        _create(con, table, schema)
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_rule AS
        SELECT row, min(rule) AS rule FROM (
            SELECT a AS row, rule FROM dd_edges UNION ALL SELECT b, rule FROM dd_edges)
        WHERE row IN (SELECT row FROM dd_cluster) GROUP BY row"""
    )
    # Sorted by root, each range of clusters is read back without a full scan.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_members AS
        SELECT {", ".join("s." + c for c in _COLUMNS)}, r.rule, d.ik, c.root
        FROM {source} s JOIN dd_cluster c ON c.row = s.row
        JOIN dd_rule r ON r.row = s.row JOIN dd_rows d ON d.row = s.row ORDER BY c.root"""
    )
    with _without_cycle_search():
        for low, high in _ranges(con):
            members = con.execute(
                f"SELECT * FROM dd_members WHERE root BETWEEN {low} AND {high}"
                " ORDER BY root"
            ).fetchall()
            _write(con, list(_golden_records(members, policy)))
    con.execute("DROP TABLE dd_members")


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Pause the cycle collector: plain tuples make no cycles, and it cost two fifths."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _create(con: Any, table: str, schema: pa.Schema) -> None:
    con.register("dd_arrow", schema.empty_table())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM dd_arrow")
    con.unregister("dd_arrow")


def _ranges(con: Any) -> list[tuple[int, int]]:
    """Return ranges of cluster roots of about a batch each, so that memory is flat."""
    roots = np.sort(con.execute("SELECT root FROM dd_cluster").fetchnumpy()["root"])
    if not len(roots):
        return []
    lows = np.unique(roots[::_BATCH])
    highs = [*(lows[1:] - 1).tolist(), int(roots[-1])]
    return list(zip(lows.tolist(), highs, strict=True))


def _golden_records(
    members: list[tuple[Any, ...]], policy: DedupePolicy
) -> Iterator[Golden]:
    for _, rows in groupby(members, key=itemgetter(-1)):
        yield merge([Record(*row[:-1]) for row in rows], policy)


def _write(con: Any, goldens: list[Golden]) -> None:
    _insert(
        con,
        "dd_merged",
        _MERGED,
        [
            (member.row, golden.record.row, _rule(golden, member))
            for golden in goldens
            for member in golden.members
        ],
    )
    _insert(
        con,
        "dd_golden",
        _GOLDEN,
        [(*golden.record[: len(_COLUMNS)], golden.provenance) for golden in goldens],
    )
    _insert(
        con,
        "differences",
        _DIFFERENCES,
        [difference for golden in goldens for difference in golden.differences],
    )


def _rule(golden: Golden, member: Record) -> str:
    """Return the rule of a member; equal e-mail and phone make R1 of R2 and R3."""
    other = golden.survivor
    both = (
        member.email is not None
        and member.phone is not None
        and member.phone == other.phone
        and member.email.lower() == (other.email or "").lower()
    )
    return "R1" if both and member.rule in {"R2", "R3"} else member.rule


def _insert(
    con: Any, table: str, schema: pa.Schema, rows: Sequence[tuple[Any, ...]]
) -> None:
    if not rows:
        return
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    con.register("dd_arrow", pa.Table.from_arrays(arrays, schema=schema))
    con.execute(f"INSERT INTO {table} SELECT * FROM dd_arrow")
    con.unregister("dd_arrow")
