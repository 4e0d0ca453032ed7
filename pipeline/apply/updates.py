"""Send an update, or, in an undo, a reversal or a deletion; all repeat safely."""

from dataclasses import replace

from pipeline.api.errors import NotFound, RefusedByApi, Unavailable
from pipeline.apply.breaker import is_outage
from pipeline.apply.context import Context
from pipeline.apply.memory import is_whole
from pipeline.apply.operation import JSON, Earlier, Later, Operation, dumps
from pipeline.apply.outcome import finish, intent_of, not_sent
from pipeline.match.changes import (
    before_image,
    is_written,
    still_equal,
    update_body,
)
from pipeline.match.known import Known
from pipeline.state.journal import WriteState
from schemas.api import Customer
from schemas.outcomes import Outcome


async def send_update(
    context: Context, operation: Operation, earlier: Earlier = None
) -> None:
    """Write the changes of an update, after reading a customer that was read long ago.

    One that could not be sent for an outage is put off.
    """
    policy = context.policy
    is_fresh = context.clock.time() - operation.read_at <= policy.max_read_age
    if is_fresh and not operation.attempted:
        body = dict(operation.body)
        await _send_update(context, operation, body, operation.before, earlier)
        return
    live = await _live(context, operation)
    if live is None:
        return
    if operation.attempted and is_written(operation.changes, live, policy.region):
        await _read_back(context, operation, live)
    elif still_equal(operation.changes, live, policy.region):
        await write_update(context, operation, live, earlier)
    else:
        await _moved(context, operation, "changed_since_plan")


async def _read_back(context: Context, operation: Operation, live: Known) -> None:
    """End an update that was found written, though no answer said so."""
    body = dict(operation.body)
    await _journal_update(context, operation, body, operation.before)
    await _updated(context, operation, body, WriteState.SETTLED, live.customer)


async def _live(context: Context, operation: Operation) -> Known | None:
    """Return the customer as it is now; one who is gone ends the row."""
    try:
        return await context.finder.get(operation.customer_id or "")
    except NotFound:
        context.memory.gone(operation.customer_id or "")
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


async def send_delete(
    context: Context, operation: Operation, earlier: Earlier = None
) -> None:
    """Delete what an import created, after looking that nobody uses or changed it."""
    customer_id = operation.customer_id or ""
    try:
        live = await context.finder.get(customer_id)
    except NotFound:
        await _deleted(context, operation)  # by an earlier try of ours, or by somebody
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
    try:
        async with context.gate:
            await context.client.delete_customer(customer_id)
    except NotFound:
        pass  # an earlier try of ours deleted it
    except (RefusedByApi, Unavailable) as error:
        await _write_failed(context, operation, error, earlier)
        return
    await _finish_deleted(context, operation)


async def _deleted(context: Context, operation: Operation) -> None:
    await context.writer.intend(intent_of(operation, {}, (), operation.before))
    await _finish_deleted(context, operation)


async def _finish_deleted(context: Context, operation: Operation) -> None:
    context.breaker.succeeded()
    context.memory.forget(operation.customer_id or "")
    await finish(
        context,
        operation,
        Outcome.UPDATED,
        customer_id=operation.customer_id,
        rule="deleted",
    )


async def write_update(
    context: Context, operation: Operation, live: Known, earlier: Earlier = None
) -> None:
    """Write the changes of `operation` over `live`, the customer as just read."""
    body = update_body(operation.changes, live.customer.metadata)
    before = before_image(body, live)
    await _send_update(context, operation, body, before, earlier)


async def _send_update(
    context: Context,
    operation: Operation,
    body: JSON,
    before: JSON,
    earlier: Earlier,
) -> None:
    await _journal_update(context, operation, body, before)
    try:
        async with context.gate:
            answer = await context.client.update_customer(
                operation.customer_id or "", body
            )
    except NotFound:
        context.memory.gone(operation.customer_id or "")
        await _moved(context, operation, "deleted_in_api")
    except (RefusedByApi, Unavailable) as error:
        sent = replace(operation, body=body, before=before)
        await _write_failed(context, sent, error, earlier)
    else:
        await _updated(context, operation, body, WriteState.ACKNOWLEDGED, answer)


async def _journal_update(
    context: Context, operation: Operation, body: JSON, before: JSON
) -> None:
    await context.writer.intend(intent_of(operation, body, (), before))


async def _updated(
    context: Context,
    operation: Operation,
    body: JSON,
    state: WriteState,
    shown: Customer,
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
        shown=shown if is_whole(shown) else None,
    )


async def _write_failed(
    context: Context,
    operation: Operation,
    error: RefusedByApi | Unavailable,
    earlier: Earlier,
) -> None:
    """Put off what an outage kept from being written; else look, and end the row.

    What the API answered with 500 again and again may be written all the same.
    """
    context.breaker.failed(error.status)
    tries = earlier.tries + 1 if isinstance(earlier, Later) else 1
    again = replace(operation, attempted=True)
    if isinstance(error, Unavailable):
        if is_outage(error.status) and tries <= context.policy.max_tries:
            now = context.clock.time()
            context.later.append(Later(again, now, tries=tries))
            return
        if await _is_there(context, operation):
            return
    refused = isinstance(error, RefusedByApi)
    rule = "api_unavailable" if is_outage(error.status) else "api_error"
    await finish(
        context,
        operation,
        Outcome.FAILED,
        state=WriteState.REFUSED,
        customer_id=operation.customer_id,
        rule="api_refused" if refused else rule,
        reason=str(error),
    )


async def _is_there(context: Context, operation: Operation) -> bool:
    """Tell whether a write without a good answer took effect, and end its row if so."""
    try:
        live = await context.finder.get(operation.customer_id or "")
    except NotFound:
        if operation.action == "delete":
            await _finish_deleted(context, operation)
        return operation.action == "delete"
    except Unavailable:
        return False
    if operation.action == "delete":
        return False
    if not is_written(operation.changes, live, context.policy.region):
        return False
    body = dict(operation.body)
    await _updated(context, operation, body, WriteState.SETTLED, live.customer)
    return True
