"""Stop a run that only fails, rather than burning through its file."""

from collections import Counter, deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Breaker:
    """Counts failures by class; open after a streak, or when one class fills the window.

    `streak` failures in a row open it, and so does a share of `rate` of one error class
    among the last `window` answers.
    """

    streak: int = 25
    window: int = 100
    rate: float = 0.5
    _row: int = 0
    _last: deque[str | None] = field(default_factory=deque)
    _counts: Counter[str] = field(default_factory=Counter)

    def succeeded(self) -> None:
        """Note an answer that settled its row."""
        self._row = 0
        self._push(None)

    def failed(self, error_class: str) -> None:
        """Note a failure of class `error_class`."""
        self._row += 1
        self._push(error_class)

    def _push(self, error_class: str | None) -> None:
        self._last.append(error_class)
        if error_class is not None:
            self._counts[error_class] += 1
        if len(self._last) > self.window:
            gone = self._last.popleft()
            if gone is not None:
                self._counts[gone] -= 1

    @property
    def reason(self) -> str | None:
        """Why the breaker is open, or None while it is closed."""
        if self._row >= self.streak:
            return f"{self._row} writes in a row failed"
        if len(self._last) >= self.window:
            worst, count = max(
                self._counts.items(), key=lambda item: item[1], default=("", 0)
            )
            if count >= self.rate * self.window:
                return f"{count} of the last {self.window} writes failed ({worst})"
        return None
