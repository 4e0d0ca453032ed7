"""Match the golden records against the existing customers and make operations of them.

Two passes over the workbench: verdicts first, then, customer by customer, the changes.
One existing customer receives at most one golden record; further rows are merged.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pyarrow as pa

from pipeline.apply.operation import COLUMNS, Operation, dumps, to_row
from pipeline.apply.send import before_image
from pipeline.match.changes import create_body, difference, update_body
from pipeline.match.decide import Action, Verdict, decide
from pipeline.match.known import Known, Record
from pipeline.plan.digest import identity
from pipeline.runs.gather import EXISTING, from_line
from pipeline.runs.workbench import BATCH, Workbench
from schemas.fields import IMPORT_KEY, METADATA_PREFIX
from schemas.outcomes import Outcome

Note = Callable[[int, str, dict[str, str]], str]
"""Writes a finding of row, rule, facts, and returns its message."""

_VERDICT = pa.schema(
    [
        ("row", pa.int64()),
        ("action", pa.string()),
        ("customer_id", pa.string()),
        ("rule", pa.string()),
        ("skip", pa.string()),
        ("candidates", pa.string()),
        ("reason", pa.string()),
    ]
)
OPERATION = pa.schema(
    [
        ("op", pa.int64()),
        ("row", pa.int64()),
        ("action", pa.string()),
        ("customer_id", pa.string()),
        ("record", pa.string()),
        ("body", pa.string()),
        ("changes", pa.string()),
        ("before", pa.string()),
        ("read_at", pa.float64()),
    ]
)
DECISION = pa.schema(
    [
        ("row", pa.int64()),
        ("outcome", pa.string()),
        ("customer_id", pa.string()),
        ("merged_into_row", pa.int64()),
        ("rule", pa.string()),
        ("reason", pa.string()),
    ]
)
CHANGE = pa.schema(
    [
        ("row", pa.int64()),
        ("action", pa.string()),
        ("customer_id", pa.string()),
        ("field", pa.string()),
        ("old", pa.string()),
        ("new", pa.string()),
        ("rule", pa.string()),
        ("identity", pa.string()),
    ]
)
_GOLDEN = "row, name, email, phone, country, external_id, birth_date, metadata"


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """How rows are written: `prefer` as in the contract, `only` create or update.

    `key_name` is the metadata key that is ours: a column of that name is left alone.
    """

    prefer: str = "existing"
    only: str | None = None
    key_name: str = IMPORT_KEY


def record_of(line: tuple[Any, ...]) -> Record:
    """Return the golden record of a line; country and external id go to the metadata."""
    row, name, email, phone, country, external_id, birth_date, metadata = line
    values: dict[str, str] = json.loads(metadata) if metadata else {}
    if country:
        values["country"] = country
    if external_id:
        values["external_id"] = external_id
    return Record(row, name, email, phone, external_id, birth_date, values)


def judge(bench: Workbench, note: Note, *, records: str = "golden") -> None:
    """First pass: one line in `verdict` for each record of the table `records`."""
    bench.table("verdict", columns_of(_VERDICT))
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE hit AS
        SELECT g.row, e.id, true AS by_email FROM {records} g
          JOIN existing e ON e.email_key = lower(g.email)
        UNION ALL
        SELECT g.row, e.id, false FROM {records} g
          JOIN existing e ON e.phone_key = g.phone
        """
    )
    bench.con.execute(
        f"""
        INSERT INTO verdict SELECT row, 'create', NULL, 'new', NULL, NULL, NULL
        FROM {records} WHERE row NOT IN (SELECT row FROM hit)
        """
    )
    bench.append("verdict", _VERDICT, _verdicts(bench, note, records))


