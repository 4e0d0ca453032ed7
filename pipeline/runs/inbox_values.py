"""What a walk through an inbox is asked for, and what it came to."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, worst
from pipeline.runs.request import ImportRequest
from schemas.outcomes import ExitCode

SETTLE = 5.0
"""Seconds for which a file must not have been written."""


class FileState(StrEnum):
    """What became of a file of the inbox."""

    DONE = "done"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class InboxRequest:
    """What to do with an inbox.

    `each` is the request of every file; its own file and digest do not count. `again`
    are the options of the command line, for the command that approves a plan.
    `settle` is in seconds.
    """

    root: Path
    each: ImportRequest
    settle: float = SETTLE
    again: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handled:
    """One file of the inbox that was moved on.

    `file` is its name in the inbox, `moved_to`, `receipt` and `outbox` are paths;
    `rows` are the counts of its run, `same_as` is the run that read the same content.
    """

    file: str
    source: str
    sha256: str
    state: FileState
    exit_code: int
    moved_to: str
    receipt: str
    run_id: str | None = None
    rows: Mapping[str, int] = field(default_factory=dict)
    same_as: str | None = None
    message: str | None = None
    hint: str | None = None
    outbox: tuple[str, ...] = ()


@dataclass(slots=True)
class Walk:
    """What a walk through an inbox came to; `stopped` is why it did not end it."""

    inbox: str
    files: list[Handled] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)
    stopped: PipelineError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The code that wins over all files, by the contract's precedence."""
        codes = [ExitCode(each.exit_code) for each in self.files]
        if self.stopped is not None:
            codes.append(self.stopped.exit_code)
        return worst(*codes)

    def as_dict(self) -> dict[str, Any]:
        """Return the walk as `--json` prints it."""
        stopped = self.stopped
        return {
            "inbox": self.inbox,
            "exit_code": int(self.exit_code),
            "files": [asdict(each) for each in self.files],
            "left": [{"file": name, "why": why} for name, why in self.left],
            "stopped": stopped and {"message": stopped.message, "hint": stopped.hint},
        }
