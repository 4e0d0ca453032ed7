"""The report tables of an export, computed in SQL from its Parquet files."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipeline.export.manifest import table_entry
from pipeline.export.staging import private_file
from pipeline.export.tables import (
    listed,
    parquet_in,
    statement,
    stream,
    write_parquet,
)
from pipeline.files.publish import private_folder
from schemas.exports import (
    CUSTOMER_PAYMENTS,
    CUSTOMERS,
    DATA_QUALITY,
    PAYMENTS,
    PAYMENTS_BY_MONTH,
)

FOLDER = "reports"


def write_reports(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    staged: str,
    today: date,
    *,
    whole: bool,
) -> dict[str, Any]:
    """Write the tables below `folder` that its data allow; return their entries.

    `staged` lists the staged customers in SQL, whose contacts have been judged;
    `today` is the local day from which days are counted; only where the export is
    `whole` can it be said who has no payment.
    """
    has_customers = (folder / "customers").exists()
    has_payments = (folder / "payments").exists()
    open_views(con, folder)
    values = {
        "today": today.isoformat(),
        "with_customers": has_customers,
        "with_payments": has_payments and whole,
    }
    wanted = {}
    if has_payments:
        wanted["customer_payments"] = CUSTOMER_PAYMENTS
        wanted["payments_by_month"] = PAYMENTS_BY_MONTH
    if has_customers:
        wanted["data_quality"] = DATA_QUALITY
    entries = {}
    for name, schema in wanted.items():
        reader = stream(con, statement(name, staged=staged), values)
        path = write_parquet(reader, schema, folder / FOLDER / f"{name}.parquet")
        entries[f"{FOLDER}/{name}"] = table_entry(folder, [path])
    return entries


def open_views(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let `con` see the exported tables below `folder`; an absent one has no rows."""
    places = {}
    for table, schema in (("customers", CUSTOMERS), ("payments", PAYMENTS)):
        places[table] = parquet_in(folder / table)
        if places[table] == "[]":
            empty = private_folder(folder.parent / "empty") / f"{table}.parquet"
            with private_file(empty) as file:
                pq.write_table(schema.empty_table(), file)
            places[table] = listed([str(empty)])
    con.execute(statement("views", **places))
