"""Closed months: control totals that stand, and what has changed under them since."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipeline.errors import RefusedError
from pipeline.export.manifest import as_text
from pipeline.export.request import ExportRequest, month_bounds
from pipeline.export.staging import private_file
from pipeline.export.tables import listed, statement
from pipeline.files.publish import disk_errors, private_folder
from pipeline.files.stores import Store

FOLDER = "closed"
INDEX = "months.json"
CHANGES = "closed_changes.csv"
COLUMNS = ("month", "reference", "field", "old", "new")


def _place(request: ExportRequest) -> str:
    """Return where the closed months of the request's account lie below the root."""
    account = f"{request.account} {request.env}".encode()
    return f"{FOLDER}/{hashlib.sha256(account).hexdigest()[:12]}"


def closed_months(store: Store, request: ExportRequest) -> dict[str, str]:
    """Return the closed months of the account, with when each was closed."""
    content = store.read(f"{_place(request)}/{INDEX}")
    found: dict[str, str] = json.loads(content) if content else {}
    return found


def refuse_second_close(store: Store, request: ExportRequest) -> None:
    """Refuse to close a month again.

    Raises:
        RefusedError: It is closed already; its totals stand.
    """
    closed = closed_months(store, request).get(request.close or "")
    if closed:
        raise RefusedError(
            f"{request.close} was closed on {closed}; its control totals stand",
            hint=f"`export payments --month {request.close}` lists what changed since",
        )


def frozen_month(con: duckdb.DuckDBPyConnection) -> bytes:
    """Return the exported payments as a closed month keeps them."""
    buffer = io.BytesIO()
    pq.write_table(con.sql(statement("frozen")).to_arrow_table(), buffer)
    return buffer.getvalue()


def close_month(
    store: Store, request: ExportRequest, frozen: bytes, totals: Any, now: datetime
) -> None:
    """Freeze the payments and control totals of the month `request.close`."""
    month, place = request.close or "", _place(request)
    told = {"month": month, "closed": now.isoformat(), "export_id": request.export_id}
    store.write(f"{place}/{month}.parquet", frozen)
    store.write(f"{place}/{month}.json", as_text(told | totals).encode())
    index = closed_months(store, request) | {month: now.isoformat()}
    store.write(f"{place}/{INDEX}", as_text(index).encode())


def compare_closed(
    con: duckdb.DuckDBPyConnection, store: Store, request: ExportRequest, folder: Path
) -> list[tuple[str, int]]:
    """Write what changed in closed months; return each changed month with how much.

    Only months that the export holds whole are compared.
    """
    if request.status is not None:
        return []
    found: list[tuple[str, ...]] = []
    for month in sorted(closed_months(store, request)):
        first, after = month_bounds(month)
        is_whole = (request.since or first) <= first and after <= (
            request.until or after
        )
        content = store.read(f"{_place(request)}/{month}.parquet") if is_whole else None
        if content is not None and month != request.close:
            found.extend(_differences(con, month, content, folder.parent))
    if found:
        _write(found, folder / CHANGES)
    months = [line[0] for line in found]
    return [(month, months.count(month)) for month in dict.fromkeys(months)]


def _differences(
    con: duckdb.DuckDBPyConnection, month: str, content: bytes, folder: Path
) -> Iterator[tuple[str, ...]]:
    path = private_folder(folder / "frozen") / f"{month}.parquet"
    with private_file(path) as file:
        file.write(content)
    con.execute(statement("closed_view", frozen=listed([str(path)])))
    sql = statement("closed_changes")
    yield from con.execute(sql, {"month": month}).fetchall()


def _write(lines: list[tuple[str, ...]], path: Path) -> None:
    with disk_errors(path), private_file(path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(lines)
        text.flush()
