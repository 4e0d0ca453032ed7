"""Stop a run that only fails, rather than burning through its file."""

from collections import Counter, deque
from dataclasses import dataclass, field

_GATEWAY = (408, 502, 503, 504)


def error_class(status: int | None) -> str:
    """Return the class under which a failure is counted."""
    return "connection lost" if status is None else f"status {status}"


def is_outage(status: int | None) -> bool:
    """Tell whether no healthy API was behind the answer: no row can be to blame."""
    return status is None or status in _GATEWAY


@dataclass(slots=True)
class Breaker:
    """Counts failures by class; open after a streak, or when one class fills the window.

    `streak` failures in a row open it, and so does a share of `rate` of one error class
    among the last `window` answers. A streak of nothing but outages only pauses the run
    (`is_paused`), up to `pauses` times without a success in between; `outage_rate` is
    the share that an outage may have.
    """

    streak: int = 25
    window: int = 100
    rate: float = 0.5
    outage_rate: float = 0.9
    pauses: int = 6
    paused: int = 0
    _row: int = 0
    _blamed: int = 0
    _last: deque[str | None] = field(default_factory=deque)
    _counts: Counter[str] = field(default_factory=Counter)
    _outages: set[str] = field(default_factory=set)

    def succeeded(self) -> None:
        """Note an answer that settled its row."""
        self._row = self._blamed = self.paused = 0
        self._push(None)

    def failed(self, status: int | None) -> None:
        """Note a failure: its status, None where no answer came."""
        self._row += 1
        if is_outage(status):
            self._outages.add(error_class(status))
        else:
            self._blamed += 1
        self._push(error_class(status))

    def resume(self) -> None:
        """Begin anew after a pause; the API answers again."""
        self.paused += 1
        self._row = self._blamed = 0
        self._last.clear()
        self._counts.clear()

    def _push(self, name: str | None) -> None:
        self._last.append(name)
        if name is not None:
            self._counts[name] += 1
        if len(self._last) > self.window:
            gone = self._last.popleft()
            if gone is not None:
                self._counts[gone] -= 1

    @property
    def is_paused(self) -> bool:
        """Whether nothing but outages came for a while, and waiting may mend it."""
        is_down = self._row >= self.streak and self._blamed == 0
        return is_down and self.paused < self.pauses

    @property
    def reason(self) -> str | None:
        """Why the breaker is open, or None while it is closed or paused."""
        if self._row >= self.streak and not self.is_paused:
            return f"{self._row} writes in a row failed"
        if len(self._last) < self.window:
            return None
        for name, count in self._counts.most_common():
            limit = self.outage_rate if name in self._outages else self.rate
            if count >= limit * self.window:
                return f"{count} of the last {self.window} writes failed ({name})"
        return None
