"""Pace arithmetic, pure: from state, time and what an answer told to the next slots.

Slots stand on an even clock at a little under the allowed rate, so that a fixed window
of the server never sees a burst. The headers of the answers may only lower that: what
is left of the server's window is spread over the time it still lasts, others who use
the same key first. Times are seconds by the clock of the store; a slot's `number`
counts every request of the key, so that `remaining + number` is constant within a
window of the server as long as nobody else uses the key.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.errors import SettingsError

TARGET: Final = 0.985
"""Part of the allowed rate that is spent: room for answers that arrive unevenly."""

_DECREASE: Final = 0.8
_RECOVERY: Final = 0.2  # of the full pace, for each window without a 429
_FLOOR: Final = 0.1
_FIRST_PAUSE: Final = 0.5
_LONGEST_BLIND_PAUSE: Final = 60.0  # seconds, where a 429 does not say how long
_CLOCK_JUMP: Final = 2.0
_YIELD: Final = 1.1  # room kept for each request that somebody else makes
_KEPT: Final = 0.15  # the same at the very end of a window
_CALM: Final = 0.3
_PROBE: Final = 0.05  # of a window


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Rate | None":
        """Return the rate in `REQUESTS/SECONDS`, or None for `off`.

        Raises:
            SettingsError: neither form, or not above zero.
        """
        if text.strip().lower() == "off":
            return None
        requests, slash, seconds = text.partition("/")
        try:
            rate = cls(int(requests), float(seconds) if slash else 0.0)
        except ValueError:
            rate = cls(0, 0.0)
        if rate.requests < 1 or not 0 < rate.seconds < math.inf:
            raise SettingsError(
                f"the rate `{text}` is not understood",
                hint="write REQUESTS/SECONDS, as `NOTCHPAY_RATE=100/60`, or `off`",
            )
        return rate


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be spent: rate (None: no limit of ours), share, largest burst."""

    rate: Rate | None
    share: float = 1.0
    burst: int = 8


