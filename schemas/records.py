"""Values that are written down: findings, changes and the outcome of a row."""

from dataclasses import dataclass
from typing import NamedTuple

from schemas.outcomes import Outcome, Severity


class Finding(NamedTuple):
    """One thing to say about one value of the input (a line of `findings.jsonl`).

    `row` counts non-blank data records from 1 (0: the whole file), `line` is the
    physical line or sheet row. `original` and `normalised` are in clear: findings
    files are created with mode 0600, everything else shows masks.
    """

    row: int
    line: int
    field: str
    rule: str
    severity: Severity
    original: str | None
    normalised: str | None
    suggestion: str | None
    message: str


class RowOutcome(NamedTuple):
    """What became of one input row (a line of `outcomes.parquet`)."""

    row: int
    line: int
    outcome: Outcome
    customer_id: str | None = None
    merged_into_row: int | None = None
    rule: str | None = None
    reason: str | None = None


class Change(NamedTuple):
    """One field of one planned operation (a line of `plan.parquet`).

    `field` is name, email, phone or metadata.KEY; `old` and `new` are text or JSON.
    """

    row: int
    action: str
    customer_id: str | None
    field: str | None
    old: str | None
    new: str | None
    rule: str | None


@dataclass(frozen=True, slots=True)
class GuardResult:
    """A guard that was looked at: its value against its limit."""

    name: str
    value: float
    limit: float
    refused: bool
    passed_by: str | None = None
