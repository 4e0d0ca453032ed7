"""One write of a plan as a value, and its form on disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.match.changes import FieldChange
from pipeline.match.known import Record

JSON = Any


@dataclass(frozen=True, slots=True)
class Operation:
    """A write in plan order (`op` from 0): create, update, or, in an undo, revert, delete.

    `before` holds the old values of the fields that an update writes (metadata whole);
    `read_at` is when the customer was read, in seconds since the epoch; `attempted` says
    that an interrupted run may have sent it. `moved` (rule, customer id) says that a
    create exists by now, found when an old plan was matched again.
    """

    op: int
    row: int
    action: str
    record: Record
    body: Mapping[str, JSON]
    customer_id: str | None = None
    changes: tuple[FieldChange, ...] = ()
    before: Mapping[str, JSON] | None = None
    read_at: float = 0.0
    import_key: str | None = None
    attempted: bool = False
    moved: tuple[str, str | None] | None = None


COLUMNS = (
    ("op", "BIGINT"),
    ("row", "BIGINT"),
    ("action", "VARCHAR"),
    ("customer_id", "VARCHAR"),
    ("record", "VARCHAR"),
    ("body", "VARCHAR"),
    ("changes", "VARCHAR"),
    ("before", "VARCHAR"),
    ("read_at", "DOUBLE"),
)
"""Columns of the `operation` table of a run's workbench."""


def to_row(operation: Operation) -> tuple[Any, ...]:
    """Return `operation` as a line of the `operation` table."""
    record = operation.record
    return (
        operation.op,
        operation.row,
        operation.action,
        operation.customer_id,
        dumps(
            {
                "name": record.name,
                "email": record.email,
                "phone": record.phone,
                "external_id": record.external_id,
                "birth_date": record.birth_date,
                "national_id": record.national_id,
                "metadata": dict(record.metadata),
                "different_from": list(record.different_from),
            }
        ),
        dumps(operation.body),
        dumps([[c.field, c.old, c.new, c.rule, c.value] for c in operation.changes]),
        None if operation.before is None else dumps(operation.before),
        operation.read_at,
    )


def from_row(line: tuple[Any, ...]) -> Operation:
    """Return the operation of a line of the `operation` table."""
    op, row, action, customer_id, record, body, changes, before, read_at = line
    return Operation(
        op=op,
        row=row,
        action=action,
        customer_id=customer_id,
        record=_record(row, json.loads(record)),
        body=json.loads(body),
        changes=tuple(FieldChange(*change) for change in json.loads(changes)),
        before=None if before is None else json.loads(before),
        read_at=read_at,
    )


def _record(row: int, told: dict[str, JSON]) -> Record:
    apart = tuple(told.pop("different_from", ()))
    return Record(row=row, different_from=apart, **told)


def dumps(value: JSON) -> str:
    """Return `value` as compact JSON with sorted keys, so that equal values are equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Parked:
    """A create that may have been stored: looked up before anything else happens to it.

    `since` and `intended_at` are seconds since the epoch; `slow` says that the server
    may still be at work on it. `tries` counts sends, `refusals` those answered by 5xx.
    """

    operation: Operation
    since: float
    intended_at: float
    reason: str
    slow: bool = False
    tries: int = 1
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Later:
    """A write that was not sent and has to wait: for the API, or for another run.

    `since` is when it first had to (seconds since the epoch); `parked` is the earlier
    doubt of a create, found not to have been stored; `tries` counts refused waits.
    """

    operation: Operation
    since: float
    parked: Parked | None = None
    tries: int = 1


Earlier = Parked | Later | None
"""What became of the same write before: in doubt and not there, put off, or nothing."""