def _verdicts(bench: Workbench, note: Note, records: str) -> Iterator[tuple[Any, ...]]:
    golden = ", ".join(f"g.{column}" for column in _GOLDEN.split(", "))
    existing = ", ".join(f"e.{column}" for column in EXISTING.names)
    query = f"""
        SELECT {golden}, h.by_email, {existing}
        FROM hit h JOIN {records} g USING (row) JOIN existing e ON e.id = h.id
        ORDER BY g.row, e.created_at NULLS LAST, e.id, h.by_email
    """
    width = len(_GOLDEN.split(", "))
    for row, lines in groupby(bench.stream(query), key=lambda line: line[0]):
        by_email: list[Known] = []
        by_phone: list[Known] = []
        record = None
        for line in lines:
            record = record or record_of(line[:width])
            found, _ = from_line(line[width + 1 :])
            (by_email if line[width] else by_phone).append(found)
        assert record is not None  # groupby never yields an empty group
        verdict = decide(record, by_email, by_phone)
        facts = {"key": verdict.key}
        for rule in verdict.notes:
            note(row, rule, facts)
        held = verdict.action is Action.HOLD
        reason = note(row, verdict.rule, facts) if held else None
        yield (*_verdict_line(row, verdict, by_email, by_phone), reason)


def _verdict_line(
    row: int, verdict: Verdict, by_email: list[Known], by_phone: list[Known]
) -> tuple[Any, ...]:
    """Return the `verdict` line; contacts that belong to somebody else are skipped."""
    skip: list[str] = []
    customer_id = None
    if verdict.customer is not None:
        customer_id = verdict.customer.id
        if any(k.id != customer_id for k in by_email):
            skip.append("email")
        if any(k.id != customer_id for k in by_phone):
            skip.append("phone")
    candidates = [k.id for k in verdict.candidates] or None
    return (
        row,
        str(verdict.action),
        customer_id,
        verdict.rule,
        ",".join(skip) or None,
        None if candidates is None else dumps(candidates),
    )


def plan_operations(bench: Workbench, policy: MatchPolicy, note: Note) -> None:
    """Second pass: fill `operation` (in row order) and `decision` (one line a record)."""
    bench.table("operation", COLUMNS)
    bench.table("decision", columns_of(DECISION))
    bench.table("change", columns_of(CHANGE))
    bench.con.execute(
        """
        INSERT INTO decision
        SELECT row, 'review', NULL, NULL, rule, reason FROM verdict WHERE action = 'hold'
        """
    )
    drafts = _Drafts(bench, policy, note)
    bench.append("operation", OPERATION, drafts.creates())
    bench.append("operation", OPERATION, drafts.updates())
    drafts.flush()
    _holds_and_merges(bench)
    bench.con.execute(
        """
        CREATE OR REPLACE TABLE operation AS
        SELECT * REPLACE (row_number() OVER (ORDER BY row) - 1 AS op) FROM operation
        ORDER BY op
        """
    )


