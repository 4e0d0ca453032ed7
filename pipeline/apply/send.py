"""Send one operation: intent first, then the request, then its outcome."""

from pipeline.apply.context import Context
from pipeline.apply.creates import send_create
from pipeline.apply.operation import Earlier, Operation, Parked
from pipeline.apply.updates import send_delete, send_update


async def send(
    context: Context, operation: Operation, earlier: Earlier
) -> Parked | None:
    """Bring `operation` to its outcome, or put it off; a doubtful create is returned.

    `earlier` is what became of the same write before, without being stored.
    """
    if operation.action in ("update", "revert"):
        await send_update(context, operation, earlier)
        return None
    if operation.action == "delete":
        await send_delete(context, operation, earlier)
        return None
    return await send_create(context, operation, earlier)
