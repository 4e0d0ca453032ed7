"""Time as the client sees it: a clock is handed in, so that tests can scale it."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Epoch seconds, and sleeping by the same clock."""

    def time(self) -> float:
        """Return the seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        ...


class RealClock:
    """The clock on the wall."""

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await asyncio.sleep(seconds)
