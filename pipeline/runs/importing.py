"""`plan` and `import`: gather, decide, guard, do; or go on with what was interrupted."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

from pipeline.api.clock import Clock
from pipeline.errors import RefusedError
from pipeline.plan.guards import refusal_text, refusals
from pipeline.runs.approving import ask_for_two, needs_two
from pipeline.runs.auditing import facts_of, note_run
from pipeline.runs.books import run_outcomes
from pipeline.runs.carrying import Facts, carry_out
from pipeline.runs.check import (
    bring_in,
    conclude,
    find_duplicates,
    keep_duplicates,
)
from pipeline.runs.confirming import confirm
from pipeline.runs.connect import Connection, account_line, connect
from pipeline.runs.engines import engine_for
from pipeline.runs.intake import Intake
from pipeline.runs.locking import locked
from pipeline.runs.own import own_rules
from pipeline.runs.planning import Plan, make_plan, predicted
from pipeline.runs.request import ImportRequest
from pipeline.runs.resuming import close_changed, go_on, open_run, unfinished
from pipeline.runs.session import Session, new_session, running
from pipeline.runs.suppressing import refuse_suppressed
from pipeline.runs.talk import Silence, Talk, said
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from pipeline.state.lease import Lease
from pipeline.state.registry import Run
from schemas.outcomes import Outcome, RunState


def plan(
    settings: Settings,
    request: ImportRequest,
    *,
    talk: Talk | None = None,
    stdin: BinaryIO | None = None,
    clock: Clock | None = None,
) -> Session:
    """Plan an import and write nothing to the API; return the finished session.

    Raises:
        RefusedError: A guard refuses, or the digest is not the approved one; the
            run's folder holds the plan all the same.
    """
    work = _Work(settings, request, talk or Silence(), stdin, clock)
    with closing(work):
        return asyncio.run(work.plan())


def import_customers(
    settings: Settings,
    request: ImportRequest,
    *,
    talk: Talk | None = None,
    stdin: BinaryIO | None = None,
    clock: Clock | None = None,
) -> Session:
    """Import a customer file: plan, guard, apply. Goes on with an interrupted run.

    Raises:
        RefusedError: A guard refuses, or the digest is not the approved one.
        LockedError: Another run works on this account and source.
        InterruptedRunError: The run was told to stop; it can be resumed.
        CannotStartError: Something outside must be mended first.
    """
    work = _Work(settings, request, talk or Silence(), stdin, clock)
    with closing(work):
        return asyncio.run(work.run())


class _Work:
    """One `plan` or `import`; its workers are forked before any thread starts."""

    def __init__(
        self,
        settings: Settings,
        request: ImportRequest,
        talk: Talk,
        stdin: BinaryIO | None,
        clock: Clock | None,
    ) -> None:
        settings.key()
        own_rules(settings)  # a mistake in the file is told before a run begins
        self._settings = settings
        self._request = request
        self._talk = talk
        self._stdin = stdin
        self._clock = clock
        self._preparers = engine_for(settings, request.file.file)

    def close(self) -> None:
        """End the workers, whatever became of the run."""
        self._preparers.close()

    async def plan(self) -> Session:
        async with connect(self._settings, self._talk, clock=self._clock) as connection:
            session = self._session("plan", connection)
            with running(session):
                intake = self._read(session, connection)
                with session.bench() as bench:
                    made = await self._plan(session, bench, connection, intake)
                    predicted(bench, self._request.limit)
                    note_run(session, connection, "plan", **facts_of(session))
                    needs_two(session)
                    conclude(session, bench, intake)
                session.summary.count_api(connection.client.stats.as_dict())
                session.clear_staging()
                refuse(made, self._request)
                session.summary.state = RunState.FINISHED
            return session

    async def run(self) -> Session:
        async with connect(self._settings, self._talk, clock=self._clock) as connection:
            while True:
                same, changed = unfinished(connection, self._request.file, self._stdin)
                if same is None:
                    session = await self._begin(connection, changed)
                else:
                    session = await self._go_on(connection, same)
                # None: while we waited for the lock, somebody ended or began a run.
                if session is not None:
                    return session

    async def _go_on(self, connection: Connection, run: Run) -> Session | None:
        self._talk.say(account_line(connection.account, self._settings))
        self._talk.say(said(self._settings, "going_on", run=run.run_id))
        session = await go_on(connection, run, self._talk, self._request)
        if session is not None:
            self._preparers.close()
        return session

    async def _begin(
        self, connection: Connection, changed: Run | None
    ) -> Session | None:
        session = self._session("import", connection)
        source, run_id = session.summary.source, session.folder.run_id
        with running(session):
            async with locked(connection, source, run_id, self._request.wait) as lease:
                now = open_run(connection, self._request.file)
                is_still_so = _same_run(now, changed)
                if is_still_so and changed is not None:
                    await close_changed(
                        connection, changed, self._talk, self._request.actor
                    )
                if is_still_so:
                    await self._import(session, connection, lease)
        if is_still_so:
            return session
        shutil.rmtree(session.folder.path)
        session.keep()
        return None

    async def _import(
        self, session: Session, connection: Connection, lease: Lease
    ) -> None:
        intake = self._read(session, connection)
        # A search may lag: what another run wrote in that time is matched again.
        matched_at = connection.state.now() - self._settings.settle_seconds
        with session.bench() as bench:
            made = await self._plan(session, bench, connection, intake)
            session.summary.count_api(connection.client.stats.as_dict())
            try:
                refuse(made, self._request)
                ask_for_two(session, connection, self._request.approve)
                await confirm(session, made.creates + made.updates)
            except RefusedError:
                note_run(session, connection, "import_refused", **facts_of(session))
                approved = self._request.approve in (None, made.digest)
                rule = "guard_refused" if approved else "plan_not_approved"
                run_outcomes(bench, _refused(bench, rule))
                conclude(session, bench, intake)
                session.clear_staging()
                raise
            facts = Facts.of(self._request, intake, matched_at, made.gathered.total)
            facts.save(session)
            bench.con.execute("CHECKPOINT")
            session.keep()
            _register(session, connection)
            note_run(session, connection, "import", **facts_of(session))
            await carry_out(session, bench, connection, facts, lease)

    async def _plan(
        self,
        session: Session,
        bench: Workbench,
        connection: Connection,
        intake: Intake,
    ) -> Plan:
        who = connection.state, connection.account_id
        with session.summary.timed("dedupe"):
            refuse_suppressed(session, intake, *who)
        pool = self._preparers.pool
        find_duplicates(session, bench, self._request.file, intake, *who, pool)
        keep_duplicates(bench)
        made = await make_plan(
            session, bench, connection, self._request, self._preparers
        )
        self._preparers.close()  # they would hold their memory while requests are sent
        return made

    def _session(self, command: str, connection: Connection) -> Session:
        self._talk.say(account_line(connection.account, self._settings))
        session = new_session(
            self._settings,
            command,
            self._request.file.file,
            source=self._request.file.source,
            talk=self._talk,
            actor=self._request.actor,
        )
        if self._request.reason:
            session.summary.extra["reason"] = self._request.reason
        session.summary.account = connection.account_id
        session.summary.env = connection.account.env
        session.summary.extra["merchant"] = connection.account.merchant
        return session

    def _read(self, session: Session, connection: Connection) -> Intake:
        return bring_in(
            session,
            self._request.file,
            is_test_key=connection.account.env == "test",
            stdin=self._stdin,
            preparers=self._preparers,
        )


def _same_run(one: Run | None, other: Run | None) -> bool:
    return (one and one.run_id) == (other and other.run_id)


def refuse(made: Plan, request: ImportRequest) -> None:
    """Refuse a plan that a guard stops, or that is not the approved one."""
    if request.approve is not None and request.approve != made.digest:
        raise RefusedError(
            f"the plan's digest is {made.digest}, the approved one {request.approve}",
            hint="nothing was written; look at the new plan and approve its digest",
        )
    stopped = refusals(made.guards)
    if stopped:
        names = " ".join(f"--pass {g.name}" for g in stopped)
        raise RefusedError(
            f"plan refused: {refusal_text(stopped)}",
            hint=f"nothing was written; look at the plan, then `{names}` or `--force`",
        )


def _refused(bench: Workbench, rule: str) -> Iterator[tuple[Any, ...]]:
    for (op,) in bench.stream("SELECT op FROM operation ORDER BY op"):
        yield op, str(Outcome.NOT_ATTEMPTED), None, rule, None


def _register(session: Session, connection: Connection) -> None:
    summary = session.summary
    connection.state.runs.register_run(
        Run(
            run_id=summary.run_id,
            account=connection.account_id,
            source=summary.source,
            command=summary.command,
            file=summary.file,
            file_sha256=summary.file_sha256,
            plan_digest=summary.plan_digest,
            actor=summary.actor,
            approved_by=summary.extra.get("approved_by"),
            reason=summary.extra.get("reason"),
        )
    )
