"""What can become of a row, and of a command: the contract's closed lists."""

from enum import IntEnum, StrEnum


class Outcome(StrEnum):
    """The eight ends of a data row; `ACCEPTED` stands for the first three in `check`."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    REJECTED = "rejected"
    REVIEW = "review"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    ACCEPTED = "accepted"


BOOKS = (
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.MERGED,
    Outcome.REJECTED,
    Outcome.REVIEW,
    Outcome.FAILED,
    Outcome.NOT_ATTEMPTED,
)
"""Outcomes of plan, import, resume and undo, in the order people read them."""

CHECK_BOOKS = (Outcome.ACCEPTED, Outcome.MERGED, Outcome.REJECTED, Outcome.REVIEW)
"""Outcomes of `check`, which does not know the API."""

LEFTOVERS = (
    Outcome.REJECTED,
    Outcome.REVIEW,
    Outcome.FAILED,
    Outcome.NOT_ATTEMPTED,
)
"""Outcomes that a person has to look at; each has a CSV of its own when not empty."""


class Severity(StrEnum):
    """How much a finding weighs: an error rejects its row or value."""

    ERROR = "error"
    WARNING = "warning"


class RunState(StrEnum):
    """State of a run as `summary.json` tells it."""

    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    REFUSED = "refused"


class ExitCode(IntEnum):
    """Exit codes of every command; precedence is decided in `pipeline.errors`."""

    OK = 0
    BUG = 1
    USAGE = 2
    LEFTOVERS = 3
    REFUSED = 4
    CANNOT_START = 5
    LOCKED = 6
    SIGINT = 130
    SIGTERM = 143
