"""Match a create again: with a customer that somebody else made in the meantime."""

from dataclasses import replace

from pipeline.api.errors import NotFound
from pipeline.apply.context import Context
from pipeline.apply.operation import Operation
from pipeline.apply.outcome import not_sent
from pipeline.apply.updates import write_update
from pipeline.match.changes import difference
from pipeline.match.decide import Action, Verdict, decide
from pipeline.match.known import email_key
from schemas.outcomes import Outcome


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
        await write_update(context, update, live)
