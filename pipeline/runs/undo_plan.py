"""Plan an undo: compare what a run wrote with its customers as they are now."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from pipeline.api.errors import NotFound
from pipeline.apply.operation import COLUMNS, JSON, Operation, to_row
from pipeline.match.changes import FieldChange, as_text, holds, update_body
from pipeline.match.known import Known, Record
from pipeline.read import RawChunk
from pipeline.runs.carrying import Facts
from pipeline.runs.connect import Connection
from pipeline.runs.plan_tables import CHANGE, DECISION, OPERATION, columns_of
from pipeline.runs.request import FileRequest, Guards, ImportRequest
from pipeline.runs.results import write_plan
from pipeline.runs.session import Session
from pipeline.runs.staging import write_raw
from pipeline.runs.workbench import Workbench
from pipeline.state.journal import Journal
from pipeline.state.registry import Run
from pipeline.state.writes import Write
from schemas.fields import METADATA_PREFIX
from schemas.outcomes import Outcome
from schemas.tables import PREPARED, REJECTED

KEPT_COLUMNS = ("customer_id", "kept_fields", "written", "now")
_WINDOW = 100


async def plan_undo(
    session: Session,
    bench: Workbench,
    connection: Connection,
    run: Run,
    delete_created: bool,
) -> Facts:
    """Fill the tables of a plan from the journal of the run and the live customers."""
    _empty_tables(bench)
    journal = Journal(connection.state, connection.account_id, run.run_id)
    outcomes = [Outcome.UPDATED]
    if delete_created:
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
        if write.body is None:  # emptied with its person: there is nothing to put back
            self.kept.append((write.row, write.customer_id or "", "", "", ""))
            return _Draft(write, None, Outcome.REVIEW, "erased")
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
        told = c.field, c.old, c.new, c.rule
        yield operation.row, operation.action, who, *told, who, None, None


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
