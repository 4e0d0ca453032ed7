"""Send one operation: intent first, then the request, then its outcome to the journal."""

from dataclasses import replace

from pipeline.api.errors import InDoubt, NotFound, RefusedByApi, Unavailable
from pipeline.apply.context import Context
from pipeline.apply.operation import JSON, Operation, Parked, dumps
from pipeline.errors import ApiUnreachableError
from pipeline.match.changes import (
    difference,
    is_written,
    still_equal,
    update_body,
)
from pipeline.match.decide import Action, Verdict, decide
from pipeline.match.known import Known, email_key
from pipeline.state.journal import Conflict, Intent, Result, WriteState
from schemas.outcomes import Outcome

_CLAIM_POLL = 0.5
_CONFLICT = 409
_DUPLICATE_WORDS = ("already", "exist", "taken", "duplicate", "unique", "déjà")


async def send(
    context: Context, operation: Operation, parked: Parked | None
) -> Parked | None:
    """Bring `operation` to its outcome; a create in doubt is returned instead.

    `parked` is the earlier doubt of the same row, found not to have been stored.
    """
    if operation.action in ("update", "revert"):
        await _update(context, operation)
        return None
    if operation.action == "delete":
        await _delete(context, operation)
        return None
    return await _create(context, operation, parked)


async def finish(
    context: Context,
    operation: Operation,
    outcome: Outcome,
    *,
    state: WriteState = WriteState.ACKNOWLEDGED,
    customer_id: str | None = None,
    rule: str | None = None,
    reason: str | None = None,
    after: str | None = None,
) -> None:
    """Hand an outcome to the journal and tell the progress."""
    await context.writer.record(
        Result(
            op=operation.op,
            state=state,
            outcome=outcome,
            customer_id=customer_id,
            rule=rule,
            reason=reason,
            after=after,
        )
    )
    context.on_outcome(outcome)


async def not_sent(
    context: Context,
    operation: Operation,
    outcome: Outcome,
    rule: str,
    reason: str | None = None,
    customer_id: str | None = None,
) -> None:
    """End a row without a write: its intent is stored for the books, then refused."""
    await context.writer.intend(_intent(operation, {}, claims=()))
    await finish(
        context,
        operation,
        outcome,
        state=WriteState.REFUSED,
        customer_id=customer_id,
        rule=rule,
        reason=reason,
    )


def _intent(
    operation: Operation, body: JSON, claims: tuple[str, ...], before: JSON = None
) -> Intent:
    return Intent(
        op=operation.op,
        row=operation.row,
        action=operation.action,
        customer_id=operation.customer_id,
        import_key=operation.import_key,
        body=dumps(body),
        before=None if before is None else dumps(before),
        keys=claims,
    )


# --- creates -----------------------------------------------------------------------


async def _create(
    context: Context, operation: Operation, parked: Parked | None
) -> Parked | None:
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
    intent = _intent(operation, operation.body, keys)
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


async def look(
    context: Context, operation: Operation, customer_id: str | None = None
) -> Verdict:
    """Match a record again, with the customers who carry its contacts now."""
    record = operation.record
    found = await context.finder.find(record.email, record.phone)
    by_email, by_phone = list(found.by_email), list(found.by_phone)
    if customer_id is not None and customer_id not in {
        k.id for k in (*by_email, *by_phone)
    }:
        # The search index may not show it yet; its id is known, so it is read.
        try:
            fresh = await context.finder.get(customer_id)
        except NotFound:
            return decide(record, by_email, by_phone)
        by_email += (
            [fresh] if fresh.email and fresh.email == email_key(record.email) else []
        )
        by_phone += [fresh] if record.phone and fresh.phone == record.phone else []
    return decide(record, by_email, by_phone)


async def adopt(context: Context, operation: Operation, verdict: Verdict) -> None:
    """End a planned create as the existing customer that `verdict` found."""
    known = verdict.customer
    if verdict.action is Action.HOLD or known is None:
        await not_sent(context, operation, Outcome.REVIEW, verdict.rule)
        return
    live = (
        await context.finder.get(known.id) if known.customer.metadata is None else known
    )
    changes = difference(operation.record, live, context.policy.prefer).changes
    if not changes:
        await not_sent(
            context, operation, Outcome.UNCHANGED, verdict.rule, customer_id=live.id
        )
    elif context.policy.strict:
        await not_sent(
            context,
            operation,
            Outcome.REVIEW,
            "changed_since_plan",
            customer_id=live.id,
        )
    else:
        update = replace(
            operation,
            action="update",
            customer_id=live.id,
            changes=changes,
            import_key=None,
            read_at=context.clock.time(),
        )
        await _write_update(context, update, live)


