"""Send a create: claim its contacts, send once, and never again before looking."""

from dataclasses import replace

from pipeline.api.errors import InDoubt, RefusedByApi, Unavailable
from pipeline.apply.adopt import adopt, look
from pipeline.apply.breaker import is_outage
from pipeline.apply.context import Context
from pipeline.apply.evidence import has_key
from pipeline.apply.memory import created
from pipeline.apply.operation import Earlier, Later, Operation, Parked
from pipeline.apply.outcome import finish, intent_of, not_sent
from pipeline.errors import ApiUnreachableError
from pipeline.existing.finder import Found
from pipeline.match.decide import Action, Verdict, decide
from pipeline.match.known import Known
from pipeline.state.journal import Conflict, Result, WriteState
from schemas.outcomes import Outcome

_CONFLICT = 409
_DUPLICATE_WORDS = ("already", "exist", "taken", "duplicate", "unique", "déjà")


async def send_create(
    context: Context, operation: Operation, earlier: Earlier
) -> Parked | None:
    """Bring a create to its outcome, put it off, or return it as doubt.

    `earlier` is what became of the same row before, and was not stored.
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
    if operation.attempted:
        # The run was interrupted while it wrote this row as an update.
        verdict = await look(context, operation, operation.customer_id)
        if verdict.action is not Action.CREATE:
            await adopt(context, operation, verdict)
            return None
        operation = replace(operation, attempted=False, customer_id=None)
    conflict = await claim(context, operation)
    if conflict is not None:
        return await _claimed_elsewhere(context, operation, conflict, earlier)
    return await _send_create(context, operation, earlier)


async def _send_create(
    context: Context, operation: Operation, earlier: Earlier
) -> Parked | None:
    parked = doubt_of(earlier)
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
        await _not_reached(context, operation, earlier, error)
        return None
    context.breaker.succeeded()
    await finish(
        context,
        operation,
        Outcome.CREATED,
        customer_id=customer.id,
        shown=created(customer, operation.body),
    )
    return None


def doubt_of(earlier: Earlier) -> Parked | None:
    """Return the earlier doubt of a row, also of one that was put off since."""
    return earlier.parked if isinstance(earlier, Later) else earlier


async def _not_reached(
    context: Context,
    operation: Operation,
    earlier: Earlier,
    error: Unavailable | ApiUnreachableError,
) -> None:
    """Put a create off that was certainly not stored, or stop where waiting is no use.

    The connection never opened, or the API kept saying "later": the row may go to the
    next try, or the next run, as if it had never been sent.
    """
    await context.writer.record(
        Result(
            operation.op,
            WriteState.REFUSED,
            rule="api_unavailable",
            reason=str(error),
        )
    )
    tries = earlier.tries + 1 if isinstance(earlier, Later) else 1
    status = error.status if isinstance(error, Unavailable) else None
    if not is_outage(status) or tries > context.policy.max_tries:
        context.stop.by_error(error)
        return
    context.breaker.failed(status)
    now = context.clock.time()
    context.later.append(Later(operation, now, doubt_of(earlier), tries))


async def claim(
    context: Context, operation: Operation, known: tuple[str, ...] = ()
) -> Conflict | None:
    """Store the intent of a create with its claims, or return what keeps it from that.

    `known` names customers and runs that the row was matched against already.
    """
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
    # A gateway's answer says nothing about the row; the API's own 500 may.
    refused = not is_outage(doubt.status)
    context.breaker.failed(doubt.status)
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
    is_duplicate = _names_a_duplicate(refusal)
    if is_duplicate and await _adopt_duplicate(context, operation):
        return
    context.breaker.failed(refusal.status)
    await finish(
        context,
        operation,
        Outcome.FAILED,
        state=WriteState.REFUSED,
        rule="api_duplicate" if is_duplicate else "api_refused",
        reason=str(refusal),
    )


async def _adopt_duplicate(context: Context, operation: Operation) -> bool:
    """Find the customer whom the API says to have; tell whether the row is settled.

    The search may not show a customer yet who was made a moment ago, so it is asked
    again after a while.
    """
    record, key_name = operation.record, context.policy.key_name
    for pause in (0.0, context.policy.settle_seconds):
        await context.clock.sleep(pause)
        found = await context.finder.find(record.email, record.phone)
        ours = _with_our_key(operation, found, key_name)
        if ours is not None:  # an earlier try of this row arrived after all
            context.breaker.succeeded()
            await finish(
                context,
                operation,
                Outcome.CREATED,
                state=WriteState.SETTLED,
                customer_id=ours.id,
                shown=created(ours.customer, operation.body),
            )
            return True
        verdict: Verdict = decide(record, found.by_email, found.by_phone)
        if verdict.action is Action.ATTACH and verdict.customer is not None:
            await adopt(context, operation, verdict)
            return True
        if verdict.action is Action.HOLD:
            break
    return False


def _with_our_key(operation: Operation, found: Found, name: str) -> Known | None:
    candidates = (*found.by_email, *found.by_phone)
    return next((k for k in candidates if has_key(operation, k, name)), None)


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
    context: Context, operation: Operation, conflict: Conflict, earlier: Earlier
) -> Parked | None:
    """Match this row again once the other run's outcome is known, and claim once more.

    What a conflict named is known from then on, so each turn meets a new one. While the
    other run is at work the row is put off: waiting here could make two runs wait for
    each other.
    """
    known: tuple[str, ...] = ()
    current: Conflict | None = conflict
    while current is not None:
        if current.is_open and current.holder_alive:
            await _wait_for_holder(context, operation, earlier)
            return None
        if current.is_open:
            # Its process is gone: what it sent needs time to show in the search.
            await context.clock.sleep(context.policy.settle_seconds)
        verdict = await look(context, operation, current.customer_id)
        if verdict.action is not Action.CREATE:
            await adopt(context, operation, verdict)
            return None
        known += (current.customer_id or current.run_id,)
        current = await claim(context, operation, known)
    return await _send_create(context, operation, earlier)


async def _wait_for_holder(
    context: Context, operation: Operation, earlier: Earlier
) -> None:
    """Put a row off, or give it to a person when that took too long."""
    now = context.clock.time()
    since = earlier.since if isinstance(earlier, Later) else now
    if now - since < context.policy.claim_wait:
        context.later.append(Later(operation, since, doubt_of(earlier)))
        return
    await not_sent(context, operation, Outcome.REVIEW, "claimed_elsewhere")