class _Drafts:
    """Makes operations of verdicts; decisions without an operation go to their table."""

    def __init__(self, bench: Workbench, policy: MatchPolicy, note: Note) -> None:
        self._bench = bench
        self._policy = policy
        self._note = note
        self._decisions: list[tuple[Any, ...]] = []
        self._changes: list[tuple[Any, ...]] = []

    def flush(self) -> None:
        """Append what piled up to the tables `decision` and `change`."""
        self._bench.append("decision", DECISION, self._decisions)
        self._bench.append("change", CHANGE, self._changes)
        self._decisions, self._changes = [], []

    def _decide(
        self,
        row: int,
        outcome: Outcome,
        rule: str,
        customer_id: str | None = None,
        merged_into_row: int | None = None,
    ) -> None:
        self._decisions.append(
            (row, str(outcome), customer_id, merged_into_row, rule, None)
        )
        self._flush_when_full()

    def _flush_when_full(self) -> None:
        if len(self._decisions) + len(self._changes) >= BATCH:
            self.flush()

    def _create(self, record: Record) -> Operation:
        body = create_body(record)
        who = identity(record.name, record.email, record.phone)
        fields = [(name, body[name]) for name in body if name != "metadata"]
        fields += [
            (f"{METADATA_PREFIX}{key}", value) for key, value in record.metadata.items()
        ]
        self._changes += [
            (record.row, "create", None, field, None, value, "new", who)
            for field, value in fields
        ]
        self._flush_when_full()
        return Operation(0, record.row, "create", record, body)

    def _record(self, line: tuple[Any, ...]) -> Record:
        record = record_of(line)
        ours = self._policy.key_name
        if ours not in record.metadata:
            return record
        kept = {key: v for key, v in record.metadata.items() if key != ours}
        return replace(record, metadata=kept)

    def creates(self) -> Iterator[tuple[Any, ...]]:
        columns = ", ".join(f"g.{column}" for column in _GOLDEN.split(", "))
        query = f"""
            SELECT {columns} FROM golden g JOIN verdict v USING (row)
            WHERE v.action = 'create' ORDER BY g.row
        """
        for line in self._bench.stream(query):
            record = self._record(line)
            if self._policy.only == "update":
                self._decide(record.row, Outcome.NOT_ATTEMPTED, "not_selected")
                continue
            yield to_row(self._create(record))

    def updates(self) -> Iterator[tuple[Any, ...]]:
        golden = ", ".join(f"g.{column}" for column in _GOLDEN.split(", "))
        existing = ", ".join(f"e.{column}" for column in EXISTING.names)
        query = f"""
            SELECT v.customer_id, v.rule, v.skip, {golden}, {existing}
            FROM verdict v JOIN golden g USING (row)
            LEFT JOIN existing e ON e.id = v.customer_id
            WHERE v.action = 'attach' ORDER BY v.customer_id, g.row
        """
        for _, lines in groupby(self._bench.stream(query), key=lambda line: line[0]):
            yield from self._customer(list(lines))

    def _customer(self, lines: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """Draft the one update of a customer from every row that is this customer."""
        customer_id, rule, skip = lines[0][:3]
        width = 3 + len(_GOLDEN.split(", "))
        record = self._record(lines[0][3:width])
        if lines[0][width] is None:
            self._decide(record.row, Outcome.REVIEW, "changed_since_plan", customer_id)
            return
        for line in lines[1:]:
            other = self._record(line[3:width])
            record = _united(record, other)
            self._decide(
                other.row, Outcome.MERGED, "same_customer", customer_id, record.row
            )
            self._note(other.row, "same_customer", {})
        found, read_at = from_line(lines[0][width:])
        skipped = frozenset((skip or "").split(",")) - {""}
        diff = difference(record, found, self._policy.prefer, skip=skipped)
        for field in diff.kept:
            self._note(record.row, "kept_existing_value", {"field": field})
        if not diff.changes:
            self._decide(record.row, Outcome.UNCHANGED, rule, customer_id)
            return
        if self._policy.only == "create":
            self._decide(record.row, Outcome.NOT_ATTEMPTED, "not_selected", customer_id)
            return
        self._changes += [
            (
                record.row,
                "update",
                customer_id,
                c.field,
                c.old,
                c.new,
                c.rule,
                customer_id,
            )
            for c in diff.changes
        ]
        self._flush_when_full()
        body = update_body(diff.changes, found.customer.metadata)
        yield to_row(
            Operation(
                0,
                record.row,
                "update",
                record,
                body,
                customer_id,
                diff.changes,
                before_image(body, found),
                read_at,
            )
        )


def _holds_and_merges(bench: Workbench) -> None:
    """Add the rows that are merged or held to `change`, so that the plan shows them."""
    bench.con.execute(
        """
        INSERT INTO change
        SELECT row, 'merge', NULL, NULL, NULL, into_row::VARCHAR, rule, NULL FROM merges
        UNION ALL
        SELECT row, 'merge', customer_id, NULL, NULL, merged_into_row::VARCHAR, rule, NULL
        FROM decision WHERE outcome = 'merged'
        UNION ALL
        SELECT row, 'hold', customer_id, NULL, NULL, NULL, rule, NULL
        FROM decision WHERE outcome = 'review'
        UNION ALL
        SELECT row, 'hold', NULL, NULL, NULL, NULL, rule, NULL FROM held
        """
    )


def _united(lead: Record, other: Record) -> Record:
    """Return `lead` with its blanks filled from `other`, the same customer."""
    return replace(
        lead,
        name=lead.name or other.name,
        email=lead.email or other.email,
        phone=lead.phone or other.phone,
        external_id=lead.external_id or other.external_id,
        metadata={**other.metadata, **lead.metadata},
    )


def columns_of(schema: pa.Schema) -> tuple[tuple[str, str], ...]:
    """Return the columns of `schema` as DuckDB has them."""
    kinds = {"int64": "BIGINT", "double": "DOUBLE"}
    return tuple((f.name, kinds.get(str(f.type), "VARCHAR")) for f in schema)
