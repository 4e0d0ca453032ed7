"""Settle creates whose answer was lost: by looking, many together, never by guessing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.api.clock import Clock
from pipeline.api.errors import NotFound
from pipeline.apply.evidence import Trace, has_key, looks_ours, unproven
from pipeline.apply.operation import Parked
from pipeline.existing.finder import PAGE, Finder, SearchUnfitError
from pipeline.match.known import Known, email_key


@dataclass(frozen=True, slots=True)
class Settled:
    """What looking brought: `ours` is the customer this run created.

    `others` carry the row's contact but are not ours; `unclear` means that several
    could be ours, and nothing more can be sent for that row.
    """

    parked: Parked
    ours: Known | None = None
    others: tuple[Known, ...] = ()
    unclear: bool = False


@dataclass(slots=True)
class Settler:
    """Looks parked creates up by one listing or by searches, whichever costs less.

    `total` is about how many customers there are, None where nobody knows.
    """

    finder: Finder
    clock: Clock
    settle_seconds: float
    key_name: str
    total: int | None = None

    def created(self) -> None:
        """Note one more customer, so that the price of a listing stays known."""
        if self.total is not None:
            self.total += 1

    async def settle(self, parked: Sequence[Parked]) -> list[Settled]:
        """Return what became of each parked create, in their order."""
        if not await self._list_is_cheaper(parked):
            try:
                return await self._by_search(parked)
            except SearchUnfitError:
                pass  # the search cannot tell; the listing can
        return await self._by_listing(parked)

    async def _list_is_cheaper(self, parked: Sequence[Parked]) -> bool:
        searches = sum(
            (p.operation.record.email is not None)
            + (p.operation.record.phone is not None)
            for p in parked
        )
        if self.total is None:
            return searches > 1
        return -(-max(self.total + len(parked), 1) // PAGE) <= searches

    async def _by_search(self, parked: Sequence[Parked]) -> list[Settled]:
        await self._wait(parked)
        settled = []
        for one in parked:
            record = one.operation.record
            found = await self.finder.search(record.email, None)
            candidates = {k.id: k for k in found.by_email}
            verdict = await self._judge(one, tuple(candidates.values()))
            if verdict.ours is None and not verdict.unclear and record.phone:
                found = await self.finder.search(None, record.phone)
                candidates |= {k.id: k for k in found.by_phone}
                verdict = await self._judge(one, tuple(candidates.values()))
            settled.append(verdict)
        return settled

    async def _by_listing(self, parked: Sequence[Parked]) -> list[Settled]:
        # A listing is current, but a request that timed out may still be at work.
        await self._wait([p for p in parked if p.slow])
        wanted = _contacts(parked)
        by_contact: dict[str, dict[str, Known]] = {}
        total = 0
        async for rows in self.finder.pages():
            total += len(rows)
            for row in rows:
                for contact in (row.email, row.phone):
                    if contact is not None and contact in wanted:
                        by_contact.setdefault(contact, {})[row.id] = row
        self.total = total
        return [await self._judge(one, _candidates(one, by_contact)) for one in parked]

    async def _wait(self, parked: Sequence[Parked]) -> None:
        if parked:
            ready = max(p.since for p in parked) + self.settle_seconds
            await self.clock.sleep(max(0.0, ready - self.clock.time()))

    async def _judge(self, one: Parked, candidates: tuple[Known, ...]) -> Settled:
        trace = Trace(one.operation, one.intended_at)
        for candidate in candidates:
            if has_key(one.operation, candidate, self.key_name):
                return Settled(one, candidate)
        possible = []
        for candidate in unproven(trace, candidates, self.key_name):
            read = await self._read(candidate)
            if read is None:
                continue
            proven = has_key(one.operation, read, self.key_name)
            if proven:
                return Settled(one, read)
            if (
                one.operation.import_key is None or read.customer.metadata is None
            ) and looks_ours(trace, read):
                possible.append(read)
        if len(possible) == 1:
            return Settled(one, possible[0])
        return Settled(one, None, candidates, unclear=len(possible) > 1)

    async def _read(self, candidate: Known) -> Known | None:
        if candidate.customer.metadata:
            return candidate
        try:
            return await self.finder.get(candidate.id)
        except NotFound:
            return None


def _contacts(parked: Sequence[Parked]) -> set[str | None]:
    wanted: set[str | None] = set()
    for one in parked:
        record = one.operation.record
        wanted |= {email_key(record.email), record.phone}
    return wanted - {None}


def _candidates(
    one: Parked, by_contact: Mapping[str, Mapping[str, Known]]
) -> tuple[Known, ...]:
    record = one.operation.record
    found: dict[str, Known] = {}
    for contact in (email_key(record.email), record.phone):
        found |= by_contact.get(contact or "", {})
    return tuple(found.values())
