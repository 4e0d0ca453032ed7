"""What Airflow is to do when a run ends otherwise than well: fail, try again, come back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.airflow.policy import PolicyError
from pipeline.errors import (
    ApiUnreachableError,
    BreakerOpenError,
    DiskError,
    InterruptedRunError,
    LockedError,
    PipelineError,
    StateError,
)

RETRYABLE = (
    ApiUnreachableError,
    BreakerOpenError,
    DiskError,
    InterruptedRunError,
    StateError,
)
"""What may be better the next time; everything else needs a person first."""


@dataclass(frozen=True, slots=True)
class Lock:
    """How a task waits for another run of its account and source, in seconds.

    It comes back every `poll` and holds no worker slot meanwhile; `patience` after the
    first time it fails, and may be tried again.
    """

    poll: float = 120.0
    patience: float = 6 * 3600.0


def error_of(error: PipelineError, lock: Lock, context: Any) -> Any:
    """Return the exception by which Airflow knows what to do about `error`."""
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowRescheduleException,
    )

    said = error.message + (f" ({error.hint})" if error.hint else "")
    if isinstance(error, LockedError):
        now = datetime.now(UTC)
        first = context["ti"].get_first_reschedule_date(context)
        if first is None or now < first + timedelta(seconds=lock.patience):
            return AirflowRescheduleException(now + timedelta(seconds=lock.poll))
        return AirflowException(said)
    if isinstance(error, PolicyError):
        is_final = error.is_final
    else:
        is_final = not isinstance(error, RETRYABLE)
    return AirflowFailException(said) if is_final else AirflowException(said)
