"""What the headers of an answer say about time: Retry-After, X-RateLimit-*, Date."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from pipeline.api.governor import Slot, Told
from pipeline.api.window import Reading

LONGEST_PAUSE: Final = 86_400.0
"""Seconds beyond which a server's wish to wait is not followed: the run gives up."""

_SKEW: Final = 2.0  # the Date header counts whole seconds: less is no difference
_EPOCH: Final = 1e9  # below it, a reset is seconds from now
_MILLISECONDS: Final = 1e12
TOO_MANY: Final = 429
"""The status that means: refused because of the pace, nothing was done."""


def told_by(
    slot: Slot, status: int, headers: Mapping[str, str], now: float
) -> Told | None:
    """Return what the answer to the request of `slot` says, or None for nothing."""
    limit = _whole(headers.get("x-ratelimit-limit"))
    remaining = _whole(headers.get("x-ratelimit-remaining"))
    reset = reset_in(headers, now)
    reading = None
    if limit and remaining is not None:
        reading = Reading(slot.number, slot.at, limit, remaining, reset)
    if status == TOO_MANY:
        wait = retry_after(headers, now)
        usable = wait if wait and wait <= LONGEST_PAUSE else None
        return Told(slot.at, True, usable, reset, reading)
    return None if reading is None else Told(slot.at, reading=reading)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait, from seconds or an HTTP date; None where not told."""
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        at = _date(value)
        seconds = None if at is None else at - _server_time(headers, now)
    return None if seconds is None else max(0.0, seconds)


def reset_in(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds until X-RateLimit-Reset; None where absent, past or absurd."""
    value = _number(headers.get("x-ratelimit-reset"))
    if value is None:
        return None
    if value >= _MILLISECONDS:
        value /= 1000
    left = value - _server_time(headers, now) if value >= _EPOCH else value
    return left if 0 < left <= LONGEST_PAUSE else None


def _server_time(headers: Mapping[str, str], now: float) -> float:
    """Return the time by the server's clock where it differs from ours."""
    at = _date(headers.get("date"))
    return now if at is None or abs(at - now) < _SKEW else at


def _date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, OverflowError):
        return None


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() else None
