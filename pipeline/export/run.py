"""One export from the first page to `latest`: gather, write, publish."""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipeline.errors import worst
from pipeline.export import customers, payments
from pipeline.export.changes import keep_changes, previous
from pipeline.export.closing import (
    close_month,
    compare_closed,
    frozen_month,
    refuse_second_close,
)
from pipeline.export.collate import Collator
from pipeline.export.delta import write_logs
from pipeline.export.finance import Books, write_csv
from pipeline.export.gather import THROUGH_CUSTOMERS, Gathered, Gatherer
from pipeline.export.manifest import as_text, books, manifest, sums, table_entry
from pipeline.export.notes import Notes
from pipeline.export.reports import write_reports
from pipeline.export.request import (
    DELTA,
    ExportRequest,
    ExportResult,
    Progress,
    checked,
)
from pipeline.export.source import ExportClient
from pipeline.export.staging import Staging, staging
from pipeline.export.tables import (
    chosen,
    database,
    fetch,
    give_back,
    lean_memory,
    listed,
    parquet_in,
    statement,
)
from pipeline.files.publish import private_folder, write_text
from pipeline.files.stores import Store, is_remote, store_at
from schemas.exports import CUSTOMERS, MANIFEST, PAYMENTS, SUCCESS
from schemas.outcomes import ExitCode

Clock = Callable[[], datetime]


def silent(stage: str, done: int, total: int | None) -> None:
    """Show no progress."""


async def export(
    client: ExportClient,
    request: ExportRequest,
    *,
    clock: Clock,
    progress: Progress = silent,
) -> ExportResult:
    """Export what `request` asks for and return what came of it.

    Raises:
        UsageError, SettingsError: The request contradicts itself.
        LockedError: The same export is running.
        DiskError: The folder or store refuses; what was read can be used again.
        ApiError, CannotStartError: The API refuses or is out of reach; as above.
    """
    request = checked(request)
    store = store_at(request.root)
    refuse_second_close(store, request)
    started = clock()
    with lean_memory(), staging(_staging_folder(request), clock) as staged:
        work = _Work(request, staged, _fresh(staged.folder / "out"), store)
        with database(staged.folder) as con:
            await _gather(work, Gatherer(client, request, staged, progress), con)
            give_back()
            _write(work, con, started)
        result = _publish(work, started, clock())
        staged.remove()
    return result


@dataclass
class _Work:
    """An export on its way."""

    request: ExportRequest
    staged: Staging
    folder: Path
    store: Store
    gathered: dict[str, Gathered] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    changes: dict[str, Any] | None = None
    frozen: bytes | None = None


def _staging_folder(request: ExportRequest) -> Path:
    if request.staging is not None:
        place = Path(request.staging)
    elif is_remote(request.root):
        place = Path(tempfile.gettempdir()) / "notchpay-pipeline-exports"
    else:
        place = Path(request.root.removeprefix("file://"))
    return place / f".staging-{request.key}"


def _fresh(folder: Path) -> Path:
    """Return `folder` empty: what an interrupted export wrote there is not whole."""
    if folder.exists():
        shutil.rmtree(folder)
    return private_folder(folder)


async def _gather(
    work: _Work, gatherer: Gatherer, con: duckdb.DuckDBPyConnection
) -> None:
    """Read the lists; payments go through the customers where they have no list."""
    request = work.request
    if request.wants_customers:
        await _gather_customers(work, gatherer, con)
    if not request.wants_payments:
        return
    found = await gatherer.payments()
    if found is None:
        if not request.wants_customers:
            await _gather_customers(work, gatherer, con)
        ids = [row[0] for row in con.execute(_IDS.format(_parts(work))).fetchall()]
        found = await gatherer.payments_of(ids)
        work.notes.add("payments_through_customers", payments.TABLE)
    _account_for(work, payments.TABLE, found, con)


_IDS = "SELECT id FROM read_parquet({}) SEMI JOIN keep_customers USING (_seq) WHERE id IS NOT NULL"


def _parts(work: _Work, table: str = customers.TABLE) -> str:
    return listed(work.staged.paths(table))


async def _gather_customers(
    work: _Work, gatherer: Gatherer, con: duckdb.DuckDBPyConnection
) -> None:
    found = await gatherer.customers()
    _account_for(work, customers.TABLE, found, con)
    bare = con.execute(_IDS.format(_parts(work)) + " AND _bare").fetchall()
    if bare and await gatherer.details([row[0] for row in bare], found.reading.sweep):
        _keep(work, customers.TABLE, found, con)


def _account_for(
    work: _Work, table: str, found: Gathered, con: duckdb.DuckDBPyConnection
) -> None:
    """Take down the books of a list and which of its rows count."""
    work.gathered[table] = found
    difference = found.reading.difference
    if difference is None:
        work.notes.add("totals_unknown", table)
    elif difference:
        detail = f"{found.reading.rows} rows were read, {found.reading.totals} are told"
        work.notes.add("totals_differ", table, count=abs(difference), detail=detail)
    if found.unreadable:
        work.notes.add("row_unreadable", table, count=found.unreadable)
    _keep(work, table, found, con)


def _keep(
    work: _Work, table: str, found: Gathered, con: duckdb.DuckDBPyConnection
) -> None:
    sql = statement("keep", table=table, parts=_parts(work, table))
    con.execute(sql, {"sweep": found.reading.sweep})


