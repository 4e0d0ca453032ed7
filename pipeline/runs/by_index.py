"""Bring existing customers onto the workbench by the index: reads for changed rows only.

A row whose contacts nobody in the index has is new without a request. A row that hits
one customer who is as the index has him, and in whom it changes nothing, is settled.
Everybody else who is hit is read before anything is decided.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from itertools import islice
from typing import Any

import pyarrow as pa

from pipeline.match.changes import difference
from pipeline.match.known import Known, Record, email_key
from pipeline.runs.connect import Connection
from pipeline.runs.decided import said_of
from pipeline.runs.gather import EXISTING, Gathered, empty_existing, from_line
from pipeline.runs.index_lookup import (
    HIT,
    SETTLED,
    Desk,
    How,
    Lookup,
    look_up_elsewhere,
)
from pipeline.runs.memory import RunMemory
from pipeline.runs.plan_tables import GOLDEN, columns_of, record_of
from pipeline.runs.reading import read_customers
from pipeline.runs.workbench import BATCH, Workbench

_AHEAD = 4
"""Batches that wait for a worker: two for each of two."""

_Told = tuple[pa.Table, pa.Table]


async def gather_by_index(
    bench: Workbench,
    connection: Connection,
    memory: RunMemory,
    how: How,
    records: str = "golden",
    pool: Executor | None = None,
) -> Gathered:
    """Fill `existing` with customers who must be looked at, and `settled` with the rest.

    Reads the table `records`; looks up in `pool` where one is given, whose workers
    reach the state database. An entry whose customer is gone is taken out.
    """
    empty_existing(bench)
    empty_settled(bench)
    bench.table("index_hit", columns_of(HIT))
    for hits, settled in _looked_up(bench, memory, how, records, pool):
        bench.put("index_hit", hits)
        bench.put("settled", settled)
    # Two rows that are one customer are united in drafting, which needs him read.
    bench.con.execute(
        """DELETE FROM settled WHERE customer_id IN (
            SELECT customer_id FROM index_hit GROUP BY 1 HAVING count(*) > 1)"""
    )
    wanted = [
        line[0]
        for line in bench.stream(
            """SELECT DISTINCT customer_id FROM index_hit WHERE customer_id NOT IN (
                SELECT customer_id FROM settled) ORDER BY 1"""
        )
    ]
    if wanted:
        await read_customers(bench, connection, memory, wanted)
    return Gathered("index", memory.size(), len(wanted), None)


def empty_settled(bench: Workbench) -> None:
    """Create the empty table of rows that need neither a read nor a write."""
    bench.table("settled", columns_of(SETTLED))


def _looked_up(
    bench: Workbench,
    memory: RunMemory,
    how: How,
    records: str,
    pool: Executor | None,
) -> Iterator[_Told]:
    """Yield whom each batch of `records` hits and which of its rows are settled."""
    said = frozenset(said_of(bench))
    batches = bench.batches(f"SELECT {GOLDEN} FROM {records} ORDER BY row")
    if pool is None:
        lookup = Lookup(memory.index, memory.settled, memory.hashes, how)
        yield from (lookup.look_up(batch, said) for batch in batches)
        return
    desk = Desk(memory.place, memory.index.account, how)
    waiting: list[Future[_Told]] = []
    for batch in batches:
        waiting.append(pool.submit(look_up_elsewhere, desk, batch, said))
        if len(waiting) > _AHEAD:
            yield waiting.pop(0).result()
    yield from (future.result() for future in waiting)


def remember_settled(bench: Workbench, memory: RunMemory, how: How) -> None:
    """Remember the rows that were read and change nothing, for the next run."""
    golden = ", ".join(f"g.{column}" for column in GOLDEN.split(", "))
    existing = ", ".join(f"e.{column}" for column in EXISTING.names)
    query = f"""
        SELECT {golden}, {existing} FROM decision d JOIN verdict v USING (row)
        JOIN golden g USING (row) JOIN existing e ON e.id = d.customer_id
        WHERE d.outcome = 'unchanged' AND v.action = 'attach' AND v.skip IS NULL
          AND v.candidates IS NULL AND v.rule <> 'decided_same'
          AND d.row NOT IN (SELECT merged_into_row FROM decision
                            WHERE merged_into_row IS NOT NULL)
    """
    width = len(GOLDEN.split(", "))
    lines = bench.stream(query)
    while batch := list(islice(lines, BATCH)):
        known = [
            (without(record_of(line[:width]), how.key_name), from_line(line[width:])[0])
            for line in batch
        ]
        memory.settled.remember(dict(_settled(memory, how, known)))


def _settled(
    memory: RunMemory, how: How, pairs: Sequence[tuple[Record, Known]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    hashes = memory.hashes
    for record, found in pairs:
        same_person = email_key(record.email) == found.email or (
            record.phone is not None and record.phone == found.phone
        )
        diff = difference(record, found, how.prefer)
        if same_person and not diff.changes:
            mine, theirs = hashes.of_record(record), hashes.fingerprint(found)
            yield hashes.settled(found.id, mine, theirs, how.prefer), diff.kept


def without(record: Record, key_name: str) -> Record:
    """Return `record` without a metadata column that has the name of our key."""
    if key_name not in record.metadata:
        return record
    kept = {k: v for k, v in record.metadata.items() if k != key_name}
    return replace(record, metadata=kept)


def settle(bench: Workbench, note: Any) -> None:
    """Add the settled rows to `verdict`, and tell again what was kept in them."""
    bench.con.execute(
        """INSERT INTO verdict
        SELECT row, 'settled', customer_id, rule, NULL, NULL, NULL FROM settled"""
    )
    for row, kept in bench.stream("SELECT row, kept FROM settled WHERE kept <> ''"):
        for name in kept.split(","):
            note(row, "kept_existing_value", {"field": name})