@dataclass(frozen=True, slots=True)
class Slot:
    """Leave to send one request at `at`; `number` counts the requests of the key."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Told:
    """What one answer says about the pace.

    `number` and `sent_at` are those of its slot; `reset_in` and `retry_after` are
    seconds from the answer, `ago` the seconds since it came.
    """

    number: int
    sent_at: float
    throttled: bool = False
    limit: int | None = None
    remaining: int | None = None
    reset_in: float | None = None
    retry_after: float | None = None
    ago: float = 0.0


@dataclass(frozen=True, slots=True)
class PaceState:
    """Everything the governor remembers about one key; plain JSON values.

    `cap` is the number of the last request that the server's present window has room
    for, `opening` what it was when the window began: they part as others use the key.
    """

    next_at: float | None = None
    granted: int = 0
    seen_at: float = 0.0
    paused_until: float = 0.0
    throttled_at: float = 0.0
    strikes: int = 0
    factor: float = 1.0
    factor_at: float = 0.0
    limit: int | None = None
    cap: int | None = None
    last: int | None = None
    opening: int | None = None
    opened_by: int = 0
    before: int | None = None
    window_at: float | None = None
    reset_at: float | None = None
    told_at: float = 0.0
    others: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "PaceState":
        """Return the state in `raw`; fields of other versions are passed over."""
        known = {field.name for field in dataclasses.fields(cls)}
        return cls(**{key: value for key, value in raw.items() if key in known})


def reserve(
    state: PaceState, now: float, allowance: Allowance, count: int
) -> tuple[PaceState, tuple[Slot, ...]]:
    """Return `count` slots from `now` on, evenly spaced, none inside a pause."""
    state = _forget(_rebase(state, now), now, allowance.rate)
    slots: list[Slot] = []
    for _ in range(count):
        state, slot = _grant(state, now, allowance)
        slots.append(slot)
    return state, tuple(slots)


def _grant(
    state: PaceState, now: float, allowance: Allowance
) -> tuple[PaceState, Slot]:
    rate = allowance.rate
    at = max(now, state.paused_until)
    number = state.granted + 1
    if rate is None:
        return dataclasses.replace(state, granted=number), Slot(number, at)
    spacing = own_spacing(state, now, allowance)
    due = _due(state, at, spacing, allowance)
    at = max(at, due)
    state = _roll(state, at, rate)
    if state.cap is not None:
        at, spacing = _within_window(state, at, spacing, rate)
    # A slot that had to wait for the window leaves its due time as it is: what was
    # lost is caught up, at most a burst of it.
    state = dataclasses.replace(state, granted=number, next_at=due + spacing)
    return state, Slot(number, at)


def _due(
    state: PaceState, earliest: float, spacing: float, allowance: Allowance
) -> float:
    """Return when the next slot falls due, at most a burst behind the time."""
    if state.next_at is None:
        return earliest + spacing  # the bucket starts empty
    # Time that was lost is caught up only where the server tells what is left of its
    # window: without that, a burst across its border is a 429.
    behind = (allowance.burst - 1) * spacing if state.cap is not None else 0.0
    return max(state.next_at, earliest - behind)


def own_spacing(state: PaceState, now: float, allowance: Allowance) -> float:
    """Return the seconds between two slots by our rate, share and recent 429s."""
    rate = allowance.rate
    if rate is None:
        return 0.0
    pace = rate.requests * TARGET * allowance.share * factor(state, now, rate)
    return rate.seconds / pace


def factor(state: PaceState, now: float, rate: Rate) -> float:
    """Return the part of the pace that recent 429s leave, recovering with time."""
    healed = _RECOVERY * max(0.0, now - state.factor_at) / rate.seconds
    return min(1.0, state.factor + healed)


def _within_window(
    state: PaceState, at: float, spacing: float, rate: Rate
) -> tuple[float, float]:
    """Spread what the server's window has left over the time that it lasts."""
    end = _window_end(state, rate)
    rest = max(0.0, end - at)
    others = max(state.others, _seen(state))
    theirs = others * (_KEPT + _YIELD * rest / rate.seconds)
    left = (state.cap or 0) - state.granted - theirs
    if left < 1:
        return max(at, end), spacing
    return at, max(spacing, rest / left)


def _window_end(state: PaceState, rate: Rate) -> float:
    """Return when the server's window ends, as far as can be known."""
    if state.reset_at is not None and (
        state.window_at is None or state.limit != rate.requests
    ):
        return state.reset_at
    started = state.told_at if state.window_at is None else state.window_at
    return started + rate.seconds


def _roll(state: PaceState, at: float, rate: Rate) -> PaceState:
    """Begin the server's next window where the present one is over at `at`."""
    if state.cap is None or state.limit is None:
        return state
    end = _window_end(state, rate)
    if at < end:
        return state
    cap = state.granted + state.limit
    return dataclasses.replace(
        _close(state),
        cap=cap,
        last=None,
        opening=None,
        before=state.cap,
        opened_by=state.granted + 1,
        window_at=end,
        reset_at=None,
    )


def _forget(state: PaceState, now: float, rate: Rate | None) -> PaceState:
    """Drop what the headers said when it is older than two windows."""
    if state.cap is None or (rate and now < state.told_at + 2 * rate.seconds):
        return state
    return dataclasses.replace(
        state, cap=None, last=None, limit=None, window_at=None, reset_at=None, others=0
    )


def _rebase(state: PaceState, now: float) -> PaceState:
    """Move every time with a clock that was set back, so that nothing waits for it."""
    if now >= state.seen_at - _CLOCK_JUMP:
        return dataclasses.replace(state, seen_at=max(now, state.seen_at))
    by = now - state.seen_at
    return dataclasses.replace(
        state,
        seen_at=now,
        next_at=None if state.next_at is None else state.next_at + by,
        paused_until=state.paused_until + by,
        throttled_at=state.throttled_at + by,
        factor_at=state.factor_at + by,
        window_at=None if state.window_at is None else state.window_at + by,
        reset_at=None if state.reset_at is None else state.reset_at + by,
        told_at=state.told_at + by,
    )


