"""`undo RUN`: put back what a run wrote, as far as nobody has changed it since.

It is a run of its own: planned from the journal of the first, guarded, journalled, and
resumed like an import.
"""

import asyncio
from dataclasses import dataclass, field, replace

from pipeline.api.clock import Clock
from pipeline.errors import CannotStartError, RefusedError, UsageError
from pipeline.plan.guards import FROM
from pipeline.runs.auditing import facts_of, note_run
from pipeline.runs.carrying import carry_out
from pipeline.runs.confirming import confirm
from pipeline.runs.connect import Connection, account_line, connect
from pipeline.runs.locking import locked
from pipeline.runs.resuming import Times, go_on
from pipeline.runs.session import Session, new_session, running
from pipeline.runs.talk import Silence, Talk, said
from pipeline.runs.undo_plan import plan_undo
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from pipeline.state.privacy import is_emptied
from pipeline.state.registry import Run, RunFilter
from schemas.records import GuardResult

GUARD = "max_kept_rate"


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """What is to be undone, and how far; `times.wait` is for the lock."""

    run_id: str
    delete_created: bool = False
    max_kept_rate: float = 0.30
    passed: tuple[str, ...] = ()
    force: bool = False
    times: Times = field(default_factory=Times)
    actor: str | None = None
    reason: str | None = None


def undo(
    settings: Settings,
    request: UndoRequest,
    *,
    talk: Talk | None = None,
    clock: Clock | None = None,
) -> Session:
    """Undo a finished import; return the session of the undo.

    Raises:
        UsageError: There is no such import, or it is not finished.
        RefusedError: Too much was changed since (`max_kept_rate`).
        LockedError: Another run works on this account and source.
    """
    settings.key()
    return asyncio.run(_undo(settings, request, talk or Silence(), clock))


async def _undo(
    settings: Settings, request: UndoRequest, talk: Talk, clock: Clock | None
) -> Session:
    async with connect(settings, talk, clock=clock) as connection:
        talk.say(account_line(connection.account, settings))
        run = _finished_import(connection, request.run_id)
        begun = connection.state.runs.find_runs(
            RunFilter(parent_run=run.run_id, unfinished=True), limit=1
        )
        if begun:
            talk.say(said(settings, "undo_goes_on", run=begun[0].run_id))
            session = await go_on(connection, begun[0], talk, request.times)
            if session is not None:
                return session
        session = new_session(
            settings,
            "undo",
            run.file or "-",
            source=run.source,
            talk=talk,
            actor=request.actor,
        )
        session.summary.account = connection.account_id
        session.summary.env = connection.account.env
        session.summary.extra["undone_run"] = run.run_id
        session.summary.extra["merchant"] = connection.account.merchant
        if request.reason:
            session.summary.extra["reason"] = request.reason
        with running(session):
            async with locked(
                connection, run.source, session.folder.run_id, request.times.wait
            ) as lease:
                with session.bench() as bench:
                    facts = await plan_undo(
                        session, bench, connection, run, request.delete_created
                    )
                    _guard(session, bench, request)
                    await confirm(session, session.summary.rows["read"])
                    facts.save(session)
                    session.keep()
                    _register(session, connection, run)
                    told = facts_of(session) | {"undone_run": run.run_id}
                    note_run(session, connection, "undo", **told)
                    await carry_out(session, bench, connection, facts, lease)
        return session


def _finished_import(connection: Connection, run_id: str) -> Run:
    run = connection.state.runs.run(run_id)
    if run is None or run.account != connection.account_id or run.command != "import":
        raise UsageError(
            f"this account has no import `{run_id}`",
            hint="`notchpay-pipeline runs` lists them",
        )
    if run.finished_at is None:
        raise UsageError(
            f"import `{run_id}` was interrupted",
            hint=f"`resume {run_id}` or `resume --abandon {run_id}` first",
        )
    if is_emptied(connection.state, run_id):
        raise CannotStartError(
            f"import `{run_id}` is older than `NOTCHPAY_RETENTION`: what was there"
            " before it is no longer kept, so it cannot be undone",
            hint="`notchpay-pipeline runs prune` and every run remove such values",
        )
    return run


def _guard(session: Session, bench: Workbench, request: UndoRequest) -> None:
    rows = session.summary.rows["read"]
    kept = bench.scalar("SELECT count(*) FROM decision WHERE outcome = 'review'")
    rate = kept / rows if rows >= FROM else 0.0
    guard = GuardResult(
        GUARD, round(rate, 4), request.max_kept_rate, rate > request.max_kept_rate
    )
    if guard.refused and (request.force or GUARD in request.passed):
        guard = replace(
            guard, passed_by="--force" if request.force else f"--pass {GUARD}"
        )
    session.summary.guards = [guard]
    if guard.refused and guard.passed_by is None:
        raise RefusedError(
            f"undo refused: {GUARD} is {rate:.1%}, limit {request.max_kept_rate:.1%}",
            hint=f"nothing was written; look at plan.parquet, then `--pass {GUARD}`",
        )


def _register(session: Session, connection: Connection, run: Run) -> None:
    summary = session.summary
    connection.state.runs.register_run(
        Run(
            run_id=summary.run_id,
            account=connection.account_id,
            source=run.source,
            command="undo",
            file=run.file,
            file_sha256=run.file_sha256,
            actor=summary.actor,
            reason=summary.extra.get("reason"),
            parent_run=run.run_id,
        )
    )
