"""A fixed-window rate limit per key, and the headers that tell about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Self

from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.specs import SpecError, number

Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: float

    @classmethod
    def parse(cls, spec: str) -> Self | None:
        """Return the rate of `N/SECONDS`, or None for `off`.

        Raises:
            SpecError: `spec` is neither.
        """
        if spec == "off":
            return None
        count, sign, seconds = spec.partition("/")
        if not sign or not (count.isascii() and count.isdigit()) or int(count) < 1:
            raise SpecError(
                f"`--rate`: `{spec}` is not N/SECONDS", hint="write 100/60, or off"
            )
        length = number(seconds, "--rate", "SECONDS")
        if length == 0:
            raise SpecError("`--rate`: a window of 0 seconds", hint="write 100/60")
        return cls(int(count), length)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a key stands after a request: what is left, and when the window ends."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: float
    retry_after: int


class FixedWindow:
    """Counts requests per key; a window begins with its first request."""

    def __init__(self, rate: Rate, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, key: str) -> Standing:
        """Count one request of `key`; a refused one costs nothing."""
        now = self._clock()
        began, used = self._windows.get(key, (now, 0))
        if now >= began + self._rate.seconds:
            began, used = now, 0
        allowed = used < self._rate.requests
        used += allowed
        self._windows[key] = (began, used)
        ends = began + self._rate.seconds
        return Standing(
            allowed=allowed,
            limit=self._rate.requests,
            remaining=self._rate.requests - used,
            resets_at=ends,
            retry_after=max(1, math.ceil(ends - now)),
        )


def rate_headers(standing: Standing, dialect: Dialect) -> list[Header]:
    """Return X-RateLimit-* as `dialect` tells them on this answer."""
    if standing.allowed and dialect.rate_headers == "throttled":
        return []
    return [
        (b"x-ratelimit-limit", b"%d" % standing.limit),
        (b"x-ratelimit-remaining", b"%d" % standing.remaining),
        (b"x-ratelimit-reset", b"%d" % math.ceil(standing.resets_at)),
    ]


def retry_after_header(seconds: int, now: float, dialect: Dialect) -> list[Header]:
    """Return Retry-After as `dialect` writes it, if it does."""
    if dialect.retry_after == "off":
        return []
    if dialect.retry_after == "date":
        when = formatdate(math.ceil(now + seconds), usegmt=True)
        return [(b"retry-after", when.encode())]
    return [(b"retry-after", b"%d" % seconds)]
