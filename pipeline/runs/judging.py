"""Match golden records with existing customers: one verdict a record.

Candidates are joined by contact in SQL; names decide, record by record.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from pipeline.apply.operation import dumps
from pipeline.dedupe.keys import quoted
from pipeline.match.decide import Action, Verdict, decide
from pipeline.match.known import Known
from pipeline.runs.decided import as_said, has_decisions, said_of
from pipeline.runs.gather import EXISTING, from_line
from pipeline.runs.plan_tables import GOLDEN, VERDICT, columns_of, record_of
from pipeline.runs.workbench import Workbench

Note = Callable[[int, str, dict[str, str]], str]
"""Writes a finding of row, rule, facts, and returns its message."""


def judge(bench: Workbench, note: Note, *, records: str = "golden") -> None:
    """Fill `verdict` with one line for each record of the table `records`."""
    bench.table("verdict", columns_of(VERDICT))
    _find_hits(bench, records)
    bench.con.execute(
        f"""
        INSERT INTO verdict SELECT row, 'create', NULL, 'new', NULL, NULL, NULL
        FROM {records} WHERE row NOT IN (SELECT row FROM hit)
        """
    )
    bench.append("verdict", VERDICT, _verdicts(bench, note, records))
    if has_decisions(bench):
        _keep_apart(bench, note)


def _find_hits(bench: Workbench, records: str) -> None:
    """Fill `hit`: whom each record meets, by e-mail, phone or otherwise."""
    decided = """
        UNION SELECT s.row, e.id, 'other' FROM said_customer s
          JOIN existing e ON e.id = s.customer_id WHERE s.verdict = 'same'
    """
    otherwise = " ".join(
        f"""UNION SELECT g.row, e.id, 'other' FROM {records} g
          JOIN existing e ON json_extract_string(e.metadata, {quoted(f'$."{key}"')})
            = g.{column}"""
        for column, key in _strong_keys(bench, records)
    )
    bench.con.execute(
        f"""
        CREATE OR REPLACE TABLE hit AS
        SELECT g.row, e.id, 'email' AS kind FROM {records} g
          JOIN existing e ON e.email_key = lower(g.email)
        UNION ALL
        SELECT g.row, e.id, 'phone' FROM {records} g
          JOIN existing e ON e.phone_key = g.phone
        UNION ALL
        (SELECT s.row, e.id, 'other' FROM source_hit s
          JOIN existing e ON e.id = s.id JOIN {records} g USING (row)
        {otherwise} {decided if has_decisions(bench) else ""})
        """
    )
    if has_decisions(bench):
        # Who is the same as somebody gone is not new: it is decided that nobody is made.
        bench.con.execute(
            f"""INSERT INTO hit SELECT DISTINCT s.row, NULL, 'other'
            FROM said_customer s JOIN {records} g USING (row)
            WHERE s.verdict = 'same' AND s.row NOT IN (SELECT row FROM hit)"""
        )


def _strong_keys(bench: Workbench, records: str) -> list[tuple[str, str]]:
    """Return (column, metadata key) of the ids by which customers may be found."""
    has_ids = bench.scalar(f"SELECT count(external_id) > 0 FROM {records}")
    keys = [("external_id", "external_id")] if has_ids else []
    keys += [
        ("national_id", line[0])
        for line in bench.con.execute(
            f"""SELECT DISTINCT key FROM (
                SELECT unnest(json_keys(metadata)) AS key, metadata, national_id
                FROM {records} WHERE national_id IS NOT NULL)
            WHERE metadata::JSON ->> ('$."' || key || '"') = national_id ORDER BY 1"""
        ).fetchall()
        if '"' not in line[0]
    ]
    return keys


def _verdicts(bench: Workbench, note: Note, records: str) -> Iterator[tuple[Any, ...]]:
    golden = ", ".join(f"g.{column}" for column in GOLDEN.split(", "))
    existing = ", ".join(f"e.{column}" for column in EXISTING.names)
    query = f"""
        SELECT {golden}, h.kind, {existing}
        FROM hit h JOIN {records} g USING (row) LEFT JOIN existing e ON e.id = h.id
        ORDER BY g.row, e.created_at NULLS LAST, e.id, h.kind
    """
    width = len(GOLDEN.split(", "))
    said = said_of(bench)
    for row, lines in groupby(bench.stream(query), key=lambda line: line[0]):
        by_email: list[Known] = []
        by_phone: list[Known] = []
        others: list[Known] = []
        sides = {"email": by_email, "phone": by_phone, "other": others}
        record = None
        for line in lines:
            record = record or as_said(record_of(line[:width]), said)
            if line[width + 1] is not None:
                sides[line[width]].append(from_line(line[width + 1 :])[0])
        assert record is not None  # groupby never yields an empty group
        verdict = decide(record, by_email, by_phone, others)
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


def _keep_apart(bench: Workbench, note: Note) -> None:
    """Hold rows that a person called different and that meet one customer all the same."""
    meeting = bench.con.execute(
        """SELECT DISTINCT unnest([a.row, b.row]) AS row FROM said_apart s
        JOIN verdict a ON a.row = s.row_a AND a.action = 'attach'
        JOIN verdict b ON b.row = s.row_b AND b.action = 'attach'
        WHERE a.customer_id = b.customer_id ORDER BY 1"""
    ).fetchall()
    for (row,) in meeting:
        reason = note(row, "decided_conflict", {})
        bench.con.execute(
            """UPDATE verdict SET action = 'hold', rule = 'decided_conflict',
                candidates = to_json([customer_id]), customer_id = NULL, reason = ?
            WHERE row = ?""",
            [reason, row],
        )
    bench.con.execute(
        """UPDATE verdict SET rule = 'decided_different'
        WHERE action = 'create' AND rule = 'new' AND row IN (
            SELECT unnest([row_a, row_b]) FROM said_apart)"""
    )
