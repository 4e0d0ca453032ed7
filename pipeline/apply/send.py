"""Send one operation: intent first, then the request, then its outcome."""

from pipeline.apply.context import Context
from pipeline.apply.creates import send_create
from pipeline.apply.operation import Operation, Parked
from pipeline.apply.updates import send_delete, send_update


async def send(
    context: Context, operation: Operation, parked: Parked | None
) -> Parked | None:
    """Bring `operation` to its outcome; a create in doubt is returned instead.

    `parked` is the earlier doubt of the same row, found not to have been stored.
    """
    if operation.action in ("update", "revert"):
        await send_update(context, operation)
        return None
    if operation.action == "delete":
        await send_delete(context, operation)
        return None
    return await send_create(context, operation, parked)
