"""One pace for all who share a key: slots from a store, answers told back to it."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
    reserve,
)
from pipeline.api.headers import told_by

T = TypeVar("T")

_AHEAD: Final = 0.1  # seconds that slots are reserved ahead
_LOOK: Final = 0.25  # seconds between two looks at the store where there is no rate


class PaceStore(Protocol):
    """Where the pace of one key is kept; shared by all who use that key."""

    def transact(self, fn: Callable[[PaceState, float], tuple[PaceState, T]]) -> T:
        """Apply `fn(state, now)` atomically, keep the state it returns, return its rest.

        `now` is epoch seconds by the store's clock. `fn` is pure and may be called
        again after a conflict. Called from a worker thread, one call at a time for
        each `Pace`. A key never seen has `PaceState()`.
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
