"""Match golden records with existing customers: one verdict a record.

Candidates are joined by contact in SQL; names decide, record by record.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from pipeline.apply.operation import dumps
from pipeline.match.decide import Action, Verdict, decide
from pipeline.match.known import Known
from pipeline.runs.gather import EXISTING, from_line
from pipeline.runs.plan_tables import GOLDEN, VERDICT, columns_of, record_of
from pipeline.runs.workbench import Workbench

Note = Callable[[int, str, dict[str, str]], str]
"""Writes a finding of row, rule, facts, and returns its message."""


def judge(bench: Workbench, note: Note, *, records: str = "golden") -> None:
    """Fill `verdict` with one line for each record of the table `records`."""
    bench.table("verdict", columns_of(VERDICT))
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
    bench.append("verdict", VERDICT, _verdicts(bench, note, records))


def _verdicts(bench: Workbench, note: Note, records: str) -> Iterator[tuple[Any, ...]]:
    golden = ", ".join(f"g.{column}" for column in GOLDEN.split(", "))
    existing = ", ".join(f"e.{column}" for column in EXISTING.names)
    query = f"""
        SELECT {golden}, h.by_email, {existing}
        FROM hit h JOIN {records} g USING (row) JOIN existing e ON e.id = h.id
        ORDER BY g.row, e.created_at NULLS LAST, e.id, h.by_email
    """
    width = len(GOLDEN.split(", "))
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
