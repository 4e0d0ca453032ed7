"""Tell whether a customer found after a lost answer is the one this run created."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.apply.operation import Operation
from pipeline.match.changes import plain_name
from pipeline.match.known import Known, email_key


@dataclass(frozen=True, slots=True)
class Trace:
    """What a lost create left behind and when its intent was written (epoch seconds)."""

    operation: Operation
    intended_at: float


SKEW = 300.0
"""Seconds by which the server's clock may differ from ours."""


def carries_contact(operation: Operation, known: Known) -> bool:
    """Tell whether `known` has every contact that `operation` sent."""
    record = operation.record
    return (record.email is None or known.email == email_key(record.email)) and (
        record.phone is None or known.phone == record.phone
    )


def has_key(operation: Operation, known: Known, key_name: str) -> bool | None:
    """Tell by the import key; None where this reading cannot say."""
    if operation.import_key is None or not known.customer.metadata:
        return None
    found = known.customer.metadata.get(key_name)
    return found is not None and str(found) == operation.import_key


def looks_ours(trace: Trace, known: Known) -> bool:
    """Tell by fields and the created_at window, where no import key can be read."""
    record = trace.operation.record
    if not carries_contact(trace.operation, known):
        return False
    if plain_name(known.customer.name) != plain_name(record.name):
        return False
    return came_since(known.customer.created_at, trace.intended_at)


def came_since(created_at: str | None, moment: float) -> bool:
    """Tell whether a customer may have been created after `moment` (epoch seconds)."""
    created = _epoch(created_at)
    return created is None or created >= moment - SKEW


def unproven(
    trace: Trace, candidates: Sequence[Known], key_name: str
) -> tuple[Known, ...]:
    """Return the candidates that could be ours but whose reading lacks the import key.

    Where there is a key, reading the customer whole will tell, whatever the clocks say.
    """
    operation = trace.operation
    return tuple(
        k
        for k in candidates
        if has_key(operation, k, key_name) is None
        and (
            carries_contact(operation, k)
            if operation.import_key is not None
            else looks_ours(trace, k)
        )
    )


def _epoch(text: str | None) -> float | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
