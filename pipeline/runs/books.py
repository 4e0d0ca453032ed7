"""The outcome of every row, in one table, and the books that must balance."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.errors import BooksError
from pipeline.runs.workbench import Workbench
from schemas.outcomes import Outcome

RESULT = pa.schema(
    [
        ("op", pa.int64()),
        ("outcome", pa.string()),
        ("customer_id", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
    ]
)
_KINDS = (("op", "BIGINT"), *((n, "VARCHAR") for n in RESULT.names[1:]))

_IN_FILE = """
    SELECT row, line, 'rejected' AS outcome, NULL AS customer_id,
           NULL::BIGINT AS merged_into_row, rule, reason, suggestion
    FROM rejected
    UNION ALL
    SELECT h.row, p.line, 'review', NULL, NULL, h.rule, h.reason, NULL
    FROM held h JOIN prepared p USING (row)
"""
_ACCEPTED = """
    SELECT g.row, g.line, 'accepted', NULL, NULL, NULL, NULL, NULL FROM golden g
"""
_DECIDED = """
    SELECT d.row, p.line, d.outcome, d.customer_id, d.merged_into_row, d.rule,
           d.reason, NULL
    FROM decision d JOIN prepared p USING (row)
    UNION ALL
    SELECT o.row, p.line, coalesce(r.outcome, 'not_attempted'),
           coalesce(r.customer_id, o.customer_id), NULL,
           coalesce(r.rule, CASE WHEN r.op IS NOT NULL THEN NULL
                WHEN o.op >= {limit} THEN 'limited' ELSE '{left}' END), r.reason, NULL
    FROM operation o JOIN prepared p USING (row) LEFT JOIN result r USING (op)
"""
# A merged row stays merged only while its row ended well; else it shares that fate.
_MERGED = """
    SELECT m.row, p.line,
           CASE WHEN t.outcome IN ('accepted', 'created', 'updated', 'unchanged')
                THEN 'merged' ELSE t.outcome END,
           t.customer_id, m.into_row,
           CASE WHEN t.outcome IN ('accepted', 'created', 'updated', 'unchanged')
                THEN m.rule ELSE t.rule END,
           m.reason, NULL
    FROM merges m JOIN prepared p USING (row) JOIN lead t ON t.row = m.into_row
"""
# Merging against an existing customer may follow a merge in the file: never a chain.
_UNCHAIN = """
    UPDATE outcome SET merged_into_row = t.merged_into_row, outcome = CASE
        WHEN outcome.outcome = 'merged' THEN t.outcome ELSE outcome.outcome END
    FROM outcome t
    WHERE outcome.merged_into_row = t.row AND t.merged_into_row IS NOT NULL
"""
_SHARED_FATE = """
    UPDATE outcome SET outcome = t.outcome, rule = t.rule FROM outcome t
    WHERE outcome.merged_into_row = t.row AND outcome.outcome = 'merged'
      AND t.outcome NOT IN ('accepted', 'created', 'updated', 'unchanged')
"""


def check_outcomes(bench: Workbench) -> None:
    """Fill the table `outcome` for `check`: accepted, merged, rejected, review."""
    _fill(bench, _ACCEPTED)


def run_outcomes(
    bench: Workbench,
    results: Iterable[Sequence[Any]],
    limit: int | None = None,
    left: str = "stopped",
) -> None:
    """Fill `outcome` for plan and import; `results` are lines of RESULT.

    An operation without a result was not attempted: it stands beyond `limit`, or the
    run stopped before it, for which `left` is the rule.
    """
    bench.table("result", _KINDS)
    bench.append("result", RESULT, results)
    _fill(bench, _DECIDED.format(limit=2**62 if limit is None else limit, left=left))


def _fill(bench: Workbench, rest: str) -> None:
    con = bench.con
    con.execute(f"CREATE OR REPLACE TEMP TABLE lead AS {_IN_FILE} UNION ALL {rest}")
    con.execute(f"CREATE OR REPLACE TABLE outcome AS FROM lead UNION ALL {_MERGED}")
    con.execute("DROP TABLE lead")
    con.execute(_UNCHAIN)
    con.execute(_SHARED_FATE)


def balance(bench: Workbench, read: int, books: Sequence[Outcome]) -> Mapping[str, int]:
    """Return the rows of each outcome of `books`, and `read`.

    Raises:
        BooksError: A row has no outcome, two, or one that is not in `books`.
    """
    counts = dict(
        bench.con.execute("SELECT outcome, count(*) FROM outcome GROUP BY 1").fetchall()
    )
    distinct = bench.scalar("SELECT count(DISTINCT row) FROM outcome")
    rows = {"read": read} | {str(o): counts.get(str(o), 0) for o in books}
    known = sum(rows[str(o)] for o in books)
    if not read == known == distinct == sum(counts.values()):
        raise BooksError(
            f"the books do not balance: {read} rows read, {known} with an outcome,"
            f" {distinct} distinct",
            hint="this is a bug; keep the run's folder and report it",
        )
    return rows
