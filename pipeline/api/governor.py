"""Pace arithmetic, pure: from state, time and what an answer told to the next slots.

Slots stand on an even clock at a little under the allowed rate, so that a fixed window
of the server never sees a burst. The headers of the answers may only lower that
(`window`), and a 429 stops every request of the key. Times are seconds by the clock of
the store.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pipeline.api.window import Reading, Window, first_window, heard
from pipeline.errors import SettingsError

TARGET: Final = 0.985
"""Part of the allowed rate that is spent: room for answers that arrive unevenly."""

_DECREASE: Final = 0.8
_RECOVERY: Final = 0.2  # of the full pace, for each window without a 429
_FLOOR: Final = 0.1
_FIRST_PAUSE: Final = 0.5  # seconds, where a 429 does not say how long
_DOUBLINGS: Final = 7  # of it, at most: a minute
_TOLERANCE: Final = 1.1  # requests overtake each other: less is no news of a window
_CLOCK_JUMP: Final = 2.0
_STALE: Final = 2  # windows without an answer after which headers are forgotten


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

    `sent_at` is the time of its slot; `reset_in` and `retry_after` are seconds from
    the answer, `ago` the seconds since it came.
    """

    sent_at: float
    throttled: bool = False
    retry_after: float | None = None
    reset_in: float | None = None
    reading: Reading | None = None
    ago: float = 0.0


@dataclass(frozen=True, slots=True)
class PaceState:
    """Everything the governor remembers about one key; plain JSON values.

    `next_at` is when the next slot falls due (None: a key never used), `granted` the
    number of the last; `factor` is what 429s left of the pace at `factor_at`, `strikes`
    how many came in a row.
    """

    next_at: float | None = None
    granted: int = 0
    seen_at: float = 0.0
    paused_until: float = 0.0
    throttled_at: float = 0.0
    strikes: int = 0
    factor: float = 1.0
    factor_at: float = 0.0
    window: Window | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "PaceState":
        """Return the state in `raw`; fields of other versions are passed over."""
        state = cls(**_known(cls, raw, without="window"))
        window = raw.get("window")
        if window is None:
            return state
        return replace(state, window=Window(**_known(Window, window)))


def _known(kind: type, raw: Mapping[str, Any], without: str = "") -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)} - {without}
    return {name: value for name, value in raw.items() if name in names}


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
    rate, window = allowance.rate, state.window
    at = max(now, state.paused_until)
    number = state.granted + 1
    if rate is None:
        return replace(state, granted=number), Slot(number, at)
    spacing = own_spacing(state, now, allowance)
    due = _due(state, at, spacing, allowance)
    at, behind = max(at, due), (allowance.burst - 1) * spacing
    if window is not None:
        window = window.rolled(at, state.granted, rate.requests, rate.seconds)
        room = window.room(at, state.granted, rate.requests, rate.seconds)
        at = max(at, room.since)
        if room.spacing > spacing * _TOLERANCE:
            spacing = room.spacing
    # A slot that had to wait for the window leaves the clock of the slots as it is:
    # what was lost is caught up, at most a burst of it.
    next_at = max(due, at - behind) + spacing
    state = replace(state, granted=number, next_at=next_at, window=window)
    return state, Slot(number, at)


def _due(
    state: PaceState, earliest: float, spacing: float, allowance: Allowance
) -> float:
    """Return when the next slot falls due, at most a burst behind the time."""
    if state.next_at is None:
        return earliest + spacing  # the bucket starts empty
    # Time that was lost is caught up only where the server tells what is left of its
    # window: without that, a burst across its border is a 429.
    behind = (allowance.burst - 1) * spacing if state.window is not None else 0.0
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


def _forget(state: PaceState, now: float, rate: Rate | None) -> PaceState:
    """Drop what the headers said when no answer has confirmed it for long."""
    if state.window is None or rate is None:
        return state
    if now < state.window.told_at + _STALE * rate.seconds:
        return state
    return replace(state, window=None)


def _rebase(state: PaceState, now: float) -> PaceState:
    """Move every time with a clock that was set back, so that nothing waits for it."""
    if now >= state.seen_at - _CLOCK_JUMP:
        return replace(state, seen_at=max(now, state.seen_at))
    by = now - state.seen_at
    return replace(
        state,
        seen_at=now,
        next_at=None if state.next_at is None else state.next_at + by,
        paused_until=state.paused_until + by,
        throttled_at=state.throttled_at + by,
        factor_at=state.factor_at + by,
        window=None if state.window is None else state.window.shifted(by),
    )


def observe(
    state: PaceState, now: float, told: Told, allowance: Allowance
) -> PaceState:
    """Return the state after an answer, whatever it told."""
    state = _rebase(state, now)
    at = now - told.ago
    if allowance.rate is not None and told.reading is not None:
        state = _read(state, at, told.reading, allowance.rate)
    if told.throttled:
        return throttled(state, at, told, allowance)
    # Only an answer to a request sent after the pause shows that it is over.
    if state.strikes and told.sent_at > state.throttled_at:
        state = replace(state, strikes=0)
    return state


def _read(state: PaceState, at: float, reading: Reading, rate: Rate) -> PaceState:
    if state.window is None:
        return replace(state, window=first_window(at, reading))
    return replace(state, window=heard(state.window, at, reading, rate.seconds))


def throttled(
    state: PaceState, at: float, told: Told, allowance: Allowance
) -> PaceState:
    """Return the state after a 429 at `at`: all requests pause, the pace drops.

    Requests that were under way when the first 429 came lower the pace only once.
    """
    pause = told.retry_after if told.retry_after is not None else told.reset_in
    if pause is None:
        pause = _FIRST_PAUSE * 2 ** min(state.strikes, _DOUBLINGS)
    until = max(state.paused_until, at + pause)
    state = replace(state, paused_until=until)
    if state.throttled_at and told.sent_at <= state.throttled_at:
        return state
    rate = allowance.rate
    slower = max(_FLOOR, factor(state, at, rate) * _DECREASE) if rate else 1.0
    return replace(
        state,
        throttled_at=at,
        strikes=state.strikes + 1,
        factor=slower,
        factor_at=until,
    )
