"""`undo RUN`: put back what a run wrote, as far as nobody has changed it since.

It is a run of its own: planned from the journal of the first, guarded, journalled, and
resumed like an import.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import pyarrow as pa

from pipeline.api.errors import NotFound
from pipeline.apply.operation import COLUMNS, JSON, Operation, to_row
from pipeline.errors import RefusedError, UsageError
from pipeline.match.changes import FieldChange, as_text, holds, update_body
from pipeline.match.known import Known, Record
from pipeline.plan.guards import FROM
from pipeline.read import RawChunk
from pipeline.runs.carrying import Facts, carry_out
from pipeline.runs.connect import Connection, account_line, connect
from pipeline.runs.locking import locked
from pipeline.runs.matching import CHANGE, DECISION, OPERATION, columns_of
from pipeline.runs.request import FileRequest, Guards, ImportRequest
from pipeline.runs.results import write_plan
from pipeline.runs.resuming import Times, go_on
from pipeline.runs.session import Session, new_session, running
from pipeline.runs.staging import write_raw
from pipeline.runs.talk import Silence, Talk
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from pipeline.state.journal import Journal
from pipeline.state.registry import Run, RunFilter
from pipeline.state.writes import Write
from schemas.fields import METADATA_PREFIX
from schemas.outcomes import Outcome
from schemas.records import GuardResult
from schemas.tables import PREPARED, REJECTED

GUARD = "max_kept_rate"
KEPT_COLUMNS = ("customer_id", "kept_fields", "written", "now")
_WINDOW = 100


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


def undo(
    settings: Settings, request: UndoRequest, *, talk: Talk | None = None
) -> Session:
    """Undo a finished import; return the session of the undo.

    Raises:
        UsageError: There is no such import, or it is not finished.
        RefusedError: Too much was changed since (`max_kept_rate`).
        LockedError: Another run works on this account and source.
    """
    settings.key()
    return asyncio.run(_undo(settings, request, talk or Silence()))


async def _undo(settings: Settings, request: UndoRequest, talk: Talk) -> Session:
    async with connect(settings, talk) as connection:
        talk.say(account_line(connection.account, settings))
        run = _finished_import(connection, request.run_id)
        begun = connection.state.runs.find_runs(
            RunFilter(parent_run=run.run_id, unfinished=True), limit=1
        )
        if begun:
            talk.say(f"going on with the interrupted undo {begun[0].run_id}")
            return await go_on(connection, begun[0], talk, request.times)
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
        with running(session):
            async with locked(
                connection, run.source, session.folder.run_id, request.times.wait
            ) as lease:
                with session.bench() as bench:
                    facts = await _plan(session, bench, connection, run, request)
                    _guard(session, bench, request)
                    facts.save(session)
                    _register(session, connection, run)
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
    return run


async def _plan(
    session: Session,
    bench: Workbench,
    connection: Connection,
    run: Run,
    request: UndoRequest,
) -> Facts:
    """Fill the tables of a plan from the journal of the run and the live customers."""
    _empty_tables(bench)
    journal = Journal(connection.state, connection.account_id, run.run_id)
    outcomes = [Outcome.UPDATED]
    if request.delete_created:
        outcomes.append(Outcome.CREATED)
    session.talk.stage("existing customers", None)
    drafts = _Drafts(connection, session.settings.region)
    rows = 0
    with session.summary.timed("gather"):
        async for batch in drafts.of(journal.writes(outcomes=outcomes)):
            rows += len(batch)
            _store(bench, batch)
            session.talk.advance(len(batch))
    _number(bench)
    _keep_texts(session, drafts.kept)
    write_plan(bench, session.folder)
    session.summary.rows["read"] = rows
    return Facts(
        request=ImportRequest(FileRequest(run.file or "-"), Guards()),
        read=rows,
        columns=KEPT_COLUMNS,
        delimiter=",",
        matched_at=connection.state.now(),
    )


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is to become of one write: an operation, or an outcome without one."""

    write: Write
    operation: Operation | None = None
    outcome: Outcome | None = None
    rule: str | None = None


@dataclass(slots=True)
class _Drafts:
    """Compares each write with its customer as it is now."""

    connection: Connection
    region: str
    kept: list[tuple[int, str, str, str, str]] = field(default_factory=list)

    async def of(self, writes: Iterator[Write]) -> AsyncIterator[Sequence[_Draft]]:
        """Yield drafts, a window of customers at a time."""
        while window := list(islice(writes, _WINDOW)):
            yield await asyncio.gather(*(self._one(write) for write in window))

    async def _one(self, write: Write) -> _Draft:
        try:
            live = await self.connection.finder().get(write.customer_id or "")
        except NotFound:
            gone = write.action == "create"
            if gone:
                return _Draft(write, None, Outcome.UNCHANGED, "deleted")
            self.kept.append((write.row, write.customer_id or "", "", "", ""))
            return _Draft(write, None, Outcome.REVIEW, "kept")
        if write.action == "create":
            return self._deletion(write, live)
        return self._reversal(write, live)

    def _reversal(self, write: Write, live: Known) -> _Draft:
        changes = tuple(_reversed(write))
        if all(holds(live, c.field, c.new, self.region) for c in changes):
            return _Draft(write, None, Outcome.UNCHANGED, "reversed")
        moved = [c for c in changes if not holds(live, c.field, c.old, self.region)]
        if moved:
            self._keep(write, live, moved)
            return _Draft(write, None, Outcome.REVIEW, "kept")
        return _Draft(write, self._operation(write, live, "revert", changes))

    def _deletion(self, write: Write, live: Known) -> _Draft:
        changes = tuple(_created(write))
        moved = [c for c in changes if not holds(live, c.field, c.old, self.region)]
        if moved:
            self._keep(write, live, moved)
            return _Draft(write, None, Outcome.REVIEW, "kept")
        return _Draft(write, self._operation(write, live, "delete", changes))

    def _operation(
        self, write: Write, live: Known, action: str, changes: tuple[FieldChange, ...]
    ) -> Operation:
        body = (
            update_body(changes, live.customer.metadata) if action == "revert" else {}
        )
        return Operation(
            op=0,
            row=write.row,
            action=action,
            record=Record(write.row, None, None, None),
            body=body,
            customer_id=write.customer_id,
            changes=changes,
            before=json.loads(write.body or "{}"),
            read_at=self.connection.clock.time(),
        )

    def _keep(self, write: Write, live: Known, moved: list[FieldChange]) -> None:
        fields = "; ".join(c.field for c in moved)
        written = "; ".join(c.old or "" for c in moved)
        now = "; ".join(_now(live, c.field) for c in moved)
        self.kept.append((write.row, live.id, fields, written, now))


