"""What `doctor` looks at on the disk: room, rights, modes, relative folders."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from pipeline.runs.looks import Health, Look
from pipeline.settings import Settings

LOW_DISK = 500_000_000
"""Bytes below which a large file may not fit into staging."""
OTHERS = 0o077
"""Bits of a mode by which others than the owner may do anything."""


def _disk(settings: Settings) -> Iterator[Look]:
    for name, folder in _folders(settings):
        place = _existing(Path(folder))
        free = shutil.disk_usage(place).free
        if not place.is_dir():
            yield Look(
                name, Health.BAD, f"`{place}` is no folder", "name another folder"
            )
        elif not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
            yield Look(
                name,
                Health.BAD,
                f"`{place}` cannot be written",
                "change its owner or mode, or name another folder",
            )
        elif free < LOW_DISK:
            yield Look(
                name,
                Health.DOUBT,
                f"only {free // 1_000_000} MB are free at `{place}`",
                "`notchpay-pipeline runs prune` removes old runs",
            )
        else:
            yield Look(name, Health.GOOD, f"`{folder}`: {free // 10**9} GB free")


def _folders(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, folder in (
        ("runs folder", settings.runs_dir),
        ("exports folder", settings.exports_dir),
    ):
        if "://" not in folder:
            yield name, folder


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _open_to_others(settings: Settings) -> Iterator[Look]:
    """Say which folders and files with people's data or the key others may read."""
    paths = [Path(folder) for _, folder in _folders(settings)]
    if settings.runs_is_local:
        paths += [Path(settings.runs_dir) / name for name in ("state.db", "state.key")]
    if not os.environ.get("NOTCHPAY_NO_ENV_FILE"):
        paths.append(Path(".env"))
    for path in paths:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & OTHERS:
            mode = "700" if path.is_dir() else "600"
            yield Look(
                "permissions",
                Health.DOUBT,
                f"`{path}` can be read by others",
                f"chmod {mode} {path}",
            )


def _relative(settings: Settings) -> Iterator[Look]:
    for name, folder in (
        ("NOTCHPAY_RUNS_DIR", settings.runs_dir),
        ("NOTCHPAY_EXPORTS_DIR", settings.exports_dir),
    ):
        if "://" not in folder and not Path(folder).is_absolute():
            yield Look(
                name,
                Health.DOUBT,
                f"`{folder}` is relative: it depends on where a command is started",
                "cron starts in the home folder, where nothing is known of earlier"
                f" runs; name it whole, as {Path(folder).resolve()}",
            )


PLACES: tuple[Callable[[Settings], Iterator[Look]], ...] = (
    _disk,
    _open_to_others,
    _relative,
)
"""The looks at places, in the order in which they are told."""
