"""`summary.json`: written at the start, kept true while the run works."""

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any

from pipeline.files.publish import write_text
from pipeline.files.run_folder import RunFolder
from schemas.outcomes import BOOKS, ExitCode, Outcome, RunState
from schemas.records import GuardResult

EVERY_SECONDS = 5.0
_LIBRARIES = (
    "notchpay-pipeline",
    "phonenumbers",
    "email-validator",
    "pandas",
    "pandera",
    "pyarrow",
    "duckdb",
    "httpx",
)


_DERIVED = (
    "state",
    "rows",
    "findings",
    "guards",
    "api",
    "rows_per_second",
    "peak_rss_mb",
    "versions",
    "exit_code",
)
"""Parts of the file that are made anew, or read in another way."""
_KEPT = (
    "run_id",
    "command",
    "source",
    "file",
    "actor",
    "file_sha256",
    "account",
    "env",
    "timings",
    "plan_digest",
    "reading",
)


@dataclass(slots=True)
class Summary:
    """The facts of a run as they grow; `write` puts them into the folder.

    `started`, `stages` and `api_here` are of this process; times in nanoseconds since
    1970.
    """

    run_id: str
    command: str
    source: str
    file: str
    actor: str = ""
    file_sha256: str | None = None
    account: str | None = None
    env: str | None = None
    state: RunState = RunState.INTERRUPTED
    books: tuple[Outcome, ...] = BOOKS
    rows: dict[str, int] = field(default_factory=dict)
    findings: Counter[str] = field(default_factory=Counter)
    guards: list[GuardResult] = field(default_factory=list)
    api: Mapping[str, Any] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    plan_digest: str | None = None
    exit_code: ExitCode = ExitCode.OK
    reading: Mapping[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    started: int = field(default_factory=time.time_ns)
    stages: list[tuple[str, int, int]] = field(default_factory=list)
    api_here: Mapping[str, Any] = field(default_factory=dict)
    _api_before: Mapping[str, Any] = field(default_factory=dict)
    _written: float = field(default=0.0)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as it stands in the file."""
        seconds = sum(self.timings.values())
        read = self.rows.get("read", 0)
        return {
            "run_id": self.run_id,
            "command": self.command,
            "source": self.source,
            "file": self.file,
            "file_sha256": self.file_sha256,
            "account": self.account,
            "env": self.env,
            "actor": self.actor,
            "state": str(self.state),
            "rows": {"read": read}
            | {str(o): self.rows.get(str(o), 0) for o in self.books},
            "findings": dict(sorted(self.findings.items())),
            "guards": [
                {
                    "name": g.name,
                    "value": g.value,
                    "limit": g.limit,
                    "refused": g.refused,
                    "passed_by": g.passed_by,
                }
                for g in self.guards
            ],
            "api": dict(self.api),
            "timings": {k: round(v, 3) for k, v in self.timings.items()},
            "rows_per_second": round(read / seconds, 1) if seconds else None,
            "peak_rss_mb": peak_rss_mb(),
            "plan_digest": self.plan_digest,
            "versions": dict(versions()),
            "exit_code": int(self.exit_code),
            "reading": dict(self.reading),
            **self.extra,
        }

    @classmethod
    def load(cls, folder: RunFolder) -> "Summary":
        """Return the summary that stands in the folder of a run."""
        told = json.loads(folder.summary.read_text(encoding="utf-8"))
        rows = told["rows"]
        known = {name: told.pop(name) for name in _KEPT}
        extra = {name: told[name] for name in told if name not in _DERIVED}
        return cls(
            **known,
            books=tuple(Outcome(name) for name in rows if name != "read"),
            rows={"read": rows["read"]},
            findings=Counter(told["findings"]),
            guards=[GuardResult(**guard) for guard in told["guards"]],
            api=told["api"],
            _api_before=told["api"],
            extra=extra,
        )

    def write(self, folder: RunFolder) -> None:
        """Write the file, whole or not at all."""
        text = json.dumps(self.as_dict(), ensure_ascii=False, indent=2, default=str)
        write_text(folder.summary, text + "\n")
        self._written = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether the file was last written five seconds ago."""
        return time.monotonic() - self._written >= EVERY_SECONDS

    def count_api(self, now: Mapping[str, Any]) -> None:
        """Take the requests of this process, on top of those before an interruption."""
        self.api, self.api_here = _sum(self._api_before, now), now

    def settle_rows(self) -> None:
        """Count every row that has no outcome yet as not attempted: books balance."""
        known = sum(n for name, n in self.rows.items() if name != "read")
        left = self.rows.get("read", 0) - known
        if left and Outcome.NOT_ATTEMPTED in self.books:
            name = str(Outcome.NOT_ATTEMPTED)
            self.rows[name] = self.rows.get(name, 0) + left

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the seconds of the block to the stage's timing."""
        start, began = time.perf_counter(), time.time_ns()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.timings[stage] = self.timings.get(stage, 0.0) + spent
            self.stages.append((stage, began, began + int(spent * 1e9)))


def _sum(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    total: dict[str, Any] = dict(now)
    for name, value in before.items():
        if isinstance(value, Mapping):
            total[name] = _sum(value, total.get(name, {}))
        elif isinstance(value, int | float):
            total[name] = total.get(name, 0) + value
    return total


def peak_rss_mb() -> float:
    """Return the peak resident memory of this process, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 if sys.platform != "darwin" else 1024 * 1024), 1)


@cache
def versions() -> Mapping[str, str]:
    """Return the versions of the libraries that decide what is valid."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found
