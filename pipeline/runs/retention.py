"""How long clear values stay: `NOTCHPAY_RETENTION`, applied by `runs prune` and by every run."""

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import DiskError, StateError, UsageError
from pipeline.files.publish import PRIVATE_FILE, disk_errors
from pipeline.runs.history import Pruned, prune
from pipeline.settings import Settings

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DAY = 86_400.0
_MARK = ".pruned"
_DEALT_WITH = ("done", "failed", "waiting", "outbox")
"""Folders of an inbox whose files were looked at; what lies beside them is still to come."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What pruning did to runs, and how many files of inboxes it removed."""

    runs: Pruned
    inbox_files: int


def retention_seconds(settings: Settings) -> float | None:
    """Return the time for which clear values are kept, None where it is `off`."""
    if settings.retention == "off":
        return None
    found = _SPAN.fullmatch(settings.retention)
    assert found is not None  # the setting was checked when it was read
    return float(found[1]) * _SECONDS[found[2]]


def prune_all(
    settings: Settings,
    older_than: float | None,
    inboxes: Iterable[Path],
    now: float,
    actor: str | None = None,
) -> Kept:
    """Remove clear values of runs and inboxes older than `older_than` seconds, and say so.

    Without an age that of the settings holds.

    Raises:
        UsageError: Neither is given, or an inbox is no folder.
    """
    age = retention_seconds(settings) if older_than is None else older_than
    if age is None:
        raise UsageError(
            "`runs prune` needs an age, since `NOTCHPAY_RETENTION` is `off`",
            hint="for example `runs prune --older-than 90d`",
        )
    folders = [*inboxes, *map(Path, settings.inbox)]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"the inbox `{folder}` is no folder")
    kept = Kept(prune(settings, age, now), prune_inboxes(folders, now - age))
    if kept.runs.runs or kept.runs.writes or kept.inbox_files:
        _audit(settings, kept, actor)
    return kept


def prune_at_start(settings: Settings) -> None:
    """Apply the retention of the settings, at most once a day, as a run begins.

    Where nothing is that old it costs one look at the names of the runs. A database
    that is busy, or a disk that refuses, stops no run: the next one tries again.
    """
    age = retention_seconds(settings)
    if age is None or not settings.runs_is_local:
        return
    now = time.time()
    root = Path(settings.runs_dir)
    if not (settings.inbox or _has_old(root, now - age)) or _was_done(root, now):
        return
    with suppress(StateError, DiskError):
        inboxes = [path for path in map(Path, settings.inbox) if path.is_dir()]
        kept = Kept(prune(settings, age, now), prune_inboxes(inboxes, now - age))
        if kept.runs.runs or kept.runs.writes or kept.inbox_files:
            _audit(settings, kept, "retention")
        with disk_errors(root):
            (root / _MARK).touch(mode=PRIVATE_FILE)


def prune_inboxes(folders: Iterable[Path], before: float) -> int:
    """Remove files that an inbox dealt with before epoch second `before`; return how many."""
    gone = 0
    for folder in folders:
        for name in _DEALT_WITH:
            for path in sorted((folder / name).rglob("*")):
                # A file that is moved keeps its time of writing, but not of change.
                if path.is_file() and path.lstat().st_ctime < before:
                    with disk_errors(path):
                        path.unlink()
                    gone += 1
    return gone


def _has_old(root: Path, before: float) -> bool:
    """Tell by their names whether any run began before epoch second `before`."""
    limit = datetime.fromtimestamp(max(before, 0.0), UTC).strftime("%Y%m%dT%H%M%SZ")
    try:
        with os.scandir(root) as entries:
            return any("20" <= e.name[:2] < "21" and e.name < limit for e in entries)
    except OSError:
        return False  # there is no runs folder yet


def _was_done(root: Path, now: float) -> bool:
    try:
        return now - (root / _MARK).stat().st_mtime < _DAY
    except OSError:
        return False


def _audit(settings: Settings, kept: Kept, actor: str | None) -> None:
    if (
        settings.state_url is None
        and not (Path(settings.runs_dir) / "state.db").exists()
    ):
        return
    from pipeline.runs.connect import open_database
    from pipeline.runs.session import user_name
    from pipeline.state.audit import AuditLog

    with open_database(settings, create=False) as state:
        AuditLog(state).append(
            "runs_pruned",
            actor=actor or user_name(),
            details={
                "runs": kept.runs.runs,
                "writes": kept.runs.writes,
                "inbox_files": kept.inbox_files,
            },
        )
