"""The history of runs, from their folders: list, one in detail, age, and pruning."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import DiskError, UsageError
from pipeline.files.mirror import run_folder, runs_root, send
from pipeline.files.publish import atomic, disk_errors, write_text
from pipeline.files.run_folder import RunFolder
from pipeline.report.folder import summaries
from pipeline.settings import Settings
from schemas.outcomes import RunState

JSON = Any

KEPT = frozenset(("summary.json", "run.log", "report.html", "outcomes.parquet"))
"""What is left of a pruned run: counts, the page, and outcomes without their texts."""

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run as its `summary.json` tells it; `age` in seconds."""

    run_id: str
    summary: Mapping[str, JSON]
    age: float

    @property
    def can_be_resumed(self) -> bool:
        """Whether it was interrupted (its staging folder is looked at by `resume`)."""
        return self.summary.get("state") == RunState.INTERRUPTED


def history(settings: Settings, now: float) -> list[PastRun]:
    """Return every run of the runs folder, newest first; `now` in epoch seconds."""
    told = summaries(runs_root(settings.runs_dir))
    runs = [PastRun(s["run_id"], s, now - _started(s["run_id"], now)) for s in told]
    return sorted(runs, key=lambda run: run.run_id, reverse=True)


def one_run(settings: Settings, run_id: str) -> Mapping[str, JSON]:
    """Return the summary of run `run_id`.

    Raises:
        UsageError: The runs folder holds no such run.
    """
    path = RunFolder(runs_root(settings.runs_dir), run_id).summary
    try:
        told: Mapping[str, JSON] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UsageError(
            f"`{settings.runs_dir}` holds no run `{run_id}` with a summary",
            hint="`notchpay-pipeline runs` lists them",
        ) from error
    except OSError as error:
        raise DiskError(f"`{path}` cannot be read: {error.strerror}") from error
    return told


def _started(run_id: str, otherwise: float) -> float:
    """Return the epoch second in a run's id; an id of another make is of now."""
    try:
        moment = datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - UTC below
    except ValueError:
        return otherwise
    return moment.replace(tzinfo=UTC).timestamp()


def stale_sources(
    runs: Sequence[PastRun], max_age: float, source: str | None = None
) -> list[tuple[str, float | None]]:
    """Return sources whose newest finished import is older than `max_age` seconds.

    Each with that age; None where none of its imports finished. A named `source` that
    was never imported is stale too.
    """
    newest: dict[str, float | None] = {} if source is None else {source: None}
    for run in runs:
        name = run.summary.get("source", "")
        if run.summary.get("command") != "import" or source not in (None, name):
            continue
        age = newest.setdefault(name, None)
        if run.summary.get("state") == RunState.FINISHED and (
            age is None or run.age < age
        ):
            newest[name] = run.age
    return [
        (n, age) for n, age in sorted(newest.items()) if age is None or age > max_age
    ]


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning did.

    Runs emptied, bytes freed, runs left alone since they can go on, and writes of the
    journal whose values were emptied.
    """

    runs: int
    bytes: int
    resumable: int
    writes: int


def prune(settings: Settings, older_than: float, now: float) -> Pruned:
    """Remove clear values of runs older than `older_than` seconds, here and in the journal.

    Summary, log, page and outcomes of each stay, so that the history still counts. A
    run that can be resumed is left alone.
    """
    emptied = freed = resumable = 0
    for run in history(settings, now):
        if run.age <= older_than:
            continue
        folder = run_folder(settings.runs_dir, run.run_id)
        if run.can_be_resumed and folder.staging.is_dir():
            resumable += 1
            continue
        if "pruned_at" not in run.summary:
            _without_texts(folder.outcomes)
        size = _empty(folder.path)
        if size or "pruned_at" not in run.summary:
            emptied += 1
            _mark(folder, run.summary, now)
            send(settings.runs_dir, folder)
        freed += size
    return Pruned(emptied, freed, resumable, _empty_journal(settings, now - older_than))


def _empty_journal(settings: Settings, before: float) -> int:
    """Empty bodies and before-images of runs that ended before epoch second `before`.

    Where no state database was ever made there is nothing to empty.
    """
    from pipeline.runs.connect import open_database
    from pipeline.state.privacy import empty_before

    no_url = settings.state_url is None
    if no_url and not (Path(settings.runs_dir) / "state.db").exists():
        return 0
    with open_database(settings, create=False) as state:
        return empty_before(state, before)


def _empty(folder: Path) -> int:
    freed = 0
    with disk_errors(folder):
        for path in _clear(folder):
            if path.is_dir() and not path.is_symlink():
                freed += sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
                shutil.rmtree(path)
            else:
                freed += path.lstat().st_size
                path.unlink()
    return freed


def _clear(folder: Path) -> Iterator[Path]:
    yield from [path for path in folder.iterdir() if path.name not in KEPT]


def _without_texts(path: Path) -> None:
    """Empty the reasons in `outcomes.parquet`; rows, outcomes, ids and rules stay."""
    if not path.is_file():
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    place = table.schema.get_field_index("reason")
    if table["reason"].null_count < len(table):
        empty = pa.nulls(len(table), pa.string())
        table = table.set_column(place, "reason", empty)
        with atomic(path) as draft:
            pq.write_table(table, draft, compression="zstd")


def _mark(folder: RunFolder, summary: Mapping[str, JSON], now: float) -> None:
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
    text = json.dumps({**summary, "pruned_at": at}, ensure_ascii=False, indent=2)
    write_text(folder.summary, text + "\n")


def days(seconds: float) -> float:
    """Return seconds as days."""
    return seconds / _DAY
