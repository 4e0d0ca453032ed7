"""Why and when a run stops taking new rows."""

from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from pipeline.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """A daily span of local time in which a run may write, as `20:00-06:00`."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> "Window":
        """Return the window written as `HH:MM-HH:MM`.

        Raises:
            UsageError: The text has another form.
        """
        try:
            start, end = (time.fromisoformat(part) for part in text.split("-"))
        except ValueError:
            raise UsageError(
                f"`--window {text}` is not of the form HH:MM-HH:MM"
            ) from None
        return cls(start, end)

    def holds(self, moment: datetime) -> bool:
        """Tell whether local `moment` lies in the window, which may cross midnight."""
        now = moment.time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


@dataclass(slots=True)
class Stop:
    """Tells a run to stop: by signal, by time, or because going on makes no sense.

    `deadline` and the moments handed in are seconds since the epoch.
    """

    deadline: float | None = None
    window: Window | None = None
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    signal: int | None = None
    error: Exception | None = None
    reason: str | None = None

    def by_signal(self, number: int) -> None:
        """Stop because the process was told to (SIGINT or SIGTERM)."""
        self.signal = self.signal or number
        self.reason = self.reason or "interrupted"

    def by_error(self, error: Exception) -> None:
        """Stop because of `error`; the first one counts."""
        self.error = self.error or error
        self.reason = self.reason or "stopped"

    def wanted(self, now: float) -> bool:
        """Tell whether no new row is to be taken at `now`."""
        if self.reason is None and self.deadline is not None and now >= self.deadline:
            self.reason = "max_duration"
        if self.reason is None and self.window is not None:
            local = datetime.fromtimestamp(now, self.timezone)
            if not self.window.holds(local):
                self.reason = "window"
        return self.reason is not None
