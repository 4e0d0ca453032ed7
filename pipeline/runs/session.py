"""What every command that works on a file holds: folder, log, summary, talk, settings."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from secrets import token_hex
from typing import Any

from pipeline.errors import DiskError, PipelineError, RefusedError, UsageError
from pipeline.files.mirror import new_folder, run_folder, send, shown
from pipeline.files.publish import disk_errors
from pipeline.files.run_folder import RunFolder, new_run_id
from pipeline.report.findings import write_findings
from pipeline.runs.actor import who
from pipeline.runs.summary import Summary
from pipeline.runs.talk import RunLog, Silence, Talk
from pipeline.runs.workbench import Workbench, room_errors
from pipeline.runs.workers import worker_errors
from pipeline.settings import Settings
from schemas.outcomes import BOOKS, ExitCode, Outcome, RunState
from schemas.records import Finding
from schemas.rules import rule

_NOTES = 10_000
"""Findings that wait before they are written."""


@dataclass(slots=True)
class Session:
    """One run of a command; closed by `running`.

    `can_go_on` says that an interrupted run finds its way back in its staging folder.
    """

    settings: Settings
    folder: RunFolder
    summary: Summary
    log: RunLog
    talk: Talk
    can_go_on: bool = False
    wants_page: bool = False
    _notes: list[Finding] = field(default_factory=list)

    def bench(self, *, read_only: bool = False) -> Workbench:
        """Open the run's workbench."""
        return Workbench(
            self.folder.staging,
            memory=self.settings.duckdb_memory,
            threads=self.settings.workers,
            read_only=read_only,
        )

    def note(self, row: int, name: str, facts: dict[str, str]) -> str:
        """Write a finding of a later stage, which names no value; return its message."""
        said = rule(name)
        self.summary.findings[name] += 1
        message = said.message(self.settings.lang, **facts)
        self._notes.append(
            Finding(
                row=row,
                line=0,
                field=facts.get("field", ""),
                rule=name,
                severity=said.severity,
                original=None,
                normalised=None,
                suggestion=said.advice(self.settings.lang),
                message=message,
            )
        )
        if len(self._notes) >= _NOTES:
            self.flush_notes()
        return message

    def flush_notes(self) -> None:
        """Append the findings noted so far to `findings.jsonl`."""
        write_findings(self.folder.findings, self._notes)
        self._notes = []

    def tick(self, stats: Callable[[], Mapping[str, Any]]) -> None:
        """Keep the summary true, and note in the log how much the API was asked."""
        if self.summary.is_due():
            self.summary.count_api(stats())
            self.summary.write(self.folder)
            send(self.settings.runs_dir, self.folder, self.folder.summary.name)
            self.log.event("progress", **self.asked())

    @property
    def place(self) -> str:
        """Where a person finds the run's folder."""
        return shown(self.settings.runs_dir, self.folder)

    def keep(self) -> None:
        """Send what a runs folder in a store does not hold yet, all or nothing lost."""
        send(self.settings.runs_dir, self.folder)

    def asked(self) -> dict[str, object]:
        """Return the requests sent and seconds waited so far."""
        names = ("requests", "seconds_waited")
        return {n: self.summary.api[n] for n in names if n in self.summary.api}

    def write_page(self) -> None:
        """Write `report.html` where the command has one; a full disk is only said."""
        # Late: the page brings pandas along, which an export does without till then.
        from pipeline.runs.reporting import page_is_due, write_run_page

        is_due = page_is_due(self.summary.command, asked=self.wants_page)
        begun = self.summary.state is not RunState.INTERRUPTED
        if not is_due or not (begun or self.summary.rows.get("read")):
            return
        zone = self.settings.timezone
        try:
            write_run_page(self.folder.path, self.settings.lang, zone)
        except DiskError as error:
            self.talk.say(f"no report.html: {error.message}")

    def tell(self, failed: str) -> None:
        """Tell the world outside that the run ended; what goes wrong is only said."""
        # Late: it brings the client of the web along.
        from pipeline.runs.telling import tell

        for warning in tell(self.settings, self.summary, failed):
            self.log.event("not_told", said=warning)
            self.talk.say(f"warning: {warning}")

    def clear_staging(self) -> None:
        """Remove what the run worked with; it holds personal data."""
        shutil.rmtree(self.folder.staging, ignore_errors=True)