def _write(work: _Work, con: duckdb.DuckDBPyConnection, now: datetime) -> None:
    """Write the tables that were asked for, and the reports on them."""
    if work.request.wants_customers:
        _write_table(work, con, customers.TABLE)
    if work.request.wants_payments:
        _write_table(work, con, payments.TABLE)
        entry = work.tables[payments.TABLE]
        entry |= sums(con, parquet_in(work.folder / payments.TABLE))
        entry["sees_unknown_customers"] = entry["through"] != THROUGH_CUSTOMERS
    today = now.astimezone(ZoneInfo(work.request.timezone)).date()
    work.tables |= write_reports(
        con, work.folder, _parts(work), today, whole=not work.request.is_filtered
    )

    if work.request.wants_payments:
        if work.request.csv or work.request.xlsx:
            _write_finance(work, con, today)
        _look_at_closed(work, con)
    if work.request.changed_only:
        work.changes = _write_changes(work, con)
    if work.request.format == DELTA:
        names = (customers.TABLE, payments.TABLE)
        write_logs(
            work.folder, [name for name in names if (work.folder / name).exists()]
        )


def _look_at_closed(work: _Work, con: duckdb.DuckDBPyConnection) -> None:
    """Say what changed in closed months, and close the one that was asked for."""
    request = work.request
    for month, count in compare_closed(con, work.store, request, work.folder):
        work.notes.add(
            "closed_month_changed", payments.TABLE, count=count, detail=month
        )
    if request.close:
        work.frozen = frozen_month(con)


def _write_finance(work: _Work, con: duckdb.DuckDBPyConnection, today: date) -> None:
    request = work.request
    columns = "reference, id, sandbox, _noted"
    parts = _parts(work, payments.TABLE)
    books_of = Books(
        con=con,
        noted=statement(payments.TABLE, columns=columns, parts=parts),
        values=_filters(request),
        period=request.month or "all",
        zone=request.timezone,
        lang=request.lang,
        is_over=request.until is None or today >= request.until,
    )
    if request.csv:
        write_csv(books_of, work.folder)
    if request.xlsx:
        from pipeline.export.workbook import write_workbook

        write_workbook(books_of, work.folder)


def _filters(request: ExportRequest) -> Mapping[str, Any]:
    return {
        "since": request.since,
        "until": request.until,
        "status": request.status,
    }


def _write_table(work: _Work, con: duckdb.DuckDBPyConnection, table: str) -> None:
    sql = statement(table, columns="_seq", parts=_parts(work, table))
    files = _collate(work, con, table, sql)
    work.tables[table] = table_entry(work.folder, files) | books(work.gathered[table])
    _note_rows(work, con, table)


def _collate(
    work: _Work, con: duckdb.DuckDBPyConnection, table: str, sql: str
) -> list[Path]:
    """Write the staged rows whose numbers `sql` selects."""
    schema = CUSTOMERS if table == customers.TABLE else PAYMENTS
    by_month = table == payments.TABLE
    collator = Collator(work.folder / table, schema, by_month=by_month)
    numbers = chosen(con, sql, _filters(work.request))
    return collator.collate(work.staged.paths(table), numbers)


def _write_changes(work: _Work, con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    def rewrite(table: str, changes: str) -> list[Path]:
        rows = statement(table, columns="_seq, _key", parts=_parts(work, table))
        sql = statement("changed_rows", rows=rows, changes=changes)
        return _collate(work, con, table, sql)

    base = previous(work.store, work.request)
    return keep_changes(con, work.folder, work.store, base, rewrite, work.tables)


def _note_rows(work: _Work, con: duckdb.DuckDBPyConnection, table: str) -> None:
    rows = statement(table, columns="_key, _noted", parts=_parts(work, table))
    sql = statement("findings", rows=rows)
    found = fetch(con, sql, _filters(work.request))
    for rule, name, detail, count, examples in found:
        work.notes.add(rule, table, name, examples=examples, detail=detail, count=count)


def _publish(work: _Work, started: datetime, finished: datetime) -> ExportResult:
    """Write the manifest and `_SUCCESS`, let the export appear, move `latest` last."""
    request, store = work.request, work.store
    keeps = _foreign_latest(store, request)
    if keeps is not None:
        work.notes.add("latest_kept", request.what, detail=keeps)
    findings = work.notes.findings()
    entry = manifest(request, work.tables, findings, started, finished)
    if work.changes is not None:
        entry["changed_only"] = work.changes
    write_text(work.folder / MANIFEST, as_text(entry))
    write_text(work.folder / SUCCESS, "")
    store.publish(work.folder, request.export_id, request.export_mode)
    if work.frozen is not None:
        told = work.tables[payments.TABLE]
        totals = {name: told[name] for name in ("rows", "sums", "sandbox_sums")}
        close_month(store, request, work.frozen, totals, finished)
    moves = keeps is None and not request.changed_only
    if moves:
        store.point(request.export_id)
    codes = [
        ExitCode.LEFTOVERS
        for finding in findings
        if finding.rule in ("totals_differ", "row_unreadable", "closed_month_changed")
    ]
    return ExportResult(
        path=store.path(request.export_id),
        manifest=entry,
        findings=findings,
        exit_code=worst(*codes),
        moved_latest=moves,
    )


def _foreign_latest(store: Store, request: ExportRequest) -> str | None:
    """Say whose export `latest` points to, where it is another account's."""
    before = store.latest()
    told = store.manifest(before) if before else None
    if told is None:
        return None
    if (told.get("account"), told.get("env")) == (request.account, request.env):
        return None
    return f"it points to `{before}`, an export of another account"
