"""One run at a time per account and source: take the lease, keep it, give it back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pipeline.errors import LockedError, PipelineError
from pipeline.runs.connect import Connection
from pipeline.state.lease import Lease

_POLL = 1.0
_RENEW = 10.0


@asynccontextmanager
async def locked(
    connection: Connection, source: str, run_id: str, wait: float
) -> AsyncIterator[Lease]:
    """Hold the lease of `source` for `run_id`, waiting up to `wait` seconds for it.

    Raises:
        LockedError: Another living run has it.
    """
    lease = await _take(connection, source, run_id, wait)
    renewing = asyncio.create_task(_renew(lease))
    try:
        yield lease
    finally:
        renewing.cancel()
        # What is wrong with the lease or its database is told by the commits; an
        # error of giving it back must not stand before that of the run.
        with suppress(asyncio.CancelledError, PipelineError):
            await renewing
        with suppress(PipelineError):
            lease.release()


async def _take(connection: Connection, source: str, run_id: str, wait: float) -> Lease:
    clock = connection.clock
    until = clock.time() + wait
    while True:
        try:
            return connection.state.acquire(connection.account_id, source, run_id)
        except LockedError:
            if clock.time() >= until:
                raise
        await clock.sleep(_POLL)


async def _renew(lease: Lease) -> None:
    """Keep the lease alive through stages that write nothing to the journal."""
    while True:
        await asyncio.sleep(_RENEW)
        await asyncio.to_thread(lease.check)
