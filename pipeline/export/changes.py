"""What differs from the previous export: added, changed and gone rows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipeline.export.manifest import table_entry
from pipeline.export.request import ExportRequest
from pipeline.export.tables import (
    listed,
    parquet_in,
    statement,
    stream,
    write_parquet,
)
from pipeline.files.publish import private_folder
from pipeline.files.stores import Store
from schemas.exports import CHANGES, CUSTOMERS, PAYMENTS

STATE = "state"
FOLDER = "changes"

_KEYS = {"customers": "id", "payments": "coalesce(id, reference)"}
_SCHEMAS = {"customers": CUSTOMERS, "payments": PAYMENTS}


def previous(store: Store, request: ExportRequest) -> str | None:
    """Return the newest finished export of the same account and scope, if any."""
    found: list[tuple[str, str]] = []
    for export_id in store.exports():
        told = store.manifest(export_id) or {}
        same = (request.account, request.env, dict(request.scope))
        if (told.get("account"), told.get("env"), told.get("scope")) == same:
            found.append((str(told.get("finished")), export_id))
    return max(found)[1] if found else None


def keep_changes(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    store: Store,
    base: str | None,
    rewrite: Callable[[str, str], Sequence[Path]],
    tables: dict[str, Any],
) -> dict[str, Any]:
    """Turn the whole tables below `folder` into what differs from the export `base`.

    The whole moves to `state/`, for the next comparison; `changes/` names every key.
    `rewrite(table, changes)` writes the table anew with the rows that the file of
    `changes` names. Returns what the manifest tells about it.
    """
    counts: dict[str, Any] = {"base": base}
    before = _state_of(store, base)
    for table in _KEYS:
        if not (folder / table).exists():
            continue
        private_folder(folder / STATE)
        (folder / table).rename(folder / STATE / table)
        there = None
        if base is not None:
            there = store.fetch(base, f"{before}{table}", folder.parent / "base")
        changes = _compare(con, folder, table, there)
        files = rewrite(table, listed([str(changes)]))
        tables[table] |= table_entry(folder, files)
        tables[f"{FOLDER}/{table}"] = table_entry(folder, [changes])
        counts[table] = _counts(con, changes)
    return counts


def _state_of(store: Store, base: str | None) -> str:
    """Return where the whole tables of `base` lie: an export of changes keeps them."""
    told = store.manifest(base) if base else None
    return f"{STATE}/" if told and told.get("changed_only") else ""


def _compare(
    con: duckdb.DuckDBPyConnection, folder: Path, table: str, before: Path | None
) -> Path:
    key = _KEYS[table]
    now = parquet_in(folder / STATE / table)
    names = [name for name in _SCHEMAS[table].names if name not in ("id", "reference")]
    differing = ", ".join(
        f"CASE WHEN before.{name} IS DISTINCT FROM now.{name} THEN '{name}' END"
        for name in names
    )
    sources = {"before": parquet_in(before) if before else "[]", "now": now}
    for source, files in sources.items():
        rows = (
            f"FROM read_parquet({files})"
            if files != "[]"
            else f"FROM read_parquet({now}) WHERE false"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {source}_{table} AS SELECT *, {key} AS _key {rows}"
        )
    sql = statement(
        "changes",
        before=f"before_{table}",
        now=f"now_{table}",
        differing=differing,
    )
    path = folder / FOLDER / f"{table}.parquet"
    return write_parquet(stream(con, sql, {}), CHANGES, path)


def _counts(con: duckdb.DuckDBPyConnection, changes: Path) -> dict[str, int]:
    sql = f"SELECT change, count(*) FROM read_parquet({listed([str(changes)])}) GROUP BY change"
    found = dict(con.execute(sql).fetchall())
    return {change: found.get(change, 0) for change in ("added", "changed", "gone")}
