"""How a row ends: its intent and its outcome, handed to the journal."""

from pipeline.apply.context import Context
from pipeline.apply.operation import JSON, Operation, dumps
from pipeline.state.journal import Intent, Result, WriteState
from schemas.api import Customer
from schemas.outcomes import Outcome


async def finish(  # noqa: PLR0913 - one for each field of a result
    context: Context,
    operation: Operation,
    outcome: Outcome,
    *,
    state: WriteState = WriteState.ACKNOWLEDGED,
    customer_id: str | None = None,
    rule: str | None = None,
    reason: str | None = None,
    after: str | None = None,
    shown: Customer | None = None,
) -> None:
    """Hand an outcome to the journal and tell the progress.

    `shown` is the customer as the answer has him once written; the index learns it in
    the same transaction.
    """
    is_written = outcome in (Outcome.CREATED, Outcome.UPDATED) and rule != "deleted"
    lineage = context.memory.source_keys(operation.record) if is_written else ()
    seen = None if shown is None else context.memory.seen(shown)
    if is_written and seen is None and customer_id is not None:
        seen = context.memory.unsure(customer_id)
    await context.writer.record(
        Result(
            op=operation.op,
            state=state,
            outcome=outcome,
            customer_id=customer_id,
            rule=rule,
            reason=reason,
            after=after,
            seen=seen,
            lineage=lineage,
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
    await context.writer.intend(intent_of(operation, {}, claims=()))
    await finish(
        context,
        operation,
        outcome,
        state=WriteState.REFUSED,
        customer_id=customer_id,
        rule=rule,
        reason=reason,
    )


def intent_of(
    operation: Operation, body: JSON, claims: tuple[str, ...], before: JSON = None
) -> Intent:
    """Return the intent of writing `body`; `claims` are the keyed contacts of a create."""
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
