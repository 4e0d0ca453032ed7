"""`import --inbox`: bring in what lies ready in a folder, file by file, and move it on."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.errors import (
    InputError,
    PipelineError,
    RefusedError,
    UsageError,
)
from pipeline.files.inbox import APPROVAL, MESSAGE, Arrival, Inbox, Left, Place, settle
from pipeline.files.mirror import run_folder
from pipeline.report.receipts import Receipt, approval, receipt
from pipeline.report.words import Words
from pipeline.runs.connect import connect
from pipeline.runs.history import one_run
from pipeline.runs.importing import import_customers
from pipeline.runs.inbox_ledger import Ledger
from pipeline.runs.inbox_values import FileState, Handled, InboxRequest, Walk
from pipeline.runs.talk import Silence, Talk
from pipeline.settings import Settings
from schemas.outcomes import ExitCode

TO_SENDER = (
    "rejected.xlsx",
    "rejected.csv",
    "review.csv",
    "failed.csv",
    "not_attempted.csv",
    "review_pairs.xlsx",
)
"""Files of a run's folder that the outbox gets a copy of."""


_PLACES = {
    FileState.DONE: Place.DONE,
    FileState.DUPLICATE: Place.DONE,
    FileState.FAILED: Place.FAILED,
    FileState.WAITING: Place.WAITING,
}


