"""How a row ends: its intent and its outcome, handed to the journal."""

from pipeline.apply.context import Context
from pipeline.apply.operation import JSON, Operation, dumps
from pipeline.state.journal import Intent, Result, WriteState
from schemas.outcomes import Outcome


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
