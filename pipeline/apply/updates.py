"""Send an update, or, in an undo, a reversal or a deletion; all repeat safely."""

from pipeline.api.errors import NotFound, RefusedByApi, Unavailable
from pipeline.apply.context import Context
from pipeline.apply.operation import JSON, Operation, dumps
from pipeline.apply.outcome import finish, intent_of, not_sent
from pipeline.match.changes import (
    before_image,
    is_written,
    still_equal,
    update_body,
)
from pipeline.match.known import Known
from pipeline.state.journal import WriteState
from schemas.outcomes import Outcome


async def send_update(context: Context, operation: Operation) -> None:
    """Write the changes of an update, after reading a customer that was read long ago."""
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
        await write_update(context, operation, live)
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


async def send_delete(context: Context, operation: Operation) -> None:
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
    await context.writer.intend(intent_of(operation, {}, (), operation.before))
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


async def write_update(context: Context, operation: Operation, live: Known) -> None:
    """Write the changes of `operation` over `live`, the customer as just read."""
    body = update_body(operation.changes, live.customer.metadata)
    await _send_update(context, operation, body, before_image(body, live))


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
    await context.writer.intend(intent_of(operation, body, (), before))


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
