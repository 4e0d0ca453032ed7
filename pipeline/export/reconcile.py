"""Compare an export with what others say: past imports, or a controller's own list."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.export.arrays import booleans, numbers, strings
from pipeline.export.tables import listed, parquet_in, statement, stream, write_parquet
from schemas.money import parse_money, show_amount, status_group
from schemas.reconciliation import AGREEING, RESULTS, TABLES

_PLAN = "run_id, row, action, customer_id, field, new"
_OUTCOME = "run_id, row, outcome, customer_id"


@dataclass(frozen=True, slots=True)
class Claims:
    """The run folders whose plan and outcomes say what was written."""

    folders: Sequence[Path]

    def files(self, name: str) -> str:
        """Return the files called `name` in those folders as a list in SQL."""
        return listed([str(folder / name) for folder in self.folders])


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a controller's list; `amount` is text as it stands there."""

    line: int
    reference: str | None
    amount: str | None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of a reconciliation: the table, and how many lines have which result."""

    kind: str
    table: Path
    counts: Mapping[str, int]
    sums: Mapping[str, Mapping[str, str]]

    @property
    def differs(self) -> bool:
        """Whether anything is not as it should be."""
        return any(n for result, n in self.counts.items() if result not in AGREEING)


def reconcile_customers(
    con: duckdb.DuckDBPyConnection, claims: Claims, customers: Path, folder: Path
) -> Reconciled:
    """Write `customers.parquet` into `folder`: every claim against the export.

    Args:
        con: A database to work in.
        claims: The runs of the same account that wrote.
        customers: The folder of the exported customers.
        folder: Where the table goes.
    """
    if claims.folders:
        for view, name, columns in (
            ("plans", "plan.parquet", _PLAN),
            ("outcomes", "outcomes.parquet", _OUTCOME),
        ):
            con.execute(
                f"CREATE TEMP VIEW {view} AS SELECT {columns} FROM (SELECT *,"
                " parse_filename(parse_dirpath(filename)) AS run_id FROM"
                f" read_parquet({claims.files(name)}, union_by_name=true, filename=true))"
            )
    else:
        con.execute(_NO_PLANS)
        con.execute(_NO_OUTCOMES)
    con.execute(statement("claims"))
    sql = statement("reconcile_customers", customers=parquet_in(customers))
    return _write(con, "customers", sql, {}, folder)


_NO_PLANS = (
    "CREATE TEMP TABLE plans (run_id VARCHAR, row BIGINT, action VARCHAR,"
    " customer_id VARCHAR, field VARCHAR, new VARCHAR)"
)
_NO_OUTCOMES = (
    "CREATE TEMP TABLE outcomes (run_id VARCHAR, row BIGINT, outcome VARCHAR,"
    " customer_id VARCHAR)"
)


def load_list(
    con: duckdb.DuckDBPyConnection, chunks: Iterable[Sequence[Line]]
) -> tuple[int, bool]:
    """Load a controller's list; return its lines and whether any tells a status."""
    con.execute(
        "CREATE TEMP TABLE mine (line BIGINT, reference VARCHAR,"
        " amount DECIMAL(18, 4), amount_unreadable BOOLEAN, status VARCHAR,"
        " status_group VARCHAR)"
    )
    count, tells_status = 0, False
    for lines in chunks:
        count += len(lines)
        tells_status |= any(line.status for line in lines)
        con.register("listed_lines", _as_table(lines))
        con.execute(
            "INSERT INTO mine SELECT line, reference, CAST(amount AS DECIMAL(18, 4)),"
            " amount_unreadable, status, status_group FROM listed_lines"
        )
        con.unregister("listed_lines")
    return count, tells_status


def _as_table(lines: Sequence[Line]) -> pa.Table:
    amounts = [parse_money(line.amount) for line in lines]
    statuses = [line.status or None for line in lines]
    return pa.table(
        {
            "line": pa.concat_arrays([numbers(line.line, 1) for line in lines]),
            "reference": strings([(line.reference or "").strip() for line in lines]),
            "amount": strings([None if a is None else f"{a:f}" for a in amounts]),
            "amount_unreadable": booleans([a is None for a in amounts]),
            "status": strings(statuses),
            "status_group": strings([s and status_group(s) for s in statuses]),
        }
    )


def reconcile_payments(
    con: duckdb.DuckDBPyConnection,
    payments: Path,
    folder: Path,
    *,
    month: str | None,
    with_status: bool,
    with_sandbox: bool,
) -> Reconciled:
    """Write `payments.parquet` into `folder`: the loaded list against the export.

    Args:
        con: A database with a list that `load_list` has loaded.
        payments: The folder of the exported payments.
        folder: Where the table goes.
        month: The local month that the list is of; None for all.
        with_status: Whether the list tells statuses; without, its lines count as paid
            and only payments that worked are missed in it.
        with_sandbox: Whether sandbox payments count: only for a test account.
    """
    values = {"month": month, "with_status": with_status, "with_sandbox": with_sandbox}
    sql = statement("reconcile_payments", payments=parquet_in(payments))
    return _write(con, "payments", sql, values, folder)


def _write(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    sql: str,
    values: Mapping[str, Any],
    folder: Path,
) -> Reconciled:
    path = folder / f"{kind}.parquet"
    write_parquet(stream(con, sql, values), TABLES[kind], path)
    source = f"read_parquet({listed([str(path)])})"
    found = dict(
        con.execute(f"SELECT result, count(*) FROM {source} GROUP BY result").fetchall()
    )
    counts = {result: found.get(result, 0) for result in RESULTS[kind]}
    return Reconciled(kind, path, counts, _sums(con, kind, source))


def _sums(
    con: duckdb.DuckDBPyConnection, kind: str, source: str
) -> Mapping[str, Mapping[str, str]]:
    """Return of payments the amounts by result and currency: the export's, or mine."""
    if kind != "payments":
        return {}
    told: dict[str, dict[str, str]] = {}
    for result, currency, amount in con.execute(
        "SELECT result, coalesce(currency, 'unknown'),"
        " sum(if(result = 'only_mine', my_amount, amount))"
        f" FROM {source} GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        if amount is not None:
            told.setdefault(result, {})[currency] = show_amount(amount)
    return told


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a reconciliation's table."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(4_096, use_threads=False):
            yield from batch.to_pylist()
