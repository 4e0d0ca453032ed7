"""Group commits: intents and outcomes of many writes share one durable transaction."""

import asyncio
import sys
from typing import Protocol, Self

from pipeline.state.journal import Conflict, Intent, Result

_COMPANY = 0.02
"""Seconds for which a commit waits at most for others to join it."""

_TURN = 0.0002
"""Seconds after which a thread that commits lets the one that sends go on; Python's own
5 ms would keep each request from the wire for longer than it takes."""


class JournalPort(Protocol):
    """The one method of the journal that a run writes through."""

    def commit(
        self, intents: list[Intent], results: list[Result]
    ) -> tuple[Conflict, ...]:
        """Store intents and results durably, in one transaction."""
        ...


class JournalWriter:
    """Collects intents and results while a commit is under way and commits them together.

    An intent is durable when `intend` returns; results are durable a moment later, at
    most `behind` of them wait. The first failure of a commit fails every later call.

    As long as enough durable writes are on their way to keep the wire busy, a commit
    waits a moment until `behind` of a kind share it.
    """

    def __init__(self, journal: JournalPort, behind: int) -> None:
        self._journal = journal
        self._behind = behind
        self._intents: list[tuple[Intent, asyncio.Future[Conflict | None]]] = []
        self._results: list[Result] = []
        self._flying: set[int] = set()
        self._room = asyncio.Condition()
        self._wake = asyncio.Event()
        self._closing = False
        self._failure: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._interval = sys.getswitchinterval()

    async def __aenter__(self) -> Self:
        """Start the committing task."""
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(_TURN)
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Commit what is left; a failure that nobody waited for is raised here."""
        self._closing = True
        self._wake.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            sys.setswitchinterval(self._interval)
        if kind is None:
            self._check()

    async def intend(self, intent: Intent) -> Conflict | None:
        """Return when `intent` is durable, or the conflict that kept it from being stored."""
        self._check()
        future: asyncio.Future[Conflict | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._intents.append((intent, future))
        self._wake.set()
        return await future

    async def record(self, result: Result) -> None:
        """Hand in an outcome; waits only while too many are behind."""
        async with self._room:
            await self._room.wait_for(
                lambda: len(self._results) < self._behind or self._failure is not None
            )
            self._check()
            self._results.append(result)
        self._flying.discard(result.op)
        self._wake.set()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._intents or self._results:
                await self._gather()
                await self._commit()
            if self._closing:
                return

    async def _gather(self) -> None:
        """Wait a moment for more to commit, while nobody is kept from sending."""
        try:
            async with asyncio.timeout(_COMPANY):
                while self._may_wait():
                    self._wake.clear()
                    await self._wake.wait()
        except TimeoutError:
            pass

    def _may_wait(self) -> bool:
        is_full = max(len(self._intents), len(self._results)) >= self._behind
        is_busy = len(self._flying) > self._behind // 2
        return is_busy and not is_full and not self._closing

    async def _commit(self) -> None:
        waiting, self._intents = self._intents, []
        async with self._room:
            results, self._results = self._results, []
            self._room.notify_all()
        try:
            self._check()
            conflicts = await asyncio.to_thread(
                self._journal.commit, [intent for intent, _ in waiting], results
            )
        except Exception as error:  # noqa: BLE001 - handed to every waiting caller
            await self._fail(error, waiting)
            return
        by_op = {conflict.op: conflict for conflict in conflicts}
        for intent, future in waiting:
            conflict = by_op.get(intent.op)
            if conflict is None:
                self._flying.add(intent.op)
            if not future.done():
                future.set_result(conflict)

    async def _fail(
        self,
        error: Exception,
        waiting: list[tuple[Intent, asyncio.Future[Conflict | None]]],
    ) -> None:
        self._failure = error
        for _, future in waiting:
            if not future.done():
                future.set_exception(error)
        async with self._room:
            self._room.notify_all()
