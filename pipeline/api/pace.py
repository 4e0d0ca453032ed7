"""One pace for all who share a key: slots from a store, answers told back to it."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Protocol, TypeVar

from pipeline.api.clock import Clock, RealClock
from pipeline.api.governor import (
    TARGET,
    Allowance,
    PaceState,
    Rate,
    Slot,
    Told,
    observe,
    own_spacing,
    reserve,
)
from pipeline.api.headers import TOO_MANY, told_by
from pipeline.api.stats import Waits

T = TypeVar("T")

_AHEAD: Final = 0.1  # seconds that slots are reserved ahead
_LEAD: Final = 0.05  # seconds before the last of them that the next are asked for
_LOOK: Final = 0.25  # seconds between two looks at the store where there is no rate
_CLOCK_JUMP: Final = 2.0  # seconds
_WORTH_TELLING: Final = 5.0  # seconds of a pause that a person wants to know of


class PaceStore(Protocol):
    """Where the pace of one key is kept; shared by all who use that key."""

    def transact(self, fn: Callable[[PaceState, float], tuple[PaceState, T]]) -> T:
        """Apply `fn(state, now)` atomically, keep its state, return the rest.

        `now` is epoch seconds by the store's clock. `fn` is pure and may be called
        again after a conflict. Each `Pace` calls it from one worker thread of its
        own, one call at a time. A key never seen has `PaceState()`.
        """
        ...


class MemoryPaceStore:
    """The pace of one process; threads may share it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or RealClock()
        self._state = PaceState()
        self._lock = threading.Lock()

    def transact(self, fn: Callable[[PaceState, float], tuple[PaceState, T]]) -> T:
        """Apply `fn` to the state under a lock."""
        with self._lock:
            self._state, rest = fn(self._state, self._clock.time())
            return rest


@dataclass(frozen=True, slots=True)
class _Reserved:
    """What one transaction brought; times by the store's clock."""

    slots: tuple[Slot, ...]
    now: float
    paused_until: float
    spacing: float
    is_guarded: bool


