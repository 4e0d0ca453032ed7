"""Guards that know the source: fewer rows, fewer known customers, an older file; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.drift.profile import Profile

FROM = 20
"""Rows or records from which a share says something."""
USUAL = 3
"""Imports from which one can say how many rows a source usually has."""
_HOUR = 3600.0
_MOST_KNOWN = 0.5
"""Share from which most of a source are known customers."""

DEFAULTS = {"row_count_drop": 0.5, "match_rate_drop": 0.5, "stale_source": 0.25}
"""Limits: shares, and hours by which a file may be older than the last one."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An import of the same source that came to its end; `at` in seconds since 1970."""

    profile: Profile
    sha256: str
    at: float


def source_values(
    now: Profile, sha256: str | None, imports: Sequence[Earlier]
) -> dict[str, float]:
    """Return the value of each guard that can be told; `imports` come newest first.

    A file of our own leftovers is smaller and older than its source, and is not
    compared; nor is one without rows, of which nothing can be written.
    """
    others = [e for e in imports if e.sha256 != sha256]
    if not others or now.returned or not now.rows:
        return {}
    found: dict[str, float] = {}
    usual = median(e.profile.rows for e in others)
    if usual >= FROM and len(others) >= USUAL:
        found["row_count_drop"] = max(0.0, 1 - now.rows / usual)
    last = next((e.profile for e in imports if e.profile.matched is not None), None)
    if _mostly_known(last) and now.matched is not None and now.matched_of >= FROM:
        assert last is not None  # _mostly_known
        assert last.matched is not None  # taken from those that have it
        found["match_rate_drop"] = max(0.0, 1 - now.matched / last.matched)
    if now.rows >= FROM:
        found["stale_source"] = _hours_older(now, sha256, imports)
    return found


def _mostly_known(last: Profile | None) -> bool:
    return (
        last is not None
        and last.matched is not None
        and last.matched >= _MOST_KNOWN
        and last.matched_of >= FROM
    )


def _hours_older(now: Profile, sha256: str | None, imports: Sequence[Earlier]) -> float:
    """Return by how many hours the file is older than the last one imported."""
    last = imports[0]
    if last.sha256 == sha256:
        return 0.0
    if now.modified is not None and last.profile.modified is not None:
        return max(0.0, last.profile.modified - now.modified) / _HOUR
    # A file without a time is old where another one was imported after it.
    same = next((e for e in imports if e.sha256 == sha256), None)
    return 0.0 if same is None else max(0.0, last.at - same.at) / _HOUR
