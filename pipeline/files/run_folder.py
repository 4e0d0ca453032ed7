"""A run's folder: where each file of the contract lies."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.files.publish import private_folder

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


def new_run_id(now: float, token: str) -> str:
    """Return an id that sorts by time: `now` in epoch seconds, `token` a few letters.

    The letters after the dash begin with the part of the second in 4096ths, so that
    two runs of one second sort too.
    """
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{int(now % 1 * 4096):03x}{token}"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run; `staging` goes when the run is finished."""

    root: Path
    run_id: str

    def __post_init__(self) -> None:
        if not _RUN_ID.fullmatch(self.run_id):
            raise UsageError(f"`{self.run_id}` is not a run id")

    def create(self) -> "RunFolder":
        """Create the folder and its staging, both with mode 0700."""
        private_folder(self.root)
        private_folder(self.path)
        private_folder(self.staging)
        return self

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.root / self.run_id

    @property
    def staging(self) -> Path:
        """Where the run works; holds personal data and goes at its end."""
        return self.path / "staging"

    @property
    def summary(self) -> Path:
        """`summary.json`."""
        return self.path / "summary.json"

    @property
    def outcomes(self) -> Path:
        """`outcomes.parquet`."""
        return self.path / "outcomes.parquet"

    @property
    def findings(self) -> Path:
        """`findings.jsonl`."""
        return self.path / "findings.jsonl"

    @property
    def plan(self) -> Path:
        """`plan.parquet`."""
        return self.path / "plan.parquet"

    @property
    def log(self) -> Path:
        """`run.log`."""
        return self.path / "run.log"

    def leftovers(self, outcome: str) -> Path:
        """Return the CSV of an outcome that a person has to look at."""
        return self.path / f"{outcome}.csv"
