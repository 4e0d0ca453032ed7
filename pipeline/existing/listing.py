"""Read the whole customer list: pages in parallel, rows once, counts compared."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from pipeline.api.client import NotchPayClient
from schemas.api import Customer, Page

PAGE = 100
_CAP = 1_000_000
"""Pages after which a list without counts is taken for endless."""


async def list_pages(
    client: NotchPayClient, first: Page[Customer] | None, concurrency: int
) -> AsyncIterator[Sequence[Customer]]:
    """Yield pages of customers, each customer once; a moving list is read again.

    Offset paging over a list that moves repeats rows or skips them: repeated ids are
    dropped, and where fewer distinct ids came than the last `totals` says, the list is
    read a second time for the missing ones.
    """
    seen: set[str] = set()
    page = first or await client.customers(page=1, limit=PAGE)
    for _ in range(2):
        totals = page.totals
        async for rows, told in _once(client, page, concurrency):
            totals = told if told is not None else totals
            fresh = [c for c in rows if c.id not in seen]
            seen.update(c.id for c in fresh)
            if fresh:
                yield fresh
        if totals is None or len(seen) >= totals:
            return
        page = await client.customers(page=1, limit=PAGE)


async def _once(
    client: NotchPayClient, first: Page[Customer], concurrency: int
) -> AsyncIterator[tuple[Sequence[Customer], int | None]]:
    yield first.items, first.totals
    last = _last_page(first)
    if last is None:
        async for page in _until_short(client, first):
            yield page.items, page.totals
        return
    window: list[asyncio.Task[Page[Customer]]] = []
    upcoming = 2
    try:
        while upcoming <= last or window:
            while upcoming <= last and len(window) < concurrency:
                window.append(
                    asyncio.create_task(client.customers(page=upcoming, limit=PAGE))
                )
                upcoming += 1
            page = await window.pop(0)
            last = max(last, _last_page(page) or last)
            yield page.items, page.totals
    finally:
        for task in window:
            task.cancel()
        await asyncio.gather(*window, return_exceptions=True)


def _last_page(page: Page[Customer]) -> int | None:
    if page.last_page is not None:
        return page.last_page
    if page.totals is not None:
        return max(1, -(-page.totals // max(len(page.items), 1))) if page.items else 1
    return None


async def _until_short(
    client: NotchPayClient, first: Page[Customer]
) -> AsyncIterator[Page[Customer]]:
    """Follow a list without counts until a page is short, empty or brings nothing new."""
    page, number = first, 1
    ids = {c.id for c in first.items}
    while len(page.items) >= PAGE and number < _CAP:
        number += 1
        page = await client.customers(page=number, limit=PAGE)
        new = {c.id for c in page.items} - ids
        if not new:
            return
        ids |= new
        yield page
