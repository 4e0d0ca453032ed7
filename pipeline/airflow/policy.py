"""How many rows of which outcome a green task may leave behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pipeline.errors import PipelineError, UsageError
from schemas.outcomes import LEFTOVERS, ExitCode, Outcome

Limit = float | int | None
"""A share of the rows read (float), a number of rows (int), or any (None)."""

DEFAULT: Mapping[str, Limit] = MappingProxyType(
    {
        Outcome.REJECTED: None,
        Outcome.REVIEW: None,
        Outcome.FAILED: 0,
        Outcome.NOT_ATTEMPTED: 0,
    }
)
"""Bad rows wait in the run's folder; what the API refused or nobody tried is red."""

_LOST = (Outcome.REJECTED, Outcome.FAILED)
_WORTH_ANOTHER_TRY = (Outcome.FAILED, Outcome.NOT_ATTEMPTED)


@dataclass(frozen=True, slots=True)
class Breach:
    """More rows than a green task may have; `is_final` where no retry would help."""

    text: str
    is_final: bool


class PolicyError(PipelineError):
    """A run that left more than its policy allows; `is_final` as of its breaches."""

    exit_code: ExitCode = ExitCode.LEFTOVERS

    def __init__(self, found: Sequence[Breach], facts: Mapping[str, object]) -> None:
        said = "; ".join(breach.text for breach in found)
        super().__init__(said, hint=f"see `{facts['folder']}`")
        self.run_id = str(facts["run_id"])
        self.is_final = any(breach.is_final for breach in found)


def limits(fail_on: Mapping[str, Limit] | None) -> Mapping[str, Limit]:
    """Return the limit of every outcome: those of `fail_on`, else the default ones.

    Raises:
        UsageError: A key is no outcome that can be left, or a value no limit.
    """
    given = dict(fail_on or {})
    for name, limit in given.items():
        if name not in DEFAULT:
            raise UsageError(
                f"`fail_on` has `{name}`; one of {', '.join(LEFTOVERS)} is meant"
            )
        if limit is not None and not _is_limit(limit):
            raise UsageError(
                f"`fail_on[{name!r}]` is {limit!r}",
                hint="a share from 0.0 to 1.0, a number of rows, or None for any",
            )
    return {**DEFAULT, **given}


def _is_limit(limit: object) -> bool:
    """Tell whether `limit`, as a DAG has it, is a share or a number of rows."""
    if isinstance(limit, bool):
        return False
    if isinstance(limit, float):
        return 0.0 <= limit <= 1.0
    return isinstance(limit, int) and limit >= 0


def breaches(rows: Mapping[str, int], allowed: Mapping[str, Limit]) -> list[Breach]:
    """Return what in the books `rows` is beyond `allowed`.

    A run of which every row was rejected or failed is always beyond.
    """
    read = rows.get("read", 0)
    found = []
    if read and sum(rows.get(name, 0) for name in _LOST) == read:
        found.append(Breach(f"not one of the {read} rows read came through", True))
    for name, limit in allowed.items():
        count = rows.get(name, 0)
        if not _is_beyond(count, read, limit):
            continue
        found.append(
            Breach(
                f"{count} of {read} rows {name}, limit {_shown(limit)}",
                name not in _WORTH_ANOTHER_TRY,
            )
        )
    return found


def _is_beyond(count: int, read: int, limit: Limit) -> bool:
    match limit:
        case None:
            return False
        case int():
            return count > limit
        case _:
            return read > 0 and count / read > limit


def _shown(limit: Limit) -> str:
    return str(limit) if isinstance(limit, int) else f"{limit:.1%}"