def source_name(file: str, source: str | None) -> str:
    """Return the name of the source: as given, else the file's name."""
    if source:
        return source
    return "stdin" if file == "-" else PurePosixPath(file).name


def new_session(
    settings: Settings,
    command: str,
    file: str,
    *,
    source: str | None = None,
    books: tuple[Outcome, ...] = BOOKS,
    talk: Talk | None = None,
    actor: str | None = None,
) -> Session:
    """Create the run's folder with a first `summary.json` that says `interrupted`."""
    if command != "undo":  # it may be about to read what is due
        from pipeline.runs.retention import prune_at_start  # late: it reads histories

        prune_at_start(settings)
    settings.database_url()  # a runs folder in a store needs one that is set
    folder = new_folder(
        settings.runs_dir, new_run_id(time.time(), token_hex(2))
    ).create()
    summary = Summary(
        run_id=folder.run_id,
        command=command,
        source=source_name(file, source),
        file=file,
        actor=who(actor),
        books=books,
    )
    summary.write(folder)
    send(settings.runs_dir, folder, folder.summary.name)
    log = RunLog(folder.log, folder.run_id)
    log.event("run_started", command=command, source=summary.source)
    return Session(settings, folder, summary, log, talk or Silence())


def open_session(settings: Settings, run_id: str, talk: Talk) -> Session:
    """Open the folder of a run that was interrupted.

    Raises:
        UsageError: Its folder or staging is not there.
    """
    folder = run_folder(settings.runs_dir, run_id)
    if not folder.staging.is_dir() or not folder.summary.is_file():
        raise UsageError(
            f"the folder of run `{run_id}` is not in `{settings.runs_dir}`",
            hint="name the runs folder of that time, or `resume --abandon` where it is",
        )
    summary = Summary.load(folder)
    summary.exit_code = ExitCode.OK
    log = RunLog(folder.log, run_id)
    return Session(settings, folder, summary, log, talk, can_go_on=True)


def user_name() -> str:
    """Return who does it where nobody was named."""
    return who(None)


@contextmanager
def running(session: Session) -> Iterator[Session]:
    """Keep `summary.json` true whatever ends the run, and close its log."""
    place, failed = session.folder.path, ""
    try:
        with worker_errors(), disk_errors(place), room_errors(place):
            yield session
    except BaseException as error:
        _end_early(session, error)
        failed = type(error).__name__
        raise
    else:
        code = int(session.summary.exit_code)
        session.log.event("run_ended", exit_code=code, **session.asked())
    finally:
        session.flush_notes()
        session.summary.write(session.folder)
        session.tell(failed)
        session.log.close()
        session.write_page()
        session.keep()


def _end_early(session: Session, error: BaseException) -> None:
    """Note in summary and log what ended the run; keep nothing that nobody needs."""
    if not session.can_go_on:
        session.clear_staging()
    said = None
    if isinstance(error, PipelineError):
        said, error.run_id = error.message, session.folder.run_id
    session.summary.exit_code = _code_of(error)
    if isinstance(error, RefusedError):
        session.summary.state = RunState.REFUSED
    session.summary.settle_rows()
    session.log.event(
        "run_ended",
        exit_code=int(session.summary.exit_code),
        error=type(error).__name__,
        said=said,
        **session.asked(),
    )


def _code_of(error: BaseException) -> ExitCode:
    if isinstance(error, PipelineError):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        return ExitCode.SIGINT
    return ExitCode.BUG