class Pace:
    """Hands out leave to send, evenly, to every request of a key.

    `on_wait(seconds)` is called with time in which at least one request waited,
    `on_pause(until)` with the epoch second until which the server makes us wait, where
    that is more than a moment.
    """

    def __init__(
        self,
        store: PaceStore,
        rate: Rate | None,
        *,
        share: float = 1.0,
        concurrency: int = 8,
        clock: Clock | None = None,
        on_wait: Callable[[float], None] | None = None,
        on_pause: Callable[[float], None] | None = None,
    ) -> None:
        self.clock = clock or RealClock()
        self.waits = Waits(self.clock, on_wait)
        self._store = store
        self._allowance = Allowance(rate, share, concurrency)
        self._on_pause = on_pause
        self._told_pause = 0.0
        self._slots: deque[tuple[int, Slot]] = deque()
        self._told: list[tuple[float, Told]] = []
        self._round = 0  # a 429 begins a new one: slots of older rounds are void
        self._waiting = 0
        self._lock = asyncio.Lock()
        self._offset = 0.0  # the store's clock minus ours
        self._seen_at = 0.0
        self._last_at = 0.0
        self._spacing = 0.0
        self._slack = 0.0
        self._look_at = 0.0
        self._worker: ThreadPoolExecutor | None = None

    async def acquire(self) -> Slot:
        """Wait for leave to send one request now."""
        while True:
            if self._is_free():
                return Slot(0, self.clock.time() + self._offset)
            began, slot = await self._next()
            now = self._store_time()
            if slot.at > now and began == self._round:
                await self.waits.sleep(slot.at - now)
                now = self._store_time()
            if began == self._round and now - slot.at <= self._slack:
                return Slot(slot.number, max(now, slot.at))

    def answered(self, slot: Slot, status: int, headers: Mapping[str, str]) -> None:
        """Learn from the answer to a request; all hear of it with the next one."""
        if self._allowance.rate is None and status != TOO_MANY:
            return
        now = self.clock.time()
        told = told_by(slot, status, headers, now)
        if told is None:
            return
        self._told.append((now, told))
        if told.throttled:
            self._void()

    def close(self) -> None:
        """Let go of the worker thread."""
        if self._worker is not None:
            self._worker.shutdown(wait=True)
            self._worker = None

    def _store_time(self) -> float:
        """Return the time by the store's clock; a clock set back voids all slots."""
        now = self.clock.time()
        if now < self._seen_at - _CLOCK_JUMP:
            self._void()
        self._seen_at = now
        return now + self._offset

    def _void(self) -> None:
        self._round += 1
        self._slots.clear()
        self._look_at = self._last_at = 0.0

    def _is_free(self) -> bool:
        """Say whether there is no rate, and no pause was seen a moment ago."""
        if self._allowance.rate is not None:
            return False
        return 0 < self._look_at - self.clock.time() <= _LOOK

    async def _next(self) -> tuple[int, Slot]:
        self._waiting += 1
        try:
            async with self._lock:
                if not self._slots:
                    await self._come_near()
                    await self._refill()
                return self._slots.popleft()
        finally:
            self._waiting -= 1

    async def _come_near(self) -> None:
        """Wait until the last slot is near, so that nobody reserves far ahead.

        Meanwhile others come to wait as well, and one transaction serves them all.
        """
        now = self._store_time()  # first: it forgets slots of a clock set back
        early = self._last_at - _LEAD - now
        if early > 0:
            await self.waits.sleep(early)

    async def _refill(self) -> None:
        """Reserve for those who wait now, but only a moment ahead."""
        ahead = int(_AHEAD / self._spacing) if self._spacing else self._waiting
        told, self._told = self._told, []
        began = self._round
        work = partial(
            _work,
            told,
            self.clock.time(),
            self._allowance,
            _clamp(ahead, self._waiting),
        )
        reserved = await self._transact(work)
        now = self.clock.time()
        self._offset = reserved.now - now
        self._spacing = reserved.spacing
        self._slack = self._allowed_delay(reserved)
        if reserved.paused_until <= reserved.now:
            self._look_at = now + _LOOK
        else:
            self._tell_pause(reserved.paused_until - self._offset, now)
        self._slots.extend((began, slot) for slot in reserved.slots)
        self._last_at = reserved.slots[-1].at

    def _allowed_delay(self, reserved: _Reserved) -> float:
        """Return how late a slot may be used before a new one must be asked for.

        A burst of late requests is what the server's window has no room for, unless
        its headers say how much room there is.
        """
        rate = self._allowance.rate
        if rate is None:
            return _LOOK
        return rate.seconds * (0.5 if reserved.is_guarded else 1 - TARGET)

    def _tell_pause(self, until: float, now: float) -> None:
        if self._on_pause and until - now >= _WORTH_TELLING:
            if until > self._told_pause + 1:
                self._on_pause(until)
            self._told_pause = max(until, self._told_pause)

    async def _transact(
        self, fn: Callable[[PaceState, float], tuple[PaceState, _Reserved]]
    ) -> _Reserved:
        if isinstance(self._store, MemoryPaceStore):
            return self._store.transact(fn)
        if self._worker is None:
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="pace")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self._store.transact, fn)


def _clamp(ahead: int, waiting: int) -> int:
    return max(1, min(ahead, waiting))


def _work(
    told: list[tuple[float, Told]],
    asked_at: float,
    allowance: Allowance,
    count: int,
    state: PaceState,
    now: float,
) -> tuple[PaceState, _Reserved]:
    """Tell the state what was answered since, then reserve."""
    for at, each in told:
        state = observe(
            state, now, replace(each, ago=max(0.0, asked_at - at)), allowance
        )
    state, slots = reserve(state, now, allowance, count)
    spacing = own_spacing(state, now, allowance)
    guarded = state.window is not None
    return state, _Reserved(slots, now, state.paused_until, spacing, guarded)
