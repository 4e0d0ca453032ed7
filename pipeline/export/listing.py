"""Read a paged list that may move while it is read, until the books agree.

Pages are fetched by several workers. A list that grows at its front repeats rows, one
that shrinks skips some: so rows are told apart by their key, the number of distinct
keys is compared with the `totals` of the newest answer, the edges are looked at again,
and where that does not help the whole list is swept again, at most three times.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from schemas.api import Page

T = TypeVar("T")
Fetch = Callable[[int], Awaitable[Page[Any]]]

SWEEPS = 3
EDGE_ROUNDS = 6
PAGE_CAP = 1_000_000


class Taker(Protocol):
    """Where the rows go; tells them apart by the hashes of their keys."""

    keys: set[int]

    def take(self, sweep: int, page: int, items: Sequence[Any]) -> list[int]:
        """Keep the rows of a page and return the hashes of their keys."""
        ...

    def resumed(self, sweep: int) -> Iterator[tuple[int, list[int]]]:
        """Yield the pages, with keys, that are there from an interrupted sweep."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a list.

    `sweep` is the one whose rows count, or 0 for the rows of all. `difference` is
    distinct rows minus `totals`, None where the API told no totals.
    """

    rows: int
    totals: int | None
    sweep: int
    sweeps: int
    pages: int

    @property
    def difference(self) -> int | None:
        """Distinct rows minus totals."""
        return None if self.totals is None else self.rows - self.totals


@dataclass
class _Sweep:
    number: int
    keys: set[int] = field(default_factory=set)
    seen_pages: set[int] = field(default_factory=set)
    totals: int | None = None
    last_page: int | None = None
    size: int = 0
    repeated: int = 0
    shrank: bool = False
    varied: bool = False
    ended: bool = False
    watched: int = 0
    watched_keys: list[int] | None = None
    moved: bool = False

    @property
    def agrees(self) -> bool:
        return self.totals is None or len(self.keys) == self.totals

    def tell(self, page: Page[Any]) -> None:
        """Take down the counts of an answer; the newest counts."""
        if page.totals is not None:
            before = self.totals
            self.varied |= before is not None and before != page.totals
            self.shrank |= before is not None and page.totals < before
            self.totals = page.totals
        self.size = max(self.size, len(page.items))
        last = page.last_page
        if self.totals is not None and self.size:
            last = max(last or 1, -(-self.totals // self.size))
        self.last_page = last
        self.ended |= last is None and len(page.items) < self.size


class Listing:
    """One list of the API: `fetch` gives its pages, `sink` takes their rows."""

    def __init__(
        self,
        fetch: Fetch,
        sink: Taker,
        *,
        workers: int,
        progress: Callable[[int, int | None], None],
    ) -> None:
        self._fetch = fetch
        self._sink = sink
        self._workers = workers
        self._progress = progress
        self._pages = 0

    async def read(self) -> Reading:
        """Read until the books agree, or the sweeps are used up."""
        sweep = await self._sweep(1)
        while not await self._settled(sweep) and sweep.number < SWEEPS:
            sweep = await self._sweep(sweep.number + 1)
        return self._reading(sweep)

    def _reading(self, sweep: _Sweep) -> Reading:
        rows, number = len(sweep.keys), sweep.number
        if not sweep.agrees and len(self._sink.keys) <= (sweep.totals or 0):
            rows, number = len(self._sink.keys), 0
        return Reading(rows, sweep.totals, number, sweep.number, self._pages)

    async def _sweep(self, number: int) -> _Sweep:
        sweep = _Sweep(number)
        for page, keys in self._sink.resumed(number):
            sweep.seen_pages.add(page)
            sweep.keys.update(keys)
        # The first page is read in any case, since it tells the totals; then the last,
        # so that a second look at it in the end shows whatever moved in between.
        await self._take(sweep, 1)
        if sweep.last_page is not None and sweep.last_page > 1:
            sweep.watched = sweep.last_page
            await self._take(sweep, sweep.watched)
        await drain(_Numbers(sweep), lambda p: self._take(sweep, p), self._workers)
        return sweep

    async def _take(self, sweep: _Sweep, number: int) -> int:
        """Read page `number` into the sweep; return how many rows of it are new."""
        page = await self._fetch(number)
        self._pages += 1
        sweep.tell(page)
        again = number in sweep.seen_pages
        sweep.seen_pages.add(number)
        new = 0
        keys = self._sink.take(sweep.number, number, page.items)
        if number == sweep.watched and sweep.watched_keys is None:
            sweep.watched_keys = keys
        sweep.moved |= number == sweep.watched and keys != sweep.watched_keys
        for key in keys:
            if key not in sweep.keys:
                sweep.keys.add(key)
                new += 1
            elif not again:
                sweep.repeated += 1
        sweep.moved |= again and new > 0
        if not page.items:
            sweep.ended = True
        self._progress(len(sweep.keys), sweep.totals)
        return new

    async def _settled(self, sweep: _Sweep) -> bool:
        """Return whether the sweep holds what the list holds, after a second look."""
        if sweep.totals is None:
            return True
        calm = sweep.agrees and not (sweep.varied or sweep.repeated or sweep.moved)
        if calm:
            return await self._still(sweep)
        # Only a list that grew, and nothing else, can be mended from its edges.
        if sweep.shrank or not sweep.varied or len(sweep.keys) > sweep.totals:
            return False
        for _ in range(EDGE_ROUNDS):
            found = await self._edges(sweep)
            if sweep.agrees:
                return not sweep.shrank
            if not found:
                break
        return False

    async def _still(self, sweep: _Sweep) -> bool:
        """Look at the last page again: whatever moved before it has moved it, too."""
        if not sweep.watched:
            return True
        await self._take(sweep, sweep.watched)
        return sweep.agrees and not sweep.moved and not sweep.varied

    async def _edges(self, sweep: _Sweep) -> int:
        """Read from the front and from the back as long as there is something new."""
        found = 0
        page = 1
        while new := await self._take(sweep, page):
            found += new
            page += 1
        page = sweep.last_page or 1
        while page > 1 and (new := await self._take(sweep, page)):
            found += new
            page -= 1
        return found


class _Numbers(Iterator[int]):
    """Page numbers still to read; a list that grows yields more, also after a pause."""

    def __init__(self, sweep: _Sweep) -> None:
        self._sweep = sweep
        self._at = 1

    def __next__(self) -> int:
        sweep = self._sweep
        while self._at < (sweep.last_page or PAGE_CAP):
            if sweep.last_page is None and sweep.ended:
                break
            self._at += 1
            if self._at not in sweep.seen_pages:
                return self._at
        raise StopIteration


async def drain(
    items: Iterable[T], work: Callable[[T], Awaitable[object]], workers: int
) -> None:
    """Do `work` for every item with at most `workers` at once; the first error ends it."""
    source = iter(items)

    async def worker() -> None:
        for item in source:
            await work(item)

    tasks = [asyncio.create_task(worker()) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
