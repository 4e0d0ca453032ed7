"""Match a file with the customers who exist: by index, by search or by listing."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from pipeline.match.known import Record
from pipeline.runs.by_index import (
    empty_settled,
    gather_by_index,
    remember_settled,
    settle,
)
from pipeline.runs.connect import Connection
from pipeline.runs.decided import has_decisions
from pipeline.runs.gather import Gathered, gather_existing, read_metadata
from pipeline.runs.index_lookup import How
from pipeline.runs.judging import Note, judge
from pipeline.runs.memory import RunMemory
from pipeline.runs.plan_tables import GOLDEN, record_of
from pipeline.runs.reading import not_there, read_customers
from pipeline.runs.request import ImportRequest
from pipeline.runs.suspects import hold_suspects
from pipeline.runs.workbench import BATCH, Workbench

_SOURCE_HIT = pa.schema([("row", pa.int64()), ("id", pa.string())])
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Matcher:
    """Matches the golden records of one run; `how` tells how the index may be used.

    `pool` holds workers of this machine, where there are any.
    """

    bench: Workbench
    connection: Connection
    memory: RunMemory
    how: How
    pool: Executor | None = None

    def index_age(self) -> float | None:
        """Return the seconds since the index was refreshed; None without one."""
        return self.memory.index.age()

    def uses_index(self) -> bool:
        """Tell whether there is an index that is young enough."""
        age = self.index_age()
        return age is not None and age <= self.how.max_age

    async def match(self, note: Note, records: str = "golden") -> Gathered:
        """Fill `existing` and `verdict` for the table `records`."""
        began = self.connection.state.now() - self.connection.settings.settle_seconds
        gathered = await self._gather(records)
        await self._fetch_named(records)
        if gathered.way == "search":
            await self._fetch_ours(records)
        elif gathered.way == "listing":
            await self._fetch_ours(records, since=began)
        rest = self._open(records, gathered)
        await self._judge(note, rest)
        whole_since = began if gathered.way == "listing" else None
        await hold_suspects(self, note, rest, whole_since=whole_since)
        if gathered.way == "index":
            settle(self.bench, note)
        return gathered

    def remember(self, gathered: Gathered) -> None:
        """Keep what was found to need no write, where the index was used."""
        if gathered.way == "index":
            remember_settled(self.bench, self.memory, self.how)

    async def _gather(self, records: str) -> Gathered:
        if self.uses_index():
            return await gather_by_index(
                self.bench,
                self.connection,
                self.memory,
                self.how,
                records,
                self.pool,
            )
        empty_settled(self.bench)
        return await gather_existing(
            self.bench,
            self.connection.finder(),
            self.connection.clock,
            concurrency=self.connection.settings.concurrency,
            records=records,
        )

    def _open(self, records: str, gathered: Gathered) -> str:
        """Return the table of records that are not settled by the index."""
        if gathered.way != "index":
            return records
        self.bench.con.execute(
            f"""CREATE OR REPLACE TABLE open_record AS SELECT * FROM {records}
            WHERE row NOT IN (SELECT row FROM settled)"""
        )
        return "open_record"

    async def _fetch_named(self, records: str) -> None:
        """Read customers whom a person named, or whom this source calls by its number."""
        bench = self.bench
        bench.table("source_hit", [("row", "BIGINT"), ("id", "VARCHAR")])
        for batch in _records(bench, f"FROM {records} WHERE external_id IS NOT NULL"):
            keys = {
                key: record.row
                for record in batch
                if (key := self.memory.hashes.external(self.memory.source, record))
            }
            found = self.memory.lineage.find(keys)
            hits = [(keys[key], i) for key, ids in found.items() for i in ids]
            bench.append("source_hit", _SOURCE_HIT, hits)
        wanted = [
            line[0] for line in bench.stream("SELECT DISTINCT id FROM source_hit")
        ]
        if has_decisions(bench):
            wanted += [
                line[0]
                for line in bench.stream(
                    f"""SELECT DISTINCT customer_id FROM said_customer
                    WHERE verdict = 'same' AND row IN (SELECT row FROM {records})"""
                )
            ]
        lacking = not_there(bench, wanted)
        await read_customers(bench, self.connection, self.memory, lacking)

    async def _fetch_ours(self, records: str, since: float | None = None) -> None:
        """Read whom we wrote under these contacts and search or listing did not show.

        A search may lag, or the customer is gone, or has another contact by now; a
        listing cannot show whom another run wrote `since` it began.
        """
        for batch in _records(self.bench, f"FROM {records}"):
            contacts = (self.memory.hashes.contacts(r.email, r.phone) for r in batch)
            found = self.memory.index.find(key for own in contacts for key in own)
            ours = {r.customer_id for rows in found.values() for r in rows}
            lacking = not_there(self.bench, ours)
            if since is not None:
                lacking = sorted(self.memory.index.seen_since(lacking, since))
            if lacking:
                await read_customers(self.bench, self.connection, self.memory, lacking)

    async def _judge(self, note: Note, records: str) -> None:
        """Judge; where lists lack the metadata and ids matter, read it first."""
        bench, connection = self.bench, self.connection
        finder, clock = connection.finder(), connection.clock
        concurrency = connection.settings.concurrency
        if _needs_metadata(bench, records):
            for _ in range(_ROUNDS):
                judge(bench, lambda *_: "", records=records)
                if not await read_metadata(
                    bench, finder, clock, concurrency=concurrency
                ):
                    break
        judge(bench, note, records=records)
        await read_metadata(bench, finder, clock, concurrency=concurrency)


def matcher_of(
    bench: Workbench,
    connection: Connection,
    request: ImportRequest,
    source: str,
    run_id: str,
    pool: Executor | None = None,
) -> Matcher:
    """Return the matcher of a run of `source`, as `request` wants it."""
    how = How(
        request.file.prefer, request.index_max_age, connection.settings.import_key
    )
    memory = RunMemory.of(connection, source, run_id)
    return Matcher(bench, connection, memory, how, pool)


def _records(bench: Workbench, which: str) -> Iterator[Sequence[Record]]:
    lines = bench.stream(f"SELECT {GOLDEN} {which} ORDER BY row")
    while batch := list(islice(lines, BATCH)):
        yield [record_of(line) for line in batch]


def _needs_metadata(bench: Workbench, records: str) -> bool:
    return bool(
        bench.scalar(
            f"""SELECT EXISTS (FROM existing WHERE metadata IS NULL) AND EXISTS (
            FROM {records} WHERE coalesce(external_id, birth_date, national_id)
                IS NOT NULL)"""
        )
    )
