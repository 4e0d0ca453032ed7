"""Read single customers onto the workbench, many at a time."""

import asyncio
from collections.abc import Iterable

from pipeline.api.errors import NotFound
from pipeline.existing.finder import PAGE
from pipeline.match.known import Known
from pipeline.runs.connect import Connection
from pipeline.runs.gather import store
from pipeline.runs.memory import RunMemory
from pipeline.runs.workbench import Workbench


async def read_customers(
    bench: Workbench, connection: Connection, memory: RunMemory, ids: Iterable[str]
) -> frozenset[str]:
    """GET customers into `existing`; return the ids that the API does not know.

    The index learns both: who is gone, and how the others are.
    """
    finder, gate = (
        connection.finder(),
        asyncio.Semaphore(connection.settings.concurrency),
    )
    wanted = sorted(set(ids))
    gone: set[str] = set()

    async def one(customer_id: str) -> Known | None:
        async with gate:
            try:
                return await finder.get(customer_id)
            except NotFound:
                gone.add(customer_id)
                return None

    for start in range(0, len(wanted), PAGE):
        read = await asyncio.gather(*(one(i) for i in wanted[start : start + PAGE]))
        there = [k for k in read if k is not None]
        store(bench, there, connection.clock.time(), whole=True)
        if memory.index.age() is not None:
            memory.index.upsert(memory.hashes.row(k) for k in there)
    for customer_id in gone:
        memory.gone(customer_id)
    return frozenset(gone)


def not_there(bench: Workbench, ids: Iterable[str]) -> list[str]:
    """Return those of `ids` that `existing` does not hold."""
    wanted = sorted(set(ids))
    if not wanted:
        return []
    held = bench.con.execute(
        "SELECT id FROM existing WHERE id IN (SELECT unnest(?))", [wanted]
    ).fetchall()
    known = {line[0] for line in held}
    return [i for i in wanted if i not in known]
