"""Read what a request asks for from the API into the staging folder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from pipeline.api.errors import NotFound, RefusedByApi, Unavailable
from pipeline.export import customers as customer_rows
from pipeline.export import payments as payment_rows
from pipeline.export.listing import Fetch, Listing, Reading, drain
from pipeline.export.request import ExportRequest, Progress
from pipeline.export.sink import Sink
from pipeline.export.source import PAGE_SIZE, ExportClient, as_row
from pipeline.export.staging import Staging
from schemas.api import Page

GEO = frozenset(("geo",))
PAGE_TRIES = 3
DETAILS = "customer details"
_ABSENT = (404, 405, 410, 501)

THROUGH_LIST = "/payments"
THROUGH_CUSTOMERS = "/customers/{id}/payments"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was read of one table: the books, and lines that were no objects."""

    reading: Reading
    unreadable: int
    through: str


class Gatherer:
    """Reads the lists of one request; what is staged already is not read again."""

    def __init__(
        self,
        client: ExportClient,
        request: ExportRequest,
        staging: Staging,
        progress: Progress,
    ) -> None:
        self._client = client
        self._request = request
        self._staging = staging
        self._progress = progress
        self._dropped = frozenset() if request.keep_geo else GEO

    async def customers(self) -> Gathered:
        """Read the customers."""
        sink = self._customers()

        async def fetch(page: int) -> Page[Any]:
            return await self._client.customer_rows(page=page, limit=PAGE_SIZE)

        return await self._read(customer_rows.TABLE, fetch, sink, "/customers")

    async def details(self, ids: list[str], sweep: int) -> int:
        """Read single customers whose list rows lack the metadata; return how many."""
        sink = self._customers()
        done = 0

        async def one(customer_id: str) -> None:
            nonlocal done
            try:
                found = await self._client.customer_row(customer_id)
            except NotFound:
                return
            finally:
                done += 1
            sink.take(max(sweep, 1), f"detail {customer_id}", [found])
            self._progress(DETAILS, done, len(ids))

        try:
            await drain(ids, one, self._request.concurrency)
        finally:
            sink.flush()
        return done

    async def payments(self) -> Gathered | None:
        """Read the payments; None where the API has no list of all payments."""
        try:
            return await self._read(
                payment_rows.TABLE, self._payment_page, self._payments(), THROUGH_LIST
            )
        except NotFound:
            pass
        except RefusedByApi as refusal:
            if refusal.status not in _ABSENT:
                raise
        self._staging.forget(payment_rows.TABLE)
        return None

    async def payments_of(self, ids: list[str]) -> Gathered:
        """Read the payments of each customer in `ids`."""
        sink = self._payments()
        done = set(sink.resumed_names())
        totals, rows, pages = 0, 0, 0

        async def one(customer_id: str) -> None:
            nonlocal totals, rows, pages
            reading = await self._of_customer(customer_id, sink)
            totals += reading.totals if reading.totals is not None else reading.rows
            rows += reading.rows
            pages += reading.pages
            self._progress(payment_rows.TABLE, rows, None)

        try:
            todo = [each for each in ids if each not in done]
            await drain(todo, one, self._request.concurrency)
        finally:
            sink.flush()
        reading = Reading(rows, totals, 0, 1, pages)
        return Gathered(reading, sink.unreadable, THROUGH_CUSTOMERS)

    async def _read(
        self, table: str, fetch: Fetch, sink: Sink, through: str
    ) -> Gathered:
        told = self._staging.result(table)
        if told is not None:
            return _gathered(told)
        self._staging.forget(table, from_sweep=2)
        listing = Listing(
            _patient(fetch),
            sink,
            workers=self._request.concurrency,
            progress=lambda done, total: self._progress(table, done, total),
        )
        try:
            reading = await listing.read()
        finally:
            sink.flush()
        gathered = Gathered(reading, sink.unreadable, through)
        self._staging.finish(table, asdict(gathered))
        return gathered

    def _customers(self) -> Sink:
        region = self._request.region
        return Sink(
            customer_rows.TABLE,
            self._staging,
            lambda rows: customer_rows.customer_table(rows, region, self._dropped),
            "id",
        )

    def _payments(self) -> Sink:
        timezone = self._request.timezone
        return Sink(
            payment_rows.TABLE,
            self._staging,
            lambda rows: payment_rows.payment_table(rows, timezone, self._dropped),
            "id",
            "reference",
        )

    async def _payment_page(self, page: int) -> Page[Any]:
        request = self._request
        # Whether the API counts the last day, and in which zone, is not said.
        day = timedelta(days=1)
        start = (request.since - day).isoformat() if request.since else None
        end = (request.until + day).isoformat() if request.until else None
        return await self._client.payments(
            page=page,
            limit=PAGE_SIZE,
            status=request.status,
            date_start=start,
            date_end=end,
        )

    async def _of_customer(self, customer_id: str, sink: Sink) -> Reading:
        async def fetch(page: int) -> Page[Any]:
            try:
                return await self._client.customer_payments(
                    customer_id,
                    page=page,
                    limit=PAGE_SIZE,
                    status=self._request.status,
                )
            except NotFound:
                return Page(items=(), totals=0, last_page=1)

        own = _Own(sink, customer_id)
        return await Listing(_patient(fetch), own, workers=1, progress=_silent).read()


class _Own:
    """One customer's share of a sink; its pages are named by the customer."""

    def __init__(self, sink: Sink, customer_id: str) -> None:
        self._sink = sink
        self._customer_id = customer_id
        self._rows: list[Any] = []
        self.keys: set[int] = set()

    def take(self, sweep: int, page: int | str, items: Sequence[Any]) -> list[int]:  # noqa: ARG002 - a protocol's
        """Pass the rows on: rows of every sweep count, the newest of a key wins."""
        told = [_of(item, self._customer_id) for item in items]
        hashes = self._sink.take(1, self._customer_id, told)
        self.keys.update(hashes)
        return hashes

    def resumed(self, sweep: int) -> Iterator[tuple[int, list[int]]]:  # noqa: ARG002 - a protocol's
        """Nothing is resumed inside a customer."""
        return iter(())


def _of(item: object, customer_id: str) -> object:
    """Return a row with its customer, where the customer's own list leaves it out."""
    row = as_row(item)
    if row is None or row.get("customer") is not None:
        return item
    return {**row, "customer": customer_id}


def _silent(done: int, total: int | None) -> None:
    """Say nothing: one customer's payments are no stage."""


def _patient(fetch: Fetch) -> Fetch:
    """Ask for a page again where the client has given it up."""

    async def again(page: int) -> Page[Any]:
        for _ in range(PAGE_TRIES - 1):
            try:
                return await fetch(page)
            except Unavailable:
                continue
        return await fetch(page)

    return again


def _gathered(told: Mapping[str, Any]) -> Gathered:
    return Gathered(**dict(told) | {"reading": Reading(**told["reading"])})
