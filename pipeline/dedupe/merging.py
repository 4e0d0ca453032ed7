"""Clusters into golden records: streamed out of DuckDB, merged, streamed back."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa

from pipeline.cycles import without_cycle_search
from pipeline.dedupe import simple
from pipeline.dedupe.golden import Golden, Record, merge
from pipeline.dedupe.policy import DedupePolicy
from schemas.tables import PREPARED

_BATCH = 8_000
_AHEAD = 3
"""Ranges that may wait for a worker, so that memory stays flat."""

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


_TABLES: Final = {
    "dd_merged": _MERGED,
    "dd_golden": _GOLDEN,
    "differences": _DIFFERENCES,
}
Parts = tuple[pa.Table, pa.Table, pa.Table]
"""Rows for each of `_TABLES`."""


def build(
    con: Any, source: str, policy: DedupePolicy, pool: Executor | None = None
) -> None:
    """Leave `dd_merged(row, into_row, rule)`, `dd_golden` and `differences` in `con`.

    Clusters that need judgement are merged in `pool`, where one is given.
    """
    for table, schema in _TABLES.items():
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
    if policy.prefer != "newest" or policy.date_key is None:
        simple.build(con)
    for parts in _merged(con, policy, pool):
        for table, part in zip(_TABLES, parts, strict=True):
            con.register("dd_arrow", part)
            con.execute(f"INSERT INTO {table} SELECT * FROM dd_arrow")
            con.unregister("dd_arrow")
    con.execute("DROP TABLE dd_members")


def _merged(con: Any, policy: DedupePolicy, pool: Executor | None) -> Iterator[Parts]:
    """Yield what each range of clusters comes to, a few ranges ahead in `pool`."""
    waiting: deque[Future[Parts]] = deque()
    for low, high in _ranges(con):
        members = con.sql(
            f"SELECT * FROM dd_members WHERE root BETWEEN {low} AND {high}"
            " ORDER BY root"
        ).to_arrow_table()
        if pool is None:
            yield merge_members(members, policy)
            continue
        waiting.append(pool.submit(merge_members, members, policy))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()


def merge_members(members: pa.Table, policy: DedupePolicy) -> Parts:
    """Merge whole clusters: rows of `dd_members` in the order of their root.

    Returns rows for `dd_merged`, `dd_golden` and `differences`.
    """
    with without_cycle_search():
        rows = zip(*(column.to_pylist() for column in members.columns), strict=True)
        goldens = list(_golden_records(rows, policy))
        merged = [
            (member.row, golden.record.row, _rule(golden, member))
            for golden in goldens
            for member in golden.members
        ]
        records = [(*g.record[: len(_COLUMNS)], g.provenance) for g in goldens]
        differences = [d for golden in goldens for d in golden.differences]
        return (
            _table(_MERGED, merged),
            _table(_GOLDEN, records),
            _table(_DIFFERENCES, differences),
        )


def _create(con: Any, table: str, schema: pa.Schema) -> None:
    con.register("dd_arrow", schema.empty_table())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM dd_arrow")
    con.unregister("dd_arrow")


def _ranges(con: Any) -> list[tuple[int, int]]:
    """Return ranges of cluster roots of about a batch each, so that memory is flat."""
    roots = np.sort(con.execute("SELECT root FROM dd_members").fetchnumpy()["root"])
    if not len(roots):
        return []
    lows = np.unique(roots[::_BATCH])
    highs = [*(lows[1:] - 1).tolist(), int(roots[-1])]
    return list(zip(lows.tolist(), highs, strict=True))


def _golden_records(
    members: Iterable[tuple[Any, ...]], policy: DedupePolicy
) -> Iterator[Golden]:
    for _, rows in groupby(members, key=itemgetter(-1)):
        yield merge([Record(*row[:-1]) for row in rows], policy)


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


def _table(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    if not rows:
        return schema.empty_table()
    columns = zip(*rows, strict=True)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