def import_inbox(
    settings: Settings,
    request: InboxRequest,
    *,
    talk: Talk | None = None,
    pause: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Walk:
    """Import every file that lies ready, an interrupted one first, then the oldest.

    What concerns one file (it cannot be read, a guard refuses it) moves that file on;
    what concerns all of them (the API, the key, a lock, the disk, a signal) stops the
    walk, leaves the rest in place and stands in `Walk.stopped`.

    Raises:
        InputError: There is no such folder.
        LockedError: Another walk goes through this inbox.
        CannotStartError: Key, API or state database, before the first file.
    """
    settings.key()
    inbox = Inbox(request.root.resolve())
    steps = _Steps(settings, request, inbox, talk or Silence(), now)
    with inbox.locked(request.each.wait, pause):
        found, left = inbox.look()
        ready, growing = settle(found, request.settle, now(), pause)
        steps.walk.left = [(name, str(why)) for name, why in left]
        steps.walk.left += [(each.name, str(Left.GROWING)) for each in growing]
        waiting = inbox.waiting()
        if ready or waiting:
            steps.go(ready, waiting)
    return steps.walk


class _Steps:
    """One walk: its settings, and what it did so far."""

    def __init__(
        self,
        settings: Settings,
        request: InboxRequest,
        inbox: Inbox,
        talk: Talk,
        now: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._request = request
        self._inbox = inbox
        self._talk = talk
        self._now = now
        self._words = Words(settings.lang)
        self._until: float | None = None
        if request.each.max_duration is not None:
            self._until = now() + request.each.max_duration
        self.walk = Walk(str(inbox.root))

    def go(self, ready: Sequence[Arrival], waiting: Sequence[Arrival]) -> None:
        """Handle what was approved meanwhile, then file by file what is ready."""
        account = asyncio.run(_account(self._settings, self._talk))
        ledger = Ledger(self._settings, account)
        begun = []
        for arrival in waiting:
            if ledger.is_interrupted(arrival):
                begun.append(arrival)
            elif (run_id := ledger.finished(arrival, anywhere=True)) is not None:
                self._done(arrival, run_id, ledger)
        queue = ledger.in_order([*begun, *ready])
        while queue and self._next(queue[0], ledger):
            queue.pop(0)
        self.walk.left += [(each.name, str(Left.STOPPED)) for each in queue]

    def _next(self, arrival: Arrival, ledger: Ledger) -> bool:
        """Handle one file; return whether the walk may go on."""
        if self._until is not None and self._now() >= self._until:
            return False
        earlier = ledger.earlier(arrival, self._inbox.waiting())
        if earlier is not None:
            self._moved(arrival, ledger, FileState.DUPLICATE, {}, same_as=earlier)
            return True
        run_id = ledger.finished(arrival)
        try:
            self._done(arrival, run_id or self._import(arrival), ledger)
        except RefusedError as error:
            self._waits(arrival, error, ledger)
        except (InputError, UsageError) as error:
            self._failed(arrival, error, ledger)
        except PipelineError as error:
            self.walk.stopped = error
            return False
        return True

    def _import(self, arrival: Arrival) -> str:
        """Import one file and return its run."""
        self._talk.say(self._words.text("inbox", "file", file=arrival.name))
        each = self._request.each
        source = each.file.source or arrival.folder or None
        file = replace(each.file, file=str(arrival.path), source=source)
        left = None if self._until is None else max(1.0, self._until - self._now())
        session = import_customers(
            self._settings,
            replace(each, file=file, approve=None, max_duration=left),
            talk=self._talk,
        )
        # Workers are forked, which is safe only before Arrow and DuckDB have threads.
        self._settings = self._settings.model_copy(update={"workers": 1})
        return session.folder.run_id

    def _source(self, arrival: Arrival) -> str:
        """Return the source: as given, else the folder's name, else the file's."""
        return self._request.each.file.source or arrival.folder or arrival.path.name

    def _done(self, arrival: Arrival, run_id: str, ledger: Ledger) -> None:
        summary = one_run(self._settings, run_id)
        self._moved(arrival, ledger, FileState.DONE, summary)
        # Last: killed before, the next walk makes up for the move, receipt and all.
        ledger.note(arrival, run_id)

    def _failed(self, arrival: Arrival, error: PipelineError, ledger: Ledger) -> None:
        summary = self._summary_of(error)
        moved = self._moved(arrival, ledger, FileState.FAILED, summary, error=error)
        if moved is not None:
            text = "\n".join(filter(None, (error.message, error.hint)))
            self._inbox.put_note(moved, MESSAGE, text + "\n")

    def _waits(self, arrival: Arrival, error: RefusedError, ledger: Ledger) -> None:
        summary = self._summary_of(error)
        moved = self._moved(arrival, ledger, FileState.WAITING, summary, error=error)
        if moved is not None:
            options = ("--source", self._source(arrival), *self._request.again)
            said = "; ".join(filter(None, (error.message, error.hint)))
            text = approval(self._words, str(moved), summary, options, said)
            self._inbox.put_note(moved, APPROVAL, text)

    def _summary_of(self, error: PipelineError) -> Mapping[str, Any]:
        return {} if error.run_id is None else one_run(self._settings, error.run_id)

    def _moved(
        self,
        arrival: Arrival,
        ledger: Ledger,
        state: FileState,
        summary: Mapping[str, Any],
        *,
        error: PipelineError | None = None,
        same_as: str | None = None,
    ) -> Path | None:
        """Move the file on, leave receipt and leftovers, and write it down.

        A file that was written meanwhile holds something nobody read: it stays.
        """
        if not arrival.is_same():
            self.walk.left.append((arrival.name, str(Left.GROWING)))
            return None
        sha256, now = ledger.sha256(arrival), self._now()
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        moved = self._inbox.move(arrival, _PLACES[state], sha256, at)
        copies = self._copies(moved, summary) if state is FileState.DONE else []
        told = Receipt(
            name=moved.name,
            state=str(state),
            rows=summary.get("rows", {}),
            at=datetime.fromtimestamp(now, ZoneInfo(self._settings.timezone)),
            to_correct=copies[0].name if copies else "",
            same_as=same_as or "",
        )
        code = summary.get("exit_code", ExitCode.OK)
        if error is not None:
            is_usage = (
                error.exit_code is ExitCode.USAGE
            )  # columns that it does not have
            code = ExitCode.CANNOT_START if is_usage else error.exit_code
        self.walk.files.append(
            Handled(
                file=arrival.name,
                source=self._source(arrival),
                sha256=sha256,
                state=state,
                exit_code=int(code),
                moved_to=str(moved),
                receipt=str(self._inbox.put_receipt(moved, receipt(self._words, told))),
                run_id=summary.get("run_id"),
                rows=dict(told.rows),
                same_as=same_as,
                message=error.message if error else None,
                hint=error.hint if error else None,
                outbox=tuple(map(str, copies)),
            )
        )
        return moved

    def _copies(self, moved: Path, summary: Mapping[str, Any]) -> list[Path]:
        run = run_folder(self._settings.runs_dir, summary["run_id"])
        return self._inbox.put_leftovers(moved, run.path, TO_SENDER)


async def _account(settings: Settings, talk: Talk) -> str:
    async with connect(settings, talk) as connection:
        return connection.account_id
