"""`resume`: go on with an interrupted run, or close it; its plan is the one approved."""

import asyncio
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import duckdb

from pipeline.api.clock import Clock
from pipeline.api.errors import NotFound
from pipeline.apply.operation import Operation, dumps
from pipeline.apply.settle import Settled, Settler
from pipeline.apply.stop import Window
from pipeline.errors import InputError, StateError, UsageError
from pipeline.files.spool import bring
from pipeline.match.changes import is_written
from pipeline.runs.actor import who
from pipeline.runs.applying import Feed
from pipeline.runs.auditing import books_of, note_run
from pipeline.runs.books import run_outcomes
from pipeline.runs.carrying import Facts, carry_out, results
from pipeline.runs.check import conclude
from pipeline.runs.connect import Connection, account_line, connect
from pipeline.runs.locking import locked
from pipeline.runs.request import FileRequest, ImportRequest
from pipeline.runs.session import Session, open_session, running, source_name
from pipeline.runs.talk import Silence, Talk, said
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from pipeline.state.journal import Journal
from pipeline.state.lease import Lease
from pipeline.state.registry import Run, RunFilter
from pipeline.state.writes import Result, WriteState
from schemas.outcomes import Outcome, RunState

_LET_GO_TRIES = 25
_LET_GO_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Times:
    """When a resumed run may write, and how long it waits for the lock (seconds)."""

    wait: float = 0.0
    max_duration: float | None = None
    window: Window | None = None
    actor: str | None = None


def _actor(times: Times | ImportRequest | None) -> str:
    return who(times.actor if times else None)


def unfinished(
    connection: Connection, file: FileRequest, stdin: BinaryIO | None
) -> tuple[Run | None, Run | None]:
    """Return (same, changed): the interrupted run of this source, by its file's content.

    Standard input cannot be read twice, so its content is never compared here.
    """
    found = open_run(connection, file)
    if found is None:
        return None, None
    if file.file == "-":
        return None, found
    with closing(bring(file.file, stdin=stdin)) as local:
        same = local.sha256 == found.file_sha256
    return (found, None) if same else (None, found)


def open_run(connection: Connection, file: FileRequest) -> Run | None:
    """Return the newest import of this source that is not finished."""
    return connection.state.runs.latest_unfinished(
        connection.account_id, source_name(file.file, file.source), command="import"
    )


def resume(
    settings: Settings,
    run_id: str | None,
    *,
    abandon: bool = False,
    talk: Talk | None = None,
    times: Times | ImportRequest | None = None,
    clock: Clock | None = None,
) -> Session:
    """Go on with run `run_id` (None: the newest that can), or close it.

    Raises:
        UsageError: There is no such run, or it is finished.
        InputError: The file of the run changed since.
    """
    settings.key()
    asked = _Asked(run_id, abandon, times)
    return asyncio.run(_resume(settings, asked, talk or Silence(), clock))


@dataclass(frozen=True, slots=True)
class _Asked:
    run_id: str | None
    abandon: bool
    times: Times | ImportRequest | None


async def _resume(
    settings: Settings, asked: _Asked, talk: Talk, clock: Clock | None
) -> Session:
    async with connect(settings, talk, clock=clock) as connection:
        run = _wanted(connection, asked.run_id)
        talk.say(account_line(connection.account, settings))
        if asked.abandon:
            return await _abandon(connection, run, talk, _actor(asked.times))
        _same_file(run)
        session = await go_on(connection, run, talk, asked.times)
        if session is None:
            raise _finished(run)
        return session


def _wanted(connection: Connection, run_id: str | None) -> Run:
    runs = connection.state.runs
    if run_id is None:
        found = runs.find_runs(
            RunFilter(account=connection.account_id, unfinished=True), limit=1
        )
        if not found:
            raise UsageError("no interrupted run of this account can be resumed")
        return found[0]
    run = runs.run(run_id)
    if run is None or run.account != connection.account_id:
        raise UsageError(
            f"this account has no run `{run_id}` that began to write",
            hint="`notchpay-pipeline runs` lists them",
        )
    if run.finished_at is not None:
        raise _finished(run)
    return run


def _finished(run: Run) -> UsageError:
    return UsageError(f"run `{run.run_id}` is finished; there is nothing to resume")


def _same_file(run: Run) -> None:
    """Stop where the run's file changed; one that is gone is not needed any more."""
    if run.file in (None, "-") or not Path(str(run.file)).exists():
        return
    with closing(bring(str(run.file))) as local:
        if local.sha256 != run.file_sha256:
            raise InputError(
                f"`{run.file}` changed since run `{run.run_id}` began",
                hint="`import` it anew: what is in doubt is settled first, then the old"
                " run is closed",
            )


