"""What the API cost: requests by operation, 429s, retries, time spent waiting."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from pipeline.api.clock import Clock

OPERATIONS: Final = (
    "list",
    "search",
    "get",
    "create",
    "update",
    "delete",
    "payments",
    "other",
)
"""Names of `api.by_operation` in `summary.json`."""


class ApiStats:
    """Counters of one run; threads and tasks may share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._throttled = 0
        self._retries = 0
        self._waited = 0.0

    def sent(self, operation: str) -> None:
        """Count a request of one of `OPERATIONS`."""
        with self._lock:
            self._requests[operation] += 1

    def throttled(self) -> None:
        """Count an answer 429."""
        with self._lock:
            self._throttled += 1

    def retried(self) -> None:
        """Count a request that is sent again."""
        with self._lock:
            self._retries += 1

    def waited(self, seconds: float) -> None:
        """Add seconds in which at least one request waited."""
        with self._lock:
            self._waited += seconds

    def as_dict(self) -> dict[str, Any]:
        """Return the `api` object of `summary.json`."""
        with self._lock:
            return {
                "requests": self._requests.total(),
                "by_operation": {name: self._requests[name] for name in OPERATIONS},
                "throttled": self._throttled,
                "retries": self._retries,
                "seconds_waited": round(self._waited, 3),
            }


class Waits:
    """Measure the time in which at least one task waits, each second once."""

    def __init__(self, clock: Clock, on_wait: Callable[[float], None] | None) -> None:
        self._clock = clock
        self.on_wait = on_wait
        self._waiting = 0
        self._since = 0.0

    async def sleep(self, seconds: float) -> None:
        """Sleep by the clock, and count it."""
        if not self._waiting:
            self._since = self._clock.time()
        self._waiting += 1
        try:
            await self._clock.sleep(seconds)
        finally:
            self._waiting -= 1
            if not self._waiting and self.on_wait:
                self.on_wait(max(0.0, self._clock.time() - self._since))
