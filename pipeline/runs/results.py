"""Write what became of every row: outcomes, leftovers, plan; check that books balance."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.files.publish import PRIVATE_FILE, atomic
from pipeline.files.run_folder import RunFolder
from pipeline.report.leftovers import Leftover, write_leftovers
from pipeline.runs.staging import raw_parts
from pipeline.runs.workbench import Workbench
from schemas.outcomes import LEFTOVERS, Outcome
from schemas.rules import rules

_OUTCOMES = """
    SELECT row::BIGINT AS row, line::BIGINT AS line, outcome::VARCHAR AS outcome,
           customer_id::VARCHAR AS customer_id,
           merged_into_row::BIGINT AS merged_into_row, rule::VARCHAR AS rule,
           reason::VARCHAR AS reason
    FROM outcome ORDER BY row
"""
_PLAN = """
    SELECT row::BIGINT AS row, action::VARCHAR AS action,
           customer_id::VARCHAR AS customer_id, field::VARCHAR AS field,
           old::VARCHAR AS old, new::VARCHAR AS new, rule::VARCHAR AS rule,
           from_row::BIGINT AS from_row, from_rule::VARCHAR AS from_rule
    FROM change ORDER BY row, field
"""


def copy_to_parquet(bench: Workbench, query: str, path: Path) -> None:
    """Write the lines of `query` to `path`, whole or not at all, mode 0600."""
    with atomic(path, mode=PRIVATE_FILE) as draft:
        quoted = str(draft).replace("'", "''")
        bench.con.execute(
            f"COPY ({query}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd,"
            " USE_TMP_FILE false)"  # its own draft would have a mode of its own
        )


def write_outcomes(bench: Workbench, folder: RunFolder) -> None:
    """Write `outcomes.parquet` from the table `outcome`."""
    copy_to_parquet(bench, _OUTCOMES, folder.outcomes)


def write_plan(bench: Workbench, folder: RunFolder) -> None:
    """Write `plan.parquet` from the table `change`."""
    copy_to_parquet(bench, _PLAN, folder.plan)


def write_leftover_files(
    bench: Workbench,
    folder: RunFolder,
    columns: tuple[str, ...],
    delimiter: str,
    lang: str,
) -> Mapping[str, int]:
    """Write the CSV of every leftover outcome that has rows; remove a stale one."""
    targets = {str(o): folder.leftovers(str(o)) for o in LEFTOVERS}
    for path in targets.values():
        path.unlink(missing_ok=True)
    return write_leftovers(
        targets,
        columns,
        delimiter,
        raw_parts(folder.staging),
        leftover_lines(bench, lang),
    )


def leftover_lines(
    bench: Workbench, lang: str, outcomes: Sequence[Outcome] = LEFTOVERS
) -> Iterator[Leftover]:
    """Yield what stands beside the rows of `outcomes`, in row order."""
    names = ", ".join(f"'{outcome}'" for outcome in outcomes)
    query = f"""
        SELECT row, line, outcome, rule, reason, suggestion FROM outcome
        WHERE outcome IN ({names}) ORDER BY row
    """
    for row, line, outcome, rule, reason, suggestion in bench.stream(query):
        yield leftover_of(row, line, outcome, rule, reason, suggestion, lang)


def leftover_of(
    row: int,
    line: int,
    outcome: str,
    rule: str | None,
    reason: str | None,
    suggestion: str | None,
    lang: str,
) -> Leftover:
    """Return what stands beside a row; where nothing was said its rule speaks."""
    told = rules().get(rule or "")
    return Leftover(
        row,
        line,
        outcome,
        rule or "",
        reason or (told.message(lang) if told else ""),
        suggestion or (told.advice(lang) if told else ""),
    )