async def go_on(
    connection: Connection, run: Run, talk: Talk, times: Times | ImportRequest | None
) -> Session | None:
    """Apply the rest of an interrupted run's plan; doubts are looked up first.

    Returns None where another process has finished the run by now. The run's folder is
    that of a living run until the lock is taken, so nothing in it is touched before.
    """
    wait = times.wait if times else 0.0
    async with locked(connection, run.source, run.run_id, wait) as lease:
        if is_over(connection, run):
            return None
        session = open_session(connection.settings, run.run_id, talk)
        with running(session):
            facts = Facts.load(session)
            if times is not None:
                facts = replace(
                    facts,
                    request=replace(
                        facts.request,
                        max_duration=times.max_duration,
                        window=times.window,
                    ),
                )
            session.log.event("run_resumed")
            note_run(session, connection, "resume", actor=_actor(times))
            with await _bench(session) as bench:
                await carry_out(session, bench, connection, facts, lease)
    return session


async def _bench(session: Session) -> Workbench:
    """Open the workbench that a process left behind, once that process is quite gone.

    One that is killed counts as dead a moment before its last thread lets go of files.
    """
    for _ in range(_LET_GO_TRIES):
        try:
            return session.bench()
        except duckdb.IOException as error:
            last = error
        await asyncio.sleep(_LET_GO_SECONDS)
    raise StateError(
        f"the staging folder of run `{session.folder.run_id}` cannot be opened",
        hint="see whether another process holds it, then `resume` the run",
    ) from last


def is_over(connection: Connection, run: Run) -> bool:
    """Tell whether a run that was open a while ago is finished or closed by now."""
    now = connection.state.runs.run(run.run_id)
    return now is None or now.finished_at is not None


async def close_changed(
    connection: Connection, run: Run, talk: Talk, actor: str | None = None
) -> None:
    """Settle the doubts of a run whose file changed, and close it."""
    talk.say(said(connection.settings, "changed", run=run.run_id))
    await _close(connection, run, talk, None, "file_changed", who(actor))


async def _abandon(connection: Connection, run: Run, talk: Talk, actor: str) -> Session:
    async with locked(connection, run.source, run.run_id, 0.0) as lease:
        if is_over(connection, run):
            raise _finished(run)
        return await _close(connection, run, talk, lease, "abandoned", actor)


async def _close(
    connection: Connection,
    run: Run,
    talk: Talk,
    lease: Lease | None,
    left: str,
    actor: str,
) -> Session:
    """Settle what is in doubt, send nothing more, and write the last books.

    `left` is the rule of the rows that are not sent.
    """
    session = open_session(connection.settings, run.run_id, talk)
    with running(session):
        facts = Facts.load(session)
        journal = Journal(
            connection.state, connection.account_id, run.run_id, lease, facts.matched_at
        )
        with session.bench() as bench:
            feed = Feed(bench, session.settings.import_key, None, journal, connection)
            await _settle(connection, journal, feed)
            run_outcomes(bench, results(journal), facts.request.limit, left)
            conclude(session, bench, facts)
        books = books_of(session)
        note_run(session, connection, "close", actor=actor, why=left, rows=books)
        session.summary.state = RunState.FINISHED
        connection.state.runs.update_run(
            run.run_id,
            state=RunState.FINISHED,
            summary={"rows": dict(session.summary.rows), "closed": True},
        )
        journal.release_open_claims()
        session.clear_staging()
    return session


async def _settle(connection: Connection, journal: Journal, feed: Feed) -> None:
    """Find out what an interrupted run wrote last; nothing more is sent for it."""
    settings = connection.settings
    settler = Settler(
        connection.finder(),
        connection.clock,
        settings.settle_seconds,
        settings.import_key,
    )
    doubts = list(feed.doubts())
    found = await settler.settle(doubts) if doubts else []
    results = [_result(settled) for settled in found]
    results += [
        await _read_back(connection, operation) for operation in feed.attempted()
    ]
    if results:
        journal.commit([], results)


def _result(settled: Settled) -> Result:
    op = settled.parked.operation.op
    if settled.ours is not None:
        who = settled.ours.id
        return Result(op, WriteState.SETTLED, Outcome.CREATED, customer_id=who)
    if settled.unclear:
        return Result(op, WriteState.SETTLED, Outcome.FAILED, rule="in_doubt")
    return Result(op, WriteState.SETTLED, Outcome.NOT_ATTEMPTED, rule="abandoned")


async def _read_back(connection: Connection, operation: Operation) -> Result:
    """Return what became of an update or a deletion that an interrupted run sent."""
    who, is_delete = operation.customer_id or "", operation.action == "delete"
    try:
        live = await connection.finder().get(who)
        region = connection.settings.region
        is_done = not is_delete and is_written(operation.changes, live, region)
    except NotFound:
        is_done = is_delete
    if not is_done:
        return Result(
            operation.op,
            WriteState.SETTLED,
            Outcome.NOT_ATTEMPTED,
            customer_id=who,
            rule="abandoned",
        )
    rule = {"delete": "deleted", "revert": "reversed"}.get(operation.action)
    return Result(
        operation.op,
        WriteState.SETTLED,
        Outcome.UPDATED,
        customer_id=who,
        rule=rule,
        after=dumps(operation.body),
    )
