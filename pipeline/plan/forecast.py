"""How many requests a plan will take, and when it would end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Forecast:
    """Requests of applying a plan, and the seconds they take at the given pace."""

    requests: int
    seconds: float


def forecast(
    writes: int, updates: int, per_second: float | None, max_read_age: float
) -> Forecast:
    """Return the forecast for `writes` operations, `updates` of them updates.

    An update whose customer was read longer ago than `max_read_age` seconds costs one
    more request; without a rate, 20 requests a second are assumed.
    """
    pace = per_second or 20.0
    within = int(max_read_age * pace)
    late = max(0, updates - max(0, within - (writes - updates)))
    requests = writes + late
    return Forecast(requests, requests / pace)
