"""Walk the operations of a plan: twice the concurrency in hand, half of it on the wire.

While one half is being sent, the intents of the other half are committed together, so
that a crash leaves at most three times the concurrency to look up.
"""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pipeline.api.errors import Unavailable
from pipeline.apply.adopt import adopt
from pipeline.apply.context import Context
from pipeline.apply.creates import claim
from pipeline.apply.evidence import came_since
from pipeline.apply.memory import created
from pipeline.apply.operation import Earlier, Operation, Parked
from pipeline.apply.outcome import finish
from pipeline.apply.send import send
from pipeline.apply.settle import Settled, Settler
from pipeline.errors import ApiUnreachableError, BreakerOpenError, PipelineError
from pipeline.match.decide import Action, decide
from pipeline.match.known import Known, email_key
from pipeline.state.journal import WriteState
from schemas.outcomes import Outcome

GRACE = 20.0
"""Seconds that requests may still take once the run was told to stop."""
_GLANCE = 0.5
_POLL = (0.5, 10.0)
"""Seconds between two tries of what was put off: at first, and at most."""
_PATIENCE = 300.0
"""Seconds that an API which gives no answer is waited for."""
_OUTAGE_POLL = 5.0

Work = tuple[Operation, Earlier]


class Engine:
    """Applies operations until they are done, the run is told to stop, or it must."""

    def __init__(self, context: Context, settler: Settler) -> None:
        self._context = context
        self._settler = settler
        self._parked: list[Parked] = []

    async def run(
        self, operations: Iterable[Operation], doubtful: Sequence[Parked] = ()
    ) -> None:
        """Apply `operations`, after settling the doubts that an earlier run left.

        Never raises for a row; what ends the run stands in `context.stop`. What is on
        its way when the run is told to stop gets `GRACE` seconds; what is cut off then
        stands in the journal as intended, and is looked up on resuming.
        """
        try:
            await self._graced(self._all(operations, doubtful))
        except PipelineError as error:
            self._context.stop.by_error(error)

    async def _all(
        self, operations: Iterable[Operation], doubtful: Sequence[Parked]
    ) -> None:
        if doubtful:
            await self._walk(await self._settle(doubtful))
        await self._walk((operation, None) for operation in operations)
        pause = _POLL[0]
        while (self._parked or self._context.later) and not self._stopping():
            parked, self._parked = self._parked, []
            again = await self._settle(parked) if parked else []
            later, self._context.later = self._context.later, []
            if later and not again:
                await self._context.clock.sleep(pause)
                pause = min(2 * pause, _POLL[1])
            again += [(each.operation, each) for each in later]
            await self._walk(again)

    async def _graced(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`; once the run is told to stop, for `GRACE` seconds at most."""
        clock = self._context.clock
        task = asyncio.create_task(work)
        until: float | None = None
        try:
            while not task.done():
                glance = asyncio.create_task(clock.sleep(_GLANCE))
                await asyncio.wait((task, glance), return_when=asyncio.FIRST_COMPLETED)
                glance.cancel()
                if until is None and self._stopping():
                    until = clock.time() + GRACE
                if until is not None and clock.time() >= until:
                    return
            task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _stopping(self) -> bool:
        context = self._context
        if context.breaker.reason and context.stop.reason is None:
            context.stop.by_error(
                BreakerOpenError(
                    f"stopped: {context.breaker.reason}",
                    hint="see failed.csv and run.log, then `resume` the run",
                )
            )
        return context.stop.wanted(context.clock.time())

    async def _walk(self, work: Iterable[Work]) -> None:
        """Run `work` through a fixed crew; it takes nothing new once the run stops.

        An outage sends the crew home until the API answers again.
        """
        iterator = iter(work)
        while await self._work(iterator) and not self._stopping():
            await self._outlast()

    async def _work(self, iterator: Iterator[Work]) -> bool:
        """Let the crew take work; return whether it left some for an outage."""
        context, left = self._context, False

        async def crew() -> None:
            nonlocal left
            while not self._stopping():
                if context.breaker.is_paused:
                    left = True
                    return
                item = next(iterator, None)
                if item is None:
                    return
                await self._one(*item)

        members = 2 * context.policy.concurrency
        tasks = [asyncio.create_task(crew()) for _ in range(members)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return left

    async def _outlast(self) -> None:
        """Wait until the API answers a reading request, or stop the run."""
        context = self._context
        # Where reading works all along, only the pauses give writing time to recover.
        await context.clock.sleep(_OUTAGE_POLL * 2**context.breaker.paused)
        until = context.clock.time() + _PATIENCE
        while not self._stopping():
            try:
                await context.finder.first_page()
            except (Unavailable, ApiUnreachableError) as error:
                if context.clock.time() >= until:
                    context.stop.by_error(error)
                    return
                await context.clock.sleep(_OUTAGE_POLL)
            else:
                context.breaker.resume()
                return

    async def _one(self, operation: Operation, earlier: Earlier) -> None:
        try:
            doubt = await send(self._context, operation, earlier)
        except PipelineError as error:
            self._context.stop.by_error(error)
            return
        if doubt is not None:
            self._parked.append(doubt)

    async def _settle(self, parked: Sequence[Parked]) -> list[Work]:
        """Look `parked` up; record what is found and return what is to be sent again."""
        again: list[Work] = []
        for settled in await self._settler.settle(parked):
            work = await self._conclude(settled)
            if work is not None:
                again.append(work)
        return again

    async def _conclude(self, settled: Settled) -> Work | None:
        context, parked = self._context, settled.parked
        operation = parked.operation
        ours = settled.ours
        if ours is not None and await self._is_of_another_run(operation, ours):
            settled, ours = replace(settled, ours=None, others=(ours,)), None
        if ours is not None:
            context.breaker.succeeded()
            await finish(
                context,
                operation,
                Outcome.CREATED,
                state=WriteState.SETTLED,
                customer_id=ours.id,
                shown=created(ours.customer, operation.body),
            )
            return None
        if settled.unclear:
            await self._fail(parked, "in_doubt")
            return None
        record = operation.record
        verdict = decide(
            record,
            [
                k
                for k in settled.others
                if k.email and k.email == email_key(record.email)
            ],
            [k for k in settled.others if k.phone and k.phone == record.phone],
        )
        if verdict.action is Action.ATTACH or (
            verdict.action is Action.HOLD and _is_news(settled)
        ):
            await adopt(context, operation, verdict)
            return None
        policy = context.policy
        if parked.refusals >= policy.max_refusals:
            await self._fail(parked, "api_error")
            return None
        if parked.tries >= policy.max_tries:
            await self._fail(parked, "api_unavailable")
            return None
        return operation, parked

    async def _is_of_another_run(self, operation: Operation, ours: Known) -> bool:
        """Tell whether another run made the customer, where no import key says whose.

        It may have, after this one was interrupted before it sent what it meant to.
        """
        if operation.import_key is not None:
            return False
        conflict = await claim(self._context, operation)
        return conflict is not None and conflict.customer_id == ours.id

    async def _fail(self, parked: Parked, rule: str) -> None:
        await finish(
            self._context,
            parked.operation,
            Outcome.FAILED,
            state=WriteState.SETTLED,
            rule=rule,
            reason=parked.reason,
        )


def _is_news(settled: Settled) -> bool:
    """Tell whether somebody with the row's contact came since the row was intended.

    That may be our own create without anything to prove it, so it is not sent again.
    """
    since = settled.parked.intended_at
    return any(came_since(k.customer.created_at, since) for k in settled.others)
