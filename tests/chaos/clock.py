"""A clock that runs faster than the wall's, and may jump."""

import asyncio
import time


class ScaledClock:
    """`factor` seconds pass in each real one; after `jump_at` real seconds it jumps."""

    def __init__(self, factor, jump_at=None, jump=0.0):
        self.factor, self.jump_at, self.jump = factor, jump_at, jump
        self.began, self.epoch = time.monotonic(), time.time()

    def time(self):
        real = time.monotonic() - self.began
        jumped = self.jump_at is not None and real >= self.jump_at
        return self.epoch + real * self.factor + (self.jump if jumped else 0.0)

    async def sleep(self, seconds):
        await asyncio.sleep(seconds / self.factor)