# --- updates -----------------------------------------------------------------------


async def _update(context: Context, operation: Operation) -> None:
    policy = context.policy
    is_fresh = context.clock.time() - operation.read_at <= policy.max_read_age
    if is_fresh and not operation.attempted:
        await _send_update(context, operation, dict(operation.body), operation.before)
        return
    live = await _live(context, operation)
    if live is None:
        return
    if operation.attempted and is_written(operation.changes, live, policy.region):
        await _journal_update(
            context, operation, dict(operation.body), operation.before
        )
        await _updated(context, operation, dict(operation.body), WriteState.SETTLED)
    elif still_equal(operation.changes, live, policy.region):
        await _write_update(context, operation, live)
    else:
        await _moved(context, operation, "changed_since_plan")


async def _live(context: Context, operation: Operation) -> Known | None:
    """Return the customer as it is now; one who is gone ends the row."""
    try:
        return await context.finder.get(operation.customer_id or "")
    except NotFound:
        await _moved(context, operation, "deleted_in_api")
        return None


async def _moved(context: Context, operation: Operation, rule: str) -> None:
    """End a row whose customer is not as the plan has it: a person decides."""
    await not_sent(
        context,
        operation,
        Outcome.REVIEW,
        rule if operation.action == "update" else "kept",
        customer_id=operation.customer_id,
    )


async def _delete(context: Context, operation: Operation) -> None:
    """Delete what an import created, after looking that nobody uses or changed it."""
    customer_id = operation.customer_id or ""
    live = await _live(context, operation)
    if live is None:
        return
    payments = await context.client.customer_payments(customer_id, page=1, limit=1)
    if payments.items:
        await not_sent(
            context,
            operation,
            Outcome.REVIEW,
            "has_payments",
            customer_id=customer_id,
        )
        return
    if not still_equal(operation.changes, live, context.policy.region):
        await _moved(context, operation, "kept")
        return
    await context.writer.intend(_intent(operation, {}, (), operation.before))
    async with context.gate:
        try:
            await context.client.delete_customer(customer_id)
        except NotFound:
            pass  # an earlier try of ours deleted it
        except (RefusedByApi, Unavailable) as error:
            await _write_failed(context, operation, error)
            return
    await finish(
        context,
        operation,
        Outcome.UPDATED,
        customer_id=customer_id,
        rule="deleted",
    )


async def _write_update(context: Context, operation: Operation, live: Known) -> None:
    body = update_body(operation.changes, live.customer.metadata)
    await _send_update(context, operation, body, before_image(body, live))


def before_image(body: JSON, live: Known) -> JSON:
    """Return the old values of the fields that `body` writes; metadata whole."""
    customer = live.customer
    old = {
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "metadata": dict(customer.metadata or {}),
    }
    return {field: old[field] for field in body}


async def _send_update(
    context: Context, operation: Operation, body: JSON, before: JSON
) -> None:
    await _journal_update(context, operation, body, before)
    try:
        async with context.gate:
            await context.client.update_customer(operation.customer_id or "", body)
    except NotFound:
        await _moved(context, operation, "deleted_in_api")
    except (RefusedByApi, Unavailable) as error:
        await _write_failed(context, operation, error)
    else:
        await _updated(context, operation, body, WriteState.ACKNOWLEDGED)


async def _journal_update(
    context: Context, operation: Operation, body: JSON, before: JSON
) -> None:
    await context.writer.intend(_intent(operation, body, (), before))


async def _updated(
    context: Context, operation: Operation, body: JSON, state: WriteState
) -> None:
    context.breaker.succeeded()
    await finish(
        context,
        operation,
        Outcome.UPDATED,
        state=state,
        customer_id=operation.customer_id,
        rule="reversed" if operation.action == "revert" else None,
        after=dumps(body),
    )


async def _write_failed(
    context: Context, operation: Operation, error: RefusedByApi | Unavailable
) -> None:
    context.breaker.failed(f"status {error.status}")
    refused = isinstance(error, RefusedByApi)
    await finish(
        context,
        operation,
        Outcome.FAILED,
        state=WriteState.REFUSED,
        customer_id=operation.customer_id,
        rule="api_refused" if refused else "api_unavailable",
        reason=str(error),
    )
