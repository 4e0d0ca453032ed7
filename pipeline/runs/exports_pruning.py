"""`exports prune`: tables of old exports go, each by an age of its own."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from pipeline.export.changes import FOLDER as CHANGES_FOLDER
from pipeline.export.manifest import as_text
from pipeline.files.publish import disk_errors, write_text
from pipeline.files.stores import LocalStore, is_remote
from pipeline.runs.connect import open_database
from pipeline.runs.session import user_name
from pipeline.settings import Settings
from pipeline.state.audit import AuditLog
from schemas.exports import CUSTOMERS_TABLE, LATEST, MANIFEST, PAYMENTS_TABLE

JSON = Any

_OF_TABLE = {
    CUSTOMERS_TABLE: (CUSTOMERS_TABLE,),
    PAYMENTS_TABLE: (PAYMENTS_TABLE, "finance"),
}
"""Folders that hold a table in clear, with what is made of it."""


def prune_exports(
    settings: Settings,
    ages: Mapping[str, float],
    *,
    latest_too: bool = False,
    actor: str | None = None,
    now: datetime | None = None,
) -> dict[str, JSON]:
    """Remove tables of finished exports older than `ages` (table -> seconds).

    An export without a table left goes whole. The one that `latest` points to stays
    unless it is asked for; an export that is still running is no export yet.

    Raises:
        SettingsError: The exports are not on a local disk.
    """
    if is_remote(settings.exports_dir):
        raise SettingsError(
            f"`{settings.exports_dir}` is no local folder",
            hint="give the bucket a rule that removes what is old",
        )
    now = now or datetime.now(UTC)
    store = LocalStore(Path(settings.exports_dir.removeprefix("file://")))
    newest = store.latest()
    removed: list[str] = []
    kept: list[str] = []
    for export_id in store.exports():
        told = store.manifest(export_id) or {}
        due = _due(told, ages, now)
        if not due:
            continue
        if export_id == newest and not latest_too:
            kept.append(export_id)
            continue
        _remove(store.root / export_id, dict(told), due, now)
        removed += due
    if newest is not None and newest not in store.exports():
        (store.root / LATEST).unlink(missing_ok=True)
    result = {"removed": sorted(removed), "kept": kept}
    if removed:
        _audit(settings, result, actor)
    return result


def _due(
    told: Mapping[str, JSON], ages: Mapping[str, float], now: datetime
) -> list[str]:
    """Return the tables of an export that are older than their age."""
    try:
        finished = datetime.fromisoformat(str(told.get("finished")))
    except ValueError:
        return []
    age = (now - finished).total_seconds()
    tables = told.get("tables", {})
    return [name for name, most in ages.items() if age > most and _held(tables, name)]


def _held(tables: Mapping[str, JSON], name: str) -> list[str]:
    """Return the entries of the manifest that belong to a table."""
    return [entry for entry in tables if name in entry.split("/")]


def _remove(folder: Path, told: dict[str, JSON], due: list[str], now: datetime) -> None:
    tables = dict(told["tables"])
    for name in due:
        for entry in _held(tables, name):
            del tables[entry]
    is_empty = not any(_held(tables, name) for name in _OF_TABLE)
    with disk_errors(folder):
        if is_empty:
            shutil.rmtree(folder)
            return
        # The manifest first: what it no longer names, nobody misses.
        pruned = told.get("pruned", {}) | dict.fromkeys(due, now.isoformat())
        told |= {"tables": tables, "pruned": pruned}
        path = folder / MANIFEST
        write_text(path, as_text(told), mode=path.stat().st_mode & 0o777)
        for name in due:
            for part in _OF_TABLE[name]:
                shutil.rmtree(folder / part, ignore_errors=True)
            (folder / CHANGES_FOLDER / f"{name}.parquet").unlink(missing_ok=True)


def _audit(settings: Settings, result: Mapping[str, JSON], actor: str | None) -> None:
    if (
        settings.state_url is None
        and not (Path(settings.runs_dir) / "state.db").exists()
    ):
        return
    with open_database(settings, create=False) as state:
        details = {name: result["removed"].count(name) for name in _OF_TABLE}
        who = actor or user_name()
        AuditLog(state).append("exports_pruned", actor=who, details=details)
