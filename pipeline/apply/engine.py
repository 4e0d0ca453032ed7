"""Walk the operations of a plan: twice the concurrency in hand, half of it on the wire.

While one half is being sent, the intents of the other half are committed together, so
that a crash leaves at most three times the concurrency to look up.
"""

import asyncio
from collections.abc import Iterable, Sequence

from pipeline.apply.adopt import adopt
from pipeline.apply.context import Context
from pipeline.apply.operation import Operation, Parked
from pipeline.apply.outcome import finish
from pipeline.apply.send import send
from pipeline.apply.settle import Settled, Settler
from pipeline.errors import BreakerOpenError, PipelineError
from pipeline.match.decide import Action, decide
from pipeline.match.known import email_key
from pipeline.state.journal import WriteState
from schemas.outcomes import Outcome

GRACE = 20.0
"""Seconds that a request may still take once the run was told to stop."""
_GLANCE = 0.5

Work = tuple[Operation, Parked | None]


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

        Never raises for a row; what ends the run stands in `context.stop`.
        """
        try:
            again = await self._settle(list(doubtful)) if doubtful else []
            await self._walk(again)
            await self._walk((operation, None) for operation in operations)
            while self._parked and not self._stopping():
                parked, self._parked = self._parked, []
                await self._walk(await self._settle(parked))
        except PipelineError as error:
            self._context.stop.by_error(error)

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

        What is on its way when the run is told to stop gets `GRACE` seconds; what is
        cut off then stands in the journal as intended, and is looked up on resuming.
        """
        iterator = iter(work)

        async def crew() -> None:
            while not self._stopping():
                item = next(iterator, None)
                if item is None:
                    return
                await self._one(*item)

        members = 2 * self._context.policy.concurrency
        pending = {asyncio.create_task(crew()) for _ in range(members)}
        grace = GRACE
        try:
            while pending:
                done, pending = await asyncio.wait(pending, timeout=_GLANCE)
                for task in done:
                    task.result()
                if self._context.stop.reason is not None:
                    grace -= _GLANCE if not done else 0.0
                if grace <= 0:
                    return
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _one(self, operation: Operation, parked: Parked | None) -> None:
        try:
            doubt = await send(self._context, operation, parked)
        except PipelineError as error:
            self._context.stop.by_error(error)
            return
        if doubt is not None:
            self._parked.append(doubt)

    async def _settle(self, parked: list[Parked]) -> list[Work]:
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
        if settled.ours is not None:
            context.breaker.succeeded()
            await finish(
                context,
                operation,
                Outcome.CREATED,
                state=WriteState.SETTLED,
                customer_id=settled.ours.id,
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
        if verdict.action is Action.ATTACH:
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

    async def _fail(self, parked: Parked, rule: str) -> None:
        await finish(
            self._context,
            parked.operation,
            Outcome.FAILED,
            state=WriteState.SETTLED,
            rule=rule,
            reason=parked.reason,
        )
