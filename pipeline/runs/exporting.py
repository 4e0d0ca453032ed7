"""`export`: customers and payments into Parquet, with a run's folder of its own."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from pipeline.export.request import ExportRequest, ExportResult
from pipeline.export.run import export
from pipeline.export.since import OVERLAP_DAYS, window_start
from pipeline.files.stores import store_at
from pipeline.report.words import Words
from pipeline.runs.apart import keep_apart
from pipeline.runs.auditing import facts_of, note_run
from pipeline.runs.connect import Connection, account_line, connect
from pipeline.runs.session import Session, new_session, running
from pipeline.runs.talk import Silence, Talk
from pipeline.settings import Settings
from schemas.outcomes import RunState


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the command line says of an export; dates are local ones."""

    what: str = "all"
    status: str | None = None
    since: date | None = None
    until: date | None = None
    since_last_success: bool = False
    overlap_days: int = OVERLAP_DAYS
    month: str | None = None
    close: str | None = None
    keep_geo: bool = False
    changed_only: bool = False
    csv: bool = False
    xlsx: bool = False
    format: str = "parquet"
    mode: int = 0o600
    actor: str | None = None
    reason: str | None = None


def export_tables(
    settings: Settings, options: ExportOptions, *, talk: Talk | None = None
) -> Session:
    """Export what `options` ask for; the manifest stands in the session's summary.

    Raises:
        UsageError: Options that contradict each other.
        CannotStartError: The API, the store or the disk refuses; it can be run again.
    """
    settings.key()
    return asyncio.run(_export(settings, options, talk or Silence()))


async def _export(settings: Settings, options: ExportOptions, talk: Talk) -> Session:
    async with connect(settings, talk) as connection:
        talk.say(account_line(connection.account, settings))
        keep_apart(settings, connection.account, connection.account_id, exports=True)
        session = new_session(
            settings, "export", options.what, books=(), talk=talk, actor=options.actor
        )
        session.summary.account = connection.account_id
        session.summary.env = connection.account.env
        if options.reason:
            session.summary.extra["reason"] = options.reason
        session.summary.extra["merchant"] = connection.account.merchant
        with running(session):
            note_run(session, connection, "export", **facts_of(session))
            with session.summary.timed("export"):
                result = await export(
                    connection.client,
                    _windowed(_request(session, connection, options), options, talk),
                    clock=lambda: datetime.now(UTC),
                    progress=_Bar(talk).told,
                )
            session.summary.count_api(connection.client.stats.as_dict())
            _sum_up(session, result)
            tables = result.manifest.get("tables", {})
            counts = {name: table.get("rows") for name, table in tables.items()}
            note_run(session, connection, "export_ended", rows=counts)
            session.clear_staging()
        return session


def _request(
    session: Session, connection: Connection, options: ExportOptions
) -> ExportRequest:
    settings = session.settings
    return ExportRequest(
        what=options.what,
        root=settings.exports_dir,
        export_id=session.folder.run_id,
        account=connection.account_id,
        env=connection.account.env,
        timezone=settings.timezone,
        region=settings.region,
        status=options.status,
        since=options.since,
        until=options.until,
        month=options.month,
        close=options.close,
        keep_geo=options.keep_geo,
        changed_only=options.changed_only,
        csv=options.csv,
        xlsx=options.xlsx,
        format=options.format,
        lang=settings.lang,
        export_mode=options.mode,
        concurrency=settings.concurrency,
    )


def _windowed(
    request: ExportRequest, options: ExportOptions, talk: Talk
) -> ExportRequest:
    """Return the request with its window, where that begins at the last export."""
    if not options.since_last_success:
        return request
    since = window_start(store_at(request.root), request, options.overlap_days)
    words = Words(request.lang)
    name = "since" if since else "since_all"
    talk.say(words.text("export", name, date=since))
    return replace(request, since=since)


def _sum_up(session: Session, result: ExportResult) -> None:
    summary = session.summary
    summary.exit_code = result.exit_code
    summary.findings.update(finding.rule for finding in result.findings)
    summary.extra["export"] = {
        "path": str(result.path),
        "moved_latest": result.moved_latest,
        "manifest": dict(result.manifest),
    }
    summary.state = RunState.FINISHED


class _Bar:
    """Turns the export's progress (stage, rows so far, rows expected) into steps."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._stage: str | None = None
        self._done = 0

    def told(self, stage: str, done: int, total: int | None) -> None:
        """Show that `done` of `total` rows of `stage` are read."""
        if stage != self._stage:
            self._talk.stage(stage, total)
            self._stage, self._done = stage, 0
        self._talk.advance(done - self._done)
        self._done = done
