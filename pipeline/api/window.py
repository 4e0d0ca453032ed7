"""What the headers of the answers tell about the server's own window, pure.

Every request of a key has a number, so `number + remaining` stays the same within a
window of the server as long as nobody else uses the key: it falls as others do, and
jumps when the next window begins. Times are seconds by the clock of the pace store.
"""

from dataclasses import dataclass, replace
from typing import Final

_YIELD: Final = 1.1  # room kept for each request that somebody else makes
_KEPT: Final = 0.15  # the same at the very end of a window
_CALM: Final = 0.3  # how fast others are forgotten, of the difference a window
_PROBE: Final = 0.05  # of a window that lasts longer than was thought


@dataclass(frozen=True, slots=True)
class Reading:
    """Limit and remaining as told to request `number`; `reset_in` in seconds."""

    number: int
    sent_at: float
    limit: int
    remaining: int
    reset_in: float | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The server's present window.

    `cap` is the number of the last request that it has room for, `last` what the last
    answer made of that, `opening` what the first did; the window began with request
    `opened_by` at `began_at`, and `before` is the cap of the one before. `others` is
    how many requests of other users of the key a window has to expect.
    """

    limit: int
    cap: int
    told_at: float
    last: int | None = None
    opening: int | None = None
    opened_by: int = 0
    before: int | None = None
    began_at: float | None = None
    reset_at: float | None = None
    others: float = 0.0

    def room(self, at: float, granted: int, requests: int, seconds: float) -> "Room":
        """Return when the next request may go, seen from `at`.

        `granted` requests have been let go so far; `requests` in `seconds` is the rate
        that is set. What the window has left is spread over the time that it lasts.
        """
        end = self.ends_at(requests, seconds)
        rest = max(0.0, end - at)
        others = max(self.others, _seen(self))
        theirs = others * (_KEPT + _YIELD * rest / seconds)
        left = self.cap - granted - theirs
        if left < 1:
            return Room(end, 0.0)
        # A window longer than ours is a quota: it bounds an import, it does not pace it.
        return Room(at, rest / left if rest <= seconds else 0.0)

    def ends_at(self, requests: int, seconds: float) -> float:
        """Return when the window ends, as far as can be known."""
        # A reset counts whole seconds: the rhythm of a window we know is better.
        is_ours = self.began_at is not None and self.limit == requests
        if self.reset_at is not None and not is_ours:
            return self.reset_at
        began = self.told_at if self.began_at is None else self.began_at
        return began + seconds

    def rolled(
        self, at: float, granted: int, requests: int, seconds: float
    ) -> "Window":
        """Return the window that `at` falls in: this one, or the next."""
        end = self.ends_at(requests, seconds)
        if at < end:
            return self
        return replace(
            self,
            cap=granted + self.limit,
            last=None,
            opening=None,
            before=self.cap,
            opened_by=granted + 1,
            began_at=end,
            reset_at=None,
            others=_learnt(self),
        )

    def shifted(self, by: float) -> "Window":
        """Return the window with every time moved."""
        return replace(
            self,
            told_at=self.told_at + by,
            began_at=None if self.began_at is None else self.began_at + by,
            reset_at=None if self.reset_at is None else self.reset_at + by,
        )


@dataclass(frozen=True, slots=True)
class Room:
    """The next request may go at `since`, and `spacing` seconds later the one after."""

    since: float
    spacing: float


def first_window(now: float, reading: Reading) -> Window:
    """Return what the first answer tells; when its window began is not known."""
    cap = reading.number + reading.remaining
    return Window(
        limit=reading.limit,
        cap=cap,
        told_at=now,
        last=cap,
        opening=cap,
        began_at=_arrival(now, reading) if _is_first(reading) else None,
        reset_at=_reset(now, reading),
    )


def heard(window: Window, now: float, reading: Reading, seconds: float) -> Window:
    """Return the window after another answer, which came at `now`."""
    cap = reading.number + reading.remaining
    is_late = reading.number < window.opened_by
    known = window.before if is_late else window.cap
    if known is not None and cap - known > reading.limit / 2:
        return _opened(window, now, reading, known)
    if is_late:
        return window  # of a window that is over
    told = replace(
        window,
        limit=reading.limit,
        cap=cap,
        told_at=now,
        last=cap,
        opening=cap if window.opening is None else window.opening,
        reset_at=_reset(now, reading),
    )
    if window.cap - cap > reading.limit / 2:
        # It lasts longer than we thought: look again soon.
        return replace(told, opening=cap, began_at=now - (1 - _PROBE) * seconds)
    if _is_first(reading):
        return replace(told, began_at=_arrival(now, reading))
    # Two requests may overtake each other: of two answers the smaller counts.
    return told if window.last is None else replace(told, cap=min(cap, window.last))


def _opened(window: Window, now: float, reading: Reading, before: int) -> Window:
    """Return the next window, seen by the jump of what remains."""
    cap = reading.number + reading.remaining
    return Window(
        limit=reading.limit,
        cap=cap,
        told_at=now,
        last=cap,
        opening=cap,
        opened_by=reading.number,
        before=before,
        began_at=_arrival(now, reading),
        reset_at=_reset(now, reading),
        others=_learnt(window),
    )


def _is_first(reading: Reading) -> bool:
    return reading.remaining == reading.limit - 1


def _arrival(now: float, reading: Reading) -> float:
    """Return when the request reached the server, half-way to its answer."""
    return (reading.sent_at + now) / 2


def _reset(now: float, reading: Reading) -> float | None:
    return None if reading.reset_in is None else now + reading.reset_in


def _seen(window: Window) -> int:
    """Return how many requests others made since the window began, beyond doubt.

    Requests under way may overtake each other, which looks like a few of others.
    """
    if window.opening is None:
        return 0
    seen = window.opening - window.cap
    noise = 2 + 0.02 * window.limit
    return seen if seen > noise else 0


def _learnt(window: Window) -> float:
    """Return how many requests of others to expect after a window that ends.

    More of them counts at once, less of them slowly: live traffic goes first.
    """
    if window.opening is None:
        return window.others
    seen = _seen(window)
    calmer = window.others + _CALM * (seen - window.others)
    return max(seen, calmer)
