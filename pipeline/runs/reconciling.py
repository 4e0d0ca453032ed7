"""`reconcile`: an export against past imports, or against a controller's own list."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import CannotStartError, InputError, UsageError
from pipeline.export.reconcile import (
    Claims,
    Line,
    Reconciled,
    load_list,
    reconcile_customers,
    reconcile_payments,
)
from pipeline.export.reconciled import write_book
from pipeline.export.request import month_bounds
from pipeline.export.tables import database
from pipeline.files.mirror import run_folder, runs_root
from pipeline.files.stores import Store, store_at
from pipeline.read import ReadOptions, Source, open_source
from pipeline.runs.session import Session, new_session, running
from pipeline.runs.talk import Talk
from pipeline.settings import Settings
from schemas.outcomes import ExitCode, RunState

_WRITING = ("import", "undo")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """A controller's list: which columns tell what, of which month, and how to read it."""

    file: str
    reference: str
    amount: str
    status: str | None = None
    month: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class _Export:
    """A finished export on this machine's disk."""

    export_id: str
    manifest: Mapping[str, Any]
    folder: Path


def reconcile_with_imports(
    settings: Settings, export_id: str | None, talk: Talk
) -> Session:
    """Compare what past imports wrote with an export; return the session.

    Raises:
        CannotStartError: There is no such export, or it holds no customers.
    """
    session = _begin(settings, "customers", talk)
    with running(session):
        export = _fetched(settings, export_id, "customers", session)
        claims = Claims(_runs_of(settings, export.manifest["account"]))
        with database(session.folder.staging) as con:
            done = reconcile_customers(
                con, claims, export.folder, session.folder.path / "reconciliation"
            )
        facts = {"runs": [folder.name for folder in claims.folders]}
        _end(session, done, export, facts)
    return session


def reconcile_with_list(
    settings: Settings,
    options: ListOptions,
    export_id: str | None,
    talk: Talk,
    stdin: BinaryIO | None = None,
) -> Session:
    """Compare a controller's list with an export; return the session.

    Raises:
        UsageError: The list has no such column, or the month is none.
        InputError: The list cannot be read.
        CannotStartError: There is no such export, or it holds no payments.
    """
    if options.month is not None:
        month_bounds(options.month)
    session = _begin(settings, options.file, talk)
    with running(session):
        export = _fetched(settings, export_id, "payments", session)
        _check_scope(export, options.month)
        reading = ReadOptions(options.encoding, options.delimiter, options.sheet)
        with (
            open_source(
                options.file, reading, stdin=stdin, spool_dir=session.folder.staging
            ) as source,
            database(session.folder.staging) as con,
        ):
            count, _ = load_list(con, _lines(source, options))
            done = reconcile_payments(
                con,
                export.folder,
                session.folder.path / "reconciliation",
                month=options.month,
                with_status=options.status is not None,
                with_sandbox=export.manifest.get("env") == "test",
            )
        _end(session, done, export, {"lines": count, "month": options.month})
    return session


def _begin(settings: Settings, what: str, talk: Talk) -> Session:
    return new_session(settings, "reconcile", what, books=(), talk=talk)


def _end(
    session: Session, done: Reconciled, export: _Export, facts: Mapping[str, Any]
) -> None:
    settings = session.settings
    book = done.table.with_suffix(".xlsx")
    write_book(done, book, lang=settings.lang, zone=settings.timezone)
    summary = session.summary
    summary.account = export.manifest.get("account")
    summary.env = export.manifest.get("env")
    summary.exit_code = ExitCode.LEFTOVERS if done.differs else ExitCode.OK
    summary.extra["reconciliation"] = {
        "of": done.kind,
        "export_id": export.export_id,
        "exported": export.manifest.get("finished"),
        "counts": dict(done.counts),
        "sums": {result: dict(sums) for result, sums in done.sums.items()},
        "table": str(done.table),
        "workbook": str(book),
        **facts,
    }
    summary.state = RunState.FINISHED
    session.clear_staging()


def _fetched(
    settings: Settings, export_id: str | None, table: str, session: Session
) -> _Export:
    """Return the named export, or the one that `latest` points to, with its table."""
    store: Store = store_at(settings.exports_dir)
    chosen = export_id or store.latest()
    manifest = store.manifest(chosen) if chosen else None
    hint = f"`notchpay-pipeline export {table}` first"
    if chosen is None or manifest is None:
        named = f"`{export_id}`" if export_id else "finished export"
        raise CannotStartError(
            f"there is no {named} in `{settings.exports_dir}`", hint=hint
        )
    if table not in manifest["tables"] or manifest.get("changed_only"):
        raise CannotStartError(
            f"export `{chosen}` does not hold all {table}",
            hint=f"{hint}, or name another by `--export`",
        )
    folder = store.fetch(chosen, table, session.folder.staging)
    return _Export(chosen, manifest, folder)


def _check_scope(export: _Export, month: str | None) -> None:
    """Refuse an export that leaves out payments which the list may hold."""
    scope = export.manifest["scope"]
    is_whole = scope.get("status") is None
    if month is None:
        is_whole &= scope.get("since") is None and scope.get("until") is None
    else:
        first, after = (day.isoformat() for day in month_bounds(month))
        since, until = scope.get("since"), scope.get("until")
        is_whole &= (since or first) <= first and after <= (until or after)
    if not is_whole:
        raise CannotStartError(
            f"export `{export.export_id}` leaves out payments that the list may hold",
            hint="export them all, or name the month by `--month YYYY-MM`",
        )


def _runs_of(settings: Settings, account: str) -> tuple[Path, ...]:
    """Return the folders of the runs that wrote to `account`, in order of time."""
    root = runs_root(settings.runs_dir)
    found = []
    for summary in sorted(root.glob("*/summary.json")):
        told = json.loads(summary.read_text(encoding="utf-8"))
        if told.get("command") not in _WRITING or told.get("account") != account:
            continue
        folder = run_folder(settings.runs_dir, summary.parent.name)
        if folder.plan.exists() and folder.outcomes.exists():
            found.append(folder.path)
    return tuple(found)


def _lines(source: Source, options: ListOptions) -> Iterator[Sequence[Line]]:
    """Yield the lines of the list, chunk by chunk.

    Raises:
        UsageError: A named column is not there.
        InputError: A record cannot be read as a row.
    """
    columns = source.layout.columns
    reference = _column(columns, options.reference, "--reference")
    amount = _column(columns, options.amount, "--amount")
    status = _column(columns, options.status, "--status") if options.status else None
    for chunk in source.chunks():
        for broken in chunk.broken:
            raise InputError(
                f"{options.file}:{broken.line}: the record cannot be read as a row",
                hint="mend the line: a list with a hole reconciles with nothing",
            )
        cells = chunk.cells
        statuses = [None] * len(cells) if status is None else cells[status].to_pylist()
        yield [
            Line(*values)
            for values in zip(
                chunk.lines.to_pylist(),
                cells[reference].to_pylist(),
                cells[amount].to_pylist(),
                statuses,
                strict=True,
            )
        ]


def _column(columns: Sequence[str], wanted: str, option: str) -> str:
    """Return the column called `wanted`, whatever its case."""
    if wanted in columns:
        return wanted
    alike = [name for name in columns if name.casefold() == wanted.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    raise UsageError(
        f"`{option} {wanted}`: the list has no such column",
        hint=f"its columns are {', '.join(columns)}",
    )
