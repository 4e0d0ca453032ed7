"""Bring the existing customers that matter for a file onto the workbench.

The first page of the listing tells the total; then whichever costs fewer requests is
used: a search for each contact of the file, or the whole listing.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from pipeline.api.clock import Clock
from pipeline.api.errors import NotFound
from pipeline.existing.finder import PAGE, Finder, SearchUnfitError
from pipeline.match.known import Known
from pipeline.runs.workbench import Workbench
from schemas.api import Customer, Page

EXISTING = pa.schema(
    [
        ("id", pa.string()),
        ("name", pa.string()),
        ("email", pa.string()),
        ("phone", pa.string()),
        ("email_key", pa.string()),
        ("phone_key", pa.string()),
        ("metadata", pa.string()),
        ("created_at", pa.string()),
        ("updated_at", pa.string()),
        ("read_at", pa.float64()),
    ]
)
_COLUMNS = tuple(
    (name, "DOUBLE" if name == "read_at" else "VARCHAR") for name in EXISTING.names
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """How the existing customers were read, for the plan's first lines."""

    way: str
    total: int | None
    requests: int
    instead: int | None


async def gather_existing(
    bench: Workbench,
    finder: Finder,
    clock: Clock,
    *,
    concurrency: int,
    records: str = "golden",
) -> Gathered:
    """Fill the `existing` table with every customer who carries a contact of the file.

    Reads the table `records`. Contacts are compared later, in SQL and by name.
    """
    empty_existing(bench)
    contacts = _contacts(bench, records)
    if contacts == 0:
        return Gathered("none", None, 0, None)
    first = await finder.first_page()
    total = first.totals
    pages = None if total is None else max(1, -(-total // PAGE))
    if pages == 1 or pages is None or pages - 1 <= contacts:
        await _list(bench, finder, clock, first)
        return Gathered("listing", total, pages or 0, contacts)
    if not await _phones_can_be_found(bench, finder, first, contacts, records):
        await _list(bench, finder, clock, first)
        return Gathered("listing", total, pages, contacts)
    try:
        await _search(bench, finder, clock, concurrency, records)
    except SearchUnfitError:
        await _list(bench, finder, clock, None)
        return Gathered("listing", total, pages, contacts)
    return Gathered("search", total, contacts, pages)


def empty_existing(bench: Workbench) -> None:
    """Create the empty table of existing customers."""
    bench.table("existing", _COLUMNS)


def _contacts(bench: Workbench, records: str) -> int:
    return int(
        bench.scalar(
            "SELECT count(DISTINCT lower(email)) + count(DISTINCT phone)"
            f" FROM {records}"
        )
    )


async def _phones_can_be_found(
    bench: Workbench,
    finder: Finder,
    first: Page[Customer],
    contacts: int,
    records: str,
) -> bool:
    """Tell whether the search finds phones, as far as the records have any.

    Where every row has two contacts of its own, learning must answer one of them by
    the way, so that no more than two requests a row are needed.
    """
    if not bench.scalar(f"SELECT count(phone) FROM {records}"):
        return True
    rows = int(bench.scalar(f"SELECT count(*) FROM {records}"))
    if contacts < 2 * rows:
        return await finder.learn_phone_form(first)
    query = f"SELECT phone FROM {records} UNION ALL SELECT lower(email) FROM {records}"
    return await finder.learn_phone_form(first, [c for (c,) in bench.stream(query)])


async def _list(bench: Workbench, finder: Finder, clock: Clock, first: object) -> None:
    async for rows in finder.pages(first):  # type: ignore[arg-type]  # Page or None
        store(bench, rows, clock.time())


async def _search(
    bench: Workbench, finder: Finder, clock: Clock, concurrency: int, records: str
) -> None:
    query = f"""
        SELECT DISTINCT lower(email), NULL FROM {records} WHERE email IS NOT NULL
        UNION ALL
        SELECT DISTINCT NULL, phone FROM {records} WHERE phone IS NOT NULL
        ORDER BY ALL
    """
    seen: set[str] = set()
    async for rows in _found(finder, bench.stream(query), concurrency):
        fresh = [k for k in rows if k.id not in seen]
        seen.update(k.id for k in fresh)
        store(bench, fresh, clock.time())


async def _found(
    finder: Finder,
    contacts: Iterator[tuple[str | None, str | None]],
    concurrency: int,
) -> AsyncIterator[Sequence[Known]]:
    async def one(email: str | None, phone: str | None) -> Sequence[Known]:
        found = await finder.search(email, phone)
        return (*found.by_email, *found.by_phone)

    window: list[asyncio.Task[Sequence[Known]]] = []
    try:
        for email, phone in contacts:
            window.append(asyncio.create_task(one(email, phone)))
            if len(window) >= concurrency:
                yield await window.pop(0)
        while window:
            yield await window.pop(0)
    finally:
        for task in window:
            task.cancel()
        await asyncio.gather(*window, return_exceptions=True)


async def read_metadata(
    bench: Workbench, finder: Finder, clock: Clock, *, concurrency: int
) -> int:
    """GET every matched customer whose list row lacks the metadata; return how many.

    Reads the table `verdict`; a customer who is gone by now loses its line in `existing`.
    """
    ids = [
        line[0]
        for line in bench.stream(
            """
            SELECT DISTINCT e.id FROM verdict v JOIN existing e ON e.id = v.customer_id
            WHERE e.metadata IS NULL ORDER BY e.id
            """
        )
    ]
    gate = asyncio.Semaphore(concurrency)

    async def one(customer_id: str) -> tuple[str, Known | None]:
        async with gate:
            try:
                return customer_id, await finder.get(customer_id)
            except NotFound:
                return customer_id, None

    for start in range(0, len(ids), PAGE):
        read = await asyncio.gather(*(one(i) for i in ids[start : start + PAGE]))
        for customer_id, _ in read:
            bench.con.execute("DELETE FROM existing WHERE id = ?", [customer_id])
        store(bench, [k for _, k in read if k is not None], clock.time(), whole=True)
    return len(ids)


def store(
    bench: Workbench, rows: Iterable[Known], now: float, *, whole: bool = False
) -> None:
    """Append customers read at `now`; `whole` says that missing metadata means none."""
    bench.append("existing", EXISTING, (_line(k, now, whole=whole) for k in rows))


def _line(k: Known, now: float, *, whole: bool) -> tuple[object, ...]:
    metadata = k.customer.metadata
    if metadata is None and whole:
        metadata = {}
    return (
        k.id,
        k.customer.name,
        k.customer.email,
        k.customer.phone,
        k.email,
        k.phone,
        None if metadata is None else json.dumps(dict(metadata), ensure_ascii=False),
        k.customer.created_at,
        k.customer.updated_at,
        now,
    )


def from_line(line: Sequence[object]) -> tuple[Known, float]:
    """Return the customer of an `existing` line and when it was read."""
    (
        ident,
        name,
        email,
        phone,
        email_key,
        phone_key,
        metadata,
        created,
        updated,
        at,
    ) = line
    customer = Customer(
        id=str(ident),
        name=_text(name),
        email=_text(email),
        phone=_text(phone),
        metadata=None if metadata is None else json.loads(str(metadata)),
        created_at=_text(created),
        updated_at=_text(updated),
    )
    return Known(customer, _text(email_key), _text(phone_key)), float(str(at))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
