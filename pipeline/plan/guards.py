"""Limits beyond which a plan refuses itself; the refusal names value, limit and way round."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.records import GuardResult

FROM = 20
"""Rows, or matches, from which a share says something."""

GUARD_NAMES = (
    "max_reject_rate",
    "max_overwrite_rate",
    "max_overwrites",
    "rule_share",
    "row_count_drop",
    "match_rate_drop",
    "stale_source",
)
"""Names for `--pass`; `rule_share` passes every rule's limit, `rule_share.RULE` one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the guards look at."""

    read: int
    rejected: int
    matched: int
    overwritten: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits, and who may pass: names in `passed`, or all of them by `force`."""

    max_reject_rate: float
    max_overwrite_rate: float
    max_overwrites: int
    passed: tuple[str, ...] = ()
    force: bool = False


def look(counts: Counts, limits: Limits) -> list[GuardResult]:
    """Return every guard with its value against its limit."""
    reject_rate = _share(counts.rejected, counts.read)
    overwrite_rate = _share(counts.overwritten, counts.matched)
    seen = (
        ("max_reject_rate", reject_rate, limits.max_reject_rate),
        ("max_overwrite_rate", overwrite_rate, limits.max_overwrite_rate),
        ("max_overwrites", float(counts.overwritten), float(limits.max_overwrites)),
    )
    return [
        result(name, value, limit, passed=limits.passed, force=limits.force)
        for name, value, limit in seen
    ]


def refusals(guards: Sequence[GuardResult]) -> list[GuardResult]:
    """Return the guards that refuse and were not passed."""
    return [g for g in guards if g.refused and g.passed_by is None]


def refusal_text(guards: Sequence[GuardResult]) -> str:
    """Return the refusal as one line: each guard, its value and its limit."""
    return "; ".join(
        f"{g.name} is {_shown(g)}, limit {_shown(g, limit=True)}" for g in guards
    )


def result(
    name: str, value: float, limit: float, *, passed: Sequence[str], force: bool
) -> GuardResult:
    """Return a guard's value against its limit, and by what it was passed."""
    refused = value > limit
    passed_by = None
    if refused and force:
        passed_by = "--force"
    elif refused:
        ways = (name, name.partition(".")[0])
        passed_by = next((f"--pass {way}" for way in ways if way in passed), None)
    return GuardResult(name, round(value, 4), limit, refused, passed_by)


def is_guard(name: str) -> bool:
    """Say whether `--pass` knows `name`."""
    return name in GUARD_NAMES or name.startswith("rule_share.")


def _share(part: int, whole: int) -> float:
    return part / whole if whole >= FROM else 0.0


def _shown(guard: GuardResult, *, limit: bool = False) -> str:
    value = guard.limit if limit else guard.value
    if guard.name == "max_overwrites":
        return f"{value:.0f}"
    return f"{value:.4g} h" if guard.name == "stale_source" else f"{value:.1%}"
