"""Send a create: claim its contacts, send once, and never again before looking."""

from pipeline.api.errors import InDoubt, RefusedByApi, Unavailable
from pipeline.apply.adopt import adopt, look
from pipeline.apply.context import Context
from pipeline.apply.operation import Operation, Parked
from pipeline.apply.outcome import finish, intent_of, not_sent
from pipeline.errors import ApiUnreachableError
from pipeline.match.decide import Action, decide
from pipeline.state.journal import Conflict, Result, WriteState
from schemas.outcomes import Outcome

_CLAIM_POLL = 0.5
_CONFLICT = 409
_DUPLICATE_WORDS = ("already", "exist", "taken", "duplicate", "unique", "déjà")


async def send_create(
    context: Context, operation: Operation, parked: Parked | None
) -> Parked | None:
    """Bring a create to its outcome, or return it as doubt.

    `parked` is the earlier doubt of the same row, found not to have been stored.
    """
    if operation.moved is not None:
        _, customer_id = operation.moved
        await not_sent(
            context,
            operation,
            Outcome.REVIEW,
            "changed_since_plan",
            customer_id=customer_id,
        )
        return None
    conflict = await _claim(context, operation)
    if conflict is not None:
        return await _claimed_elsewhere(context, operation, conflict)
    return await _send_create(context, operation, parked)


async def _send_create(
    context: Context, operation: Operation, parked: Parked | None
) -> Parked | None:
    intended_at = parked.intended_at if parked else context.clock.time()
    try:
        async with context.gate:
            customer = await context.client.create_customer(operation.body)
    except InDoubt as doubt:
        return await _park(context, operation, parked, doubt, intended_at)
    except RefusedByApi as refusal:
        await _refused(context, operation, refusal)
        return None
    except (Unavailable, ApiUnreachableError) as error:
        # The connection never opened, or the API kept saying "later": nothing was
        # stored, so the row may go to the next run as if it had never been tried.
        await context.writer.record(
            Result(
                operation.op,
                WriteState.REFUSED,
                rule="api_unavailable",
                reason=str(error),
            )
        )
        context.stop.by_error(error)
        return None
    context.breaker.succeeded()
    await finish(context, operation, Outcome.CREATED, customer_id=customer.id)
    return None


async def _claim(
    context: Context, operation: Operation, known: tuple[str, ...] = ()
) -> Conflict | None:
    keys = context.claim_keys(operation.record)
    intent = intent_of(operation, operation.body, keys)
    return await context.writer.intend(intent._replace(known=known))


async def _park(
    context: Context,
    operation: Operation,
    parked: Parked | None,
    doubt: InDoubt,
    intended_at: float,
) -> Parked:
    refused = doubt.status is not None
    context.breaker.failed(f"status {doubt.status}" if refused else "connection lost")
    await context.writer.record(
        Result(operation.op, WriteState.IN_DOUBT, rule="in_doubt", reason=doubt.reason)
    )
    return Parked(
        operation=operation,
        since=context.clock.time(),
        intended_at=intended_at,
        reason=doubt.reason,
        slow=doubt.status is None or doubt.status in (408, 504),
        tries=(parked.tries if parked else 0) + 1,
        refusals=(parked.refusals if parked else 0) + refused,
    )


async def _refused(
    context: Context, operation: Operation, refusal: RefusedByApi
) -> None:
    context.breaker.failed(f"status {refusal.status}")
    if _names_a_duplicate(refusal):
        record = operation.record
        found = await context.finder.search(record.email, record.phone)
        verdict = decide(record, found.by_email, found.by_phone)
        if verdict.action is Action.ATTACH and verdict.customer is not None:
            await adopt(context, operation, verdict)
            return
        await finish(
            context,
            operation,
            Outcome.FAILED,
            state=WriteState.REFUSED,
            rule="api_duplicate",
            reason=str(refusal),
        )
        return
    await finish(
        context,
        operation,
        Outcome.FAILED,
        state=WriteState.REFUSED,
        rule="api_refused",
        reason=str(refusal),
    )


def _names_a_duplicate(refusal: RefusedByApi) -> bool:
    if refusal.status == _CONFLICT:
        return True
    if refusal.status not in (400, 422):
        return False
    said = " ".join(
        text for texts in refusal.errors.values() for text in texts
    ).casefold()
    return any(word in said for word in _DUPLICATE_WORDS)


async def _claimed_elsewhere(
    context: Context, operation: Operation, conflict: Conflict
) -> Parked | None:
    """Wait for the other run's outcome, match this row again, and claim once more.

    What a conflict named is known from then on, so each turn meets a new one.
    """
    known: tuple[str, ...] = ()
    current: Conflict | None = conflict
    while current is not None:
        if current.is_open and current.holder_alive:
            current = await _wait_for_holder(context, operation, current, known)
            if current is not None and current.is_open and current.holder_alive:
                await not_sent(
                    context,
                    operation,
                    Outcome.REVIEW,
                    "claimed_elsewhere",
                    reason=current.run_id,
                )
                return None
            continue
        if current.is_open:
            # Its process is gone: what it sent needs time to show in the search.
            await context.clock.sleep(context.policy.settle_seconds)
        verdict = await look(context, operation, current.customer_id)
        if verdict.action is not Action.CREATE:
            await adopt(context, operation, verdict)
            return None
        known += (current.customer_id or current.run_id,)
        current = await _claim(context, operation, known)
    return await _send_create(context, operation, None)


async def _wait_for_holder(
    context: Context, operation: Operation, conflict: Conflict, known: tuple[str, ...]
) -> Conflict | None:
    """Return the conflict once it is over, or as it stands when waiting must end."""
    until = context.clock.time() + context.policy.claim_wait
    current: Conflict | None = conflict
    while current is not None and current.is_open and current.holder_alive:
        now = context.clock.time()
        if now >= until or context.stop.wanted(now):
            return current
        await context.clock.sleep(_CLAIM_POLL)
        current = await _claim(context, operation, known)
    return current
