"""`index`: the list of existing customers that lasts between runs, as a step of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass

from pipeline.existing.hashes import with_metadata_kept
from pipeline.match.known import Known
from pipeline.runs.connect import Connection, account_line, connect
from pipeline.runs.memory import RunMemory
from pipeline.runs.remembering import remembered
from pipeline.runs.talk import Talk
from pipeline.settings import Settings
from pipeline.state.index import CustomerIndex
from pipeline.state.lineage import Settled
from pipeline.state.writes import IndexRow

_PAGES_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What the index holds; `age_seconds` since the last whole listing began."""

    customers: int = 0
    gone: int = 0
    age_seconds: float | None = None
    requests: int = 0

    def as_dict(self) -> dict[str, object]:
        """Return the values by name."""
        return asdict(self)


def refresh(settings: Settings, talk: Talk) -> IndexStatus:
    """Read the whole list of customers into the index.

    Raises:
        CannotStartError: No key, or the API or the state database is out of reach.
    """
    settings.key()
    return asyncio.run(_refresh(settings, talk))


async def _refresh(settings: Settings, talk: Talk) -> IndexStatus:
    async with connect(settings, talk) as connection:
        talk.say(account_line(connection.account, settings))
        talk.stage("existing customers", None)
        memory = RunMemory.of(connection, "index", "")
        started = memory.index.begin_listing()
        async for rows in _pages(connection):
            memory.index.upsert(_rows(memory, rows))
            talk.advance(len(rows))
        memory.index.end_listing(started)
        requests = connection.client.stats.as_dict()["requests"]
        told = _status(memory.index, requests)
        memory.notes.put("index_size", str(told.customers))
        return told


async def _pages(connection: Connection) -> AsyncIterator[Sequence[Known]]:
    """Yield customers, many pages together, so that a commit is worth its while."""
    waiting: list[Known] = []
    pages = 0
    async for rows in connection.finder().pages():
        waiting += rows
        pages += 1
        if pages % _PAGES_AT_ONCE == 0:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _rows(memory: RunMemory, customers: Sequence[Known]) -> list[IndexRow]:
    """Return the entries of a listing; what it does not show stays as it was known."""
    before = memory.index.get(k.id for k in customers)
    return [
        with_metadata_kept(memory.hashes.row(k), before.get(k.id)) for k in customers
    ]


def status(settings: Settings) -> IndexStatus:
    """Return what the index of the account holds, without asking the API."""
    with remembered(settings) as (state, account):
        if state is None or account is None:
            return IndexStatus()
        return _status(CustomerIndex(state, account), 0)


def clear(settings: Settings) -> IndexStatus:
    """Trust the index no more until it is refreshed; whom we wrote stays known."""
    with remembered(settings) as (state, account):
        if state is None or account is None:
            return IndexStatus()
        index = CustomerIndex(state, account)
        index.clear()
        Settled(state, account).clear()
        return _status(index, 0)


def _status(index: CustomerIndex, requests: int) -> IndexStatus:
    stats = index.stats()
    age = None if stats.age is None else round(stats.age, 1)
    return IndexStatus(stats.customers, stats.gone, age, requests)
