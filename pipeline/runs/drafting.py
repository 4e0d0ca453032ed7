"""Make operations of verdicts: creates row by row, updates customer by customer.

One existing customer receives at most one golden record; further rows are merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pipeline.apply.operation import COLUMNS, Operation, to_row
from pipeline.match.changes import (
    before_image,
    create_body,
    difference,
    update_body,
)
from pipeline.match.known import Record
from pipeline.plan.digest import identity
from pipeline.runs.decided import as_said, said_of
from pipeline.runs.gather import EXISTING, from_line
from pipeline.runs.judging import Note
from pipeline.runs.plan_tables import (
    CHANGE,
    DECISION,
    GOLDEN,
    OPERATION,
    columns_of,
    record_of,
)
from pipeline.runs.provenance import add_provenance
from pipeline.runs.workbench import BATCH, Workbench
from schemas.fields import IMPORT_KEY, METADATA_PREFIX
from schemas.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """How rows are written: `prefer` as in the contract, `only` create or update.

    `key_name` is the metadata key that is ours: a column of that name is left alone.
    """

    prefer: str = "existing"
    only: str | None = None
    key_name: str = IMPORT_KEY


def plan_operations(bench: Workbench, policy: MatchPolicy, note: Note) -> None:
    """Fill `operation` (in row order) and `decision` (one line a record)."""
    bench.table("operation", COLUMNS)
    bench.table("decision", columns_of(DECISION))
    bench.table("change", columns_of(CHANGE))
    bench.con.execute(
        """
        INSERT INTO decision
        SELECT row, 'review', NULL, NULL, rule, reason FROM verdict WHERE action = 'hold'
        """
    )
    bench.con.execute(
        """
        INSERT INTO decision
        SELECT row, 'unchanged', customer_id, NULL, rule, NULL FROM verdict
        WHERE action = 'settled'
        """
    )
    drafts = _Drafts(bench, policy, note)
    bench.append("operation", OPERATION, drafts.creates())
    bench.append("operation", OPERATION, drafts.updates())
    drafts.flush()
    _holds_and_merges(bench)
    add_provenance(bench)
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
        self._said = said_of(bench)
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

    def _create(self, record: Record, rule: str) -> Operation:
        body = create_body(record)
        who = identity(record.name, record.email, record.phone)
        fields = [(name, body[name]) for name in body if name != "metadata"]
        fields += [
            (f"{METADATA_PREFIX}{key}", value) for key, value in record.metadata.items()
        ]
        self._changes += [
            (record.row, "create", None, field, None, value, rule, who, None, None)
            for field, value in fields
        ]
        self._flush_when_full()
        return Operation(0, record.row, "create", record, body)

    def _record(self, line: tuple[Any, ...]) -> Record:
        record = as_said(record_of(line), self._said)
        ours = self._policy.key_name
        if ours not in record.metadata:
            return record
        kept = {key: v for key, v in record.metadata.items() if key != ours}
        return replace(record, metadata=kept)

    def creates(self) -> Iterator[tuple[Any, ...]]:
        columns = ", ".join(f"g.{column}" for column in GOLDEN.split(", "))
        query = f"""
            SELECT v.rule, {columns} FROM golden g JOIN verdict v USING (row)
            WHERE v.action = 'create' ORDER BY g.row
        """
        for rule, *line in self._bench.stream(query):
            record = self._record(tuple(line))
            if self._policy.only == "update":
                self._decide(record.row, Outcome.NOT_ATTEMPTED, "not_selected")
                continue
            yield to_row(self._create(record, rule))

    def updates(self) -> Iterator[tuple[Any, ...]]:
        golden = ", ".join(f"g.{column}" for column in GOLDEN.split(", "))
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
        width = 3 + len(GOLDEN.split(", "))
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
                None,
                None,
            )
            for c in diff.changes
        ]
        if rule == "decided_same":
            self._changes.append(
                (record.row, "update", customer_id, *[None] * 3, rule, None, None, None)
            )
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
        SELECT row, 'merge', NULL, NULL, NULL, into_row::VARCHAR, rule, NULL, NULL, NULL
        FROM merges
        UNION ALL
        SELECT row, 'merge', customer_id, NULL, NULL, merged_into_row::VARCHAR, rule, NULL,
            NULL, NULL
        FROM decision WHERE outcome = 'merged'
        UNION ALL
        SELECT row, 'hold', customer_id, NULL, NULL, NULL, rule, NULL, NULL, NULL
        FROM decision WHERE outcome = 'review'
        UNION ALL
        SELECT row, 'hold', NULL, NULL, NULL, NULL, rule, NULL, NULL, NULL FROM held
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
