"""Bring existing customers onto the workbench by the index: reads for changed rows only.

A row whose contacts nobody in the index has is new without a request. A row that hits
one customer who is as the index has him, and in whom it changes nothing, is settled.
Everybody else who is hit is read before anything is decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa

from pipeline.match.changes import difference
from pipeline.match.known import Known, Record, email_key
from pipeline.runs.connect import Connection
from pipeline.runs.decided import Said, said_of
from pipeline.runs.gather import EXISTING, Gathered, empty_existing, from_line
from pipeline.runs.memory import RunMemory
from pipeline.runs.plan_tables import GOLDEN, columns_of, record_of
from pipeline.runs.reading import read_customers
from pipeline.runs.workbench import BATCH, Workbench
from pipeline.state.writes import IndexRow

_MOST = 12
"""Customers read for one row; of a contact that more have, those of its name come first."""

_HIT = pa.schema([("row", pa.int64()), ("customer_id", pa.string())])
_SETTLED = pa.schema(
    [
        ("row", pa.int64()),
        ("customer_id", pa.string()),
        ("rule", pa.string()),
        ("kept", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class How:
    """How the index may be used: `max_age` in seconds, `prefer` as in the contract."""

    prefer: str
    max_age: float
    key_name: str


async def gather_by_index(
    bench: Workbench,
    connection: Connection,
    memory: RunMemory,
    how: How,
    records: str = "golden",
) -> Gathered:
    """Fill `existing` with customers who must be looked at, and `settled` with the rest.

    Reads the table `records`. An entry whose customer is gone is taken out.
    """
    empty_existing(bench)
    empty_settled(bench)
    bench.table("index_hit", columns_of(_HIT))
    said = said_of(bench)
    for rows in _batches(bench, records):
        _look_up(bench, memory, how, rows, said)
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
    bench.table("settled", columns_of(_SETTLED))


def _batches(bench: Workbench, records: str) -> Iterator[Sequence[Record]]:
    lines = bench.stream(f"SELECT {GOLDEN} FROM {records} ORDER BY row")
    while batch := list(islice(lines, BATCH)):
        yield [record_of(line) for line in batch]


def _look_up(
    bench: Workbench,
    memory: RunMemory,
    how: How,
    records: Sequence[Record],
    said: Mapping[int, Said],
) -> None:
    """Note whom each record hits, and which are settled as far as one row can tell."""
    hashes = memory.hashes
    keys = {r.row: hashes.contacts(r.email, r.phone) for r in records}
    found = memory.index.find(key for own in keys.values() for key in own)
    hits: list[tuple[int, str]] = []
    single: dict[str, tuple[Record, IndexRow]] = {}
    settled: list[tuple[Any, ...]] = []
    for record in records:
        people = {r.customer_id: r for k in keys[record.row] for r in found.get(k, ())}
        chosen = list(people.values())
        if len(chosen) > _MOST:
            chosen = _nearest(chosen, hashes.name(record.name))
        hits += [(record.row, r.customer_id) for r in chosen]
        if len(people) != 1 or record.row in said:
            continue
        row = chosen[0]
        if row.fingerprint is None:
            continue
        mine = hashes.of_record(without(record, how.key_name))
        if mine == row.fingerprint:
            settled.append((record.row, row.customer_id, _rule(keys, record, row), ""))
        else:
            key = hashes.settled(row.customer_id, mine, row.fingerprint, how.prefer)
            single[key] = record, row
    for key, kept in memory.settled.find(single).items():
        record, row = single[key]
        rule = _rule(keys, record, row)
        settled.append((record.row, row.customer_id, rule, ",".join(kept)))
    bench.append("index_hit", _HIT, hits)
    bench.append("settled", _SETTLED, settled)


def _nearest(people: list[IndexRow], name: str | None) -> list[IndexRow]:
    return sorted(people, key=lambda r: (r.name_key != name, r.customer_id))[:_MOST]


def _rule(keys: Mapping[int, Sequence[str]], record: Record, row: IndexRow) -> str:
    own = keys[record.row]
    by_email, by_phone = row.email_key in own, row.phone_key in own
    return "R1" if by_email and by_phone else ("R2" if by_email else "R3")


def without(record: Record, key_name: str) -> Record:
    """Return `record` without a metadata column that has the name of our key."""
    if key_name not in record.metadata:
        return record
    kept = {k: v for k, v in record.metadata.items() if k != key_name}
    return replace(record, metadata=kept)


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


def settle(bench: Workbench, note: Any) -> None:
    """Add the settled rows to `verdict`, and tell again what was kept in them."""
    bench.con.execute(
        """INSERT INTO verdict
        SELECT row, 'settled', customer_id, rule, NULL, NULL, NULL FROM settled"""
    )
    for row, kept in bench.stream("SELECT row, kept FROM settled WHERE kept <> ''"):
        for name in kept.split(","):
            note(row, "kept_existing_value", {"field": name})