def observe(
    state: PaceState, now: float, told: Told, allowance: Allowance
) -> PaceState:
    """Return the state after an answer, whatever it told."""
    state = _rebase(state, now)
    if allowance.rate and told.limit is not None and told.remaining is not None:
        state = hear(state, now - told.ago, told, allowance.rate)
    if told.throttled:
        return throttled(state, now - told.ago, told, allowance)
    # Only an answer to a request sent after the pause shows that it is over.
    if state.strikes and told.sent_at > state.throttled_at:
        state = dataclasses.replace(state, strikes=0)
    return state


def throttled(
    state: PaceState, now: float, told: Told, allowance: Allowance
) -> PaceState:
    """Return the state after a 429: every request of the key pauses, the pace drops.

    Requests that were under way when the first 429 came lower the pace only once.
    """
    pause = told.retry_after if told.retry_after is not None else told.reset_in
    if pause is None:
        pause = min(_FIRST_PAUSE * 2**state.strikes, _LONGEST_BLIND_PAUSE)
    until = max(state.paused_until, now + pause)
    state = dataclasses.replace(state, paused_until=until)
    if state.throttled_at and told.sent_at <= state.throttled_at:
        return state
    rate = allowance.rate
    slower = max(_FLOOR, factor(state, now, rate) * _DECREASE) if rate else 1.0
    return dataclasses.replace(
        state,
        throttled_at=now,
        strikes=state.strikes + 1,
        factor=slower,
        factor_at=until,
    )


def hear(state: PaceState, now: float, told: Told, rate: Rate) -> PaceState:
    """Return the state after limit and remaining were told by a request of ours."""
    if told.limit is None or told.remaining is None:
        return state
    cap = told.number + told.remaining
    known = state.cap
    if told.number < state.opened_by:
        known = state.before
        if known is None or cap - known <= told.limit / 2:
            return state  # of a window that is over
    heard = dataclasses.replace(
        state,
        limit=told.limit,
        cap=cap,
        last=cap,
        opening=cap if state.opening is None else state.opening,
        told_at=now,
        reset_at=None if told.reset_in is None else now + told.reset_in,
    )
    arrived = (told.sent_at + now) / 2
    jump = 0 if known is None else cap - known
    if jump > told.limit / 2:
        return dataclasses.replace(
            heard,
            opening=cap,
            opened_by=told.number,
            window_at=arrived,
            before=known,
            others=_close(state).others,
        )
    if -jump > told.limit / 2:  # the window lasts longer than we thought: look soon
        soon = now - (1 - _PROBE) * rate.seconds
        return dataclasses.replace(heard, opening=cap, window_at=soon)
    if told.remaining == told.limit - 1:  # this request began the window
        return dataclasses.replace(heard, window_at=arrived)
    # Two requests may overtake each other: of two answers the smaller counts.
    return (
        heard
        if state.last is None
        else dataclasses.replace(heard, cap=min(cap, state.last))
    )


def _seen(state: PaceState) -> int:
    """Return how many requests others made since the window began, beyond doubt.

    Requests under way may overtake each other, which looks like a few of others.
    """
    if state.cap is None or state.limit is None or state.opening is None:
        return 0
    seen = state.opening - state.cap
    noise = 2 + 0.02 * state.limit
    return seen if seen > noise else 0


def _close(state: PaceState) -> PaceState:
    """Learn from a window that ends how many requests others made in it.

    More of them counts at once, less of them slowly: live traffic goes first.
    """
    if state.opening is None:
        return state
    seen = _seen(state)
    calmer = state.others + _CALM * (seen - state.others)
    return dataclasses.replace(state, others=max(seen, calmer))