def _reversed(write: Write) -> Iterator[FieldChange]:
    """Yield, for each field that the write changed, the change back."""
    after = json.loads(write.after or write.body or "{}")
    before: Mapping[str, JSON] = json.loads(write.before or "{}")
    for name, value in after.items():
        if name != "metadata":
            old = before.get(name)
            yield FieldChange(name, as_text(value), as_text(old), "reversed", old)
            continue
        stored: Mapping[str, JSON] = before.get("metadata") or {}
        for key, written in value.items():
            if as_text(written) != as_text(stored.get(key)):
                old = stored.get(key)
                field_name = f"{METADATA_PREFIX}{key}"
                yield FieldChange(
                    field_name, as_text(written), as_text(old), "reversed", old
                )


def _created(write: Write) -> Iterator[FieldChange]:
    """Yield every field of a create as a change to nothing."""
    for name, value in json.loads(write.body or "{}").items():
        if name != "metadata":
            yield FieldChange(name, as_text(value), None, "deleted")
            continue
        for key, written in value.items():
            yield FieldChange(
                f"{METADATA_PREFIX}{key}", as_text(written), None, "deleted"
            )


def _now(live: Known, name: str) -> str:
    if name.startswith(METADATA_PREFIX):
        key = name.removeprefix(METADATA_PREFIX)
        return as_text((live.customer.metadata or {}).get(key)) or ""
    return str(getattr(live.customer, name) or "")


def _empty_tables(bench: Workbench) -> None:
    """Create the tables of a plan; an undo has no file, so most stay empty."""
    kinds = {"int64": "BIGINT"}
    for name, schema in (("prepared", PREPARED), ("rejected", REJECTED)):
        bench.table(name, [(f.name, kinds.get(str(f.type), "VARCHAR")) for f in schema])
    bench.con.execute("CREATE OR REPLACE TABLE golden AS FROM prepared")
    for name in ("merges", "held"):
        bench.table(
            name,
            [
                ("row", "BIGINT"),
                ("into_row", "BIGINT"),
                ("rule", "VARCHAR"),
                ("reason", "VARCHAR"),
            ],
        )
    bench.table("operation", COLUMNS)
    bench.table("decision", columns_of(DECISION))
    bench.table("change", columns_of(CHANGE))


def _store(bench: Workbench, drafts: Sequence[_Draft]) -> None:
    rows = pa.schema([("row", pa.int64())])
    bench.table("undone", [("row", "BIGINT")])
    bench.append("undone", rows, ((d.write.row,) for d in drafts))
    bench.con.execute("INSERT INTO prepared (row, line) SELECT row, 0 FROM undone")
    operations = [d.operation for d in drafts if d.operation is not None]
    bench.append("operation", OPERATION, (to_row(o) for o in operations))
    bench.append("change", CHANGE, (line for o in operations for line in _lines(o)))
    bench.append(
        "decision",
        DECISION,
        (
            (d.write.row, str(d.outcome), d.write.customer_id, None, d.rule, None)
            for d in drafts
            if d.outcome is not None
        ),
    )


def _lines(operation: Operation) -> Iterator[tuple[Any, ...]]:
    who = operation.customer_id
    for c in operation.changes:
        yield operation.row, operation.action, who, c.field, c.old, c.new, c.rule, who


def _number(bench: Workbench) -> None:
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE operation AS
        SELECT * REPLACE (row_number() OVER (ORDER BY row) - 1 AS op) FROM operation
        ORDER BY op
        """
    )


def _keep_texts(session: Session, kept: list[tuple[int, str, str, str, str]]) -> None:
    """Write the kept rows as a raw part, so that review.csv shows both values."""
    kept.sort()
    rows, *columns = zip(*kept, strict=True) if kept else ((), (), (), (), ())
    chunk = RawChunk(
        rows=pa.array(rows, pa.int64()),
        lines=pa.array([0] * len(rows), pa.int64()),
        cells=pa.table(
            {
                name: pa.array(column, pa.string())
                for name, column in zip(KEPT_COLUMNS, columns, strict=True)
            }
        ),
    )
    write_raw(session.folder.staging, 0, chunk)


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
            parent_run=run.run_id,
        )
    )
