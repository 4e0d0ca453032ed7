"""Staged rows -> Parquet files and report tables, in DuckDB under a memory limit."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.export.arrays import as_numbers
from pipeline.export.staging import private_file
from pipeline.files.publish import disk_errors, private_folder
from schemas.exports import SCHEMA_VERSION

MEMORY = "64MB"
ROW_GROUP = 12_000
_OF_PAYMENTS = ("currency", "status", "status_group", "channel", "fee_bearer")
REPEATING = (*_OF_PAYMENTS, "country", "payment_method", "field", "measure", "month")
_BATCH = 4_096


@contextmanager
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that spills into `folder` and works in UTC."""
    spill = private_folder(folder / "spill")
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": 1,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


@contextmanager
def lean_memory() -> Iterator[None]:
    """Let Arrow give memory back as soon as it is free: its own pools keep 30 MB.

    Python's collector looks less often, and not at what was there before: rows of JSON
    hold no cycles, and it would walk a million objects for each thousand of them.
    """
    before, often = pa.default_memory_pool(), gc.get_threshold()
    pa.set_memory_pool(pa.system_memory_pool())
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()
        pa.set_memory_pool(before)


def give_back() -> None:
    """Return what is free to the system; the C library would keep it for later."""
    pa.default_memory_pool().release_unused()


def statement(name: str, **parts: str) -> str:
    """Return the SQL called `name`, with its tables and columns filled in."""
    folder = resources.files("pipeline.export") / "sql"
    return (folder / f"{name}.sql").read_text(encoding="utf-8").format(**parts)


def listed(paths: Sequence[str]) -> str:
    """Return `paths` as a list in SQL."""
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"


def parquet_in(folder: Path) -> str:
    """Return the Parquet files below `folder` as a list in SQL."""
    return listed(sorted(str(path) for path in folder.rglob("*.parquet")))


def selected(columns: Sequence[str]) -> str:
    """Return `columns` quoted for SQL."""
    return ", ".join(f'"{column}"' for column in columns)


def write_parquet(reader: pa.RecordBatchReader, schema: pa.Schema, path: Path) -> Path:
    """Write the batches of `reader` as the file `path`, in their order."""
    with disk_errors(path):
        file = TableFile(path.parent, path.name, schema)
        for batch in reader:
            file.add(pa.Table.from_batches([batch]))
            if file.waiting >= ROW_GROUP:
                file.flush()
        file.close()
    return path


def chosen(
    con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]
) -> npt.NDArray[np.int64]:
    """Return the sorted row numbers that `sql` selects as its only column."""
    return np.sort(as_numbers(stream(con, sql, values).read_all().column(0)))


class TableFile:
    """A Parquet file that is filled row group by row group."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self.path = private_folder(folder) / name
        self._schema = schema.with_metadata(
            {b"notchpay_pipeline.schema_version": str(SCHEMA_VERSION).encode()}
        )
        self._sink = private_file(self.path)
        self._writer = pq.ParquetWriter(
            self._sink,
            self._schema,
            compression="zstd",
            use_dictionary=[name for name in REPEATING if name in schema.names],
        )
        self._tables: list[pa.Table] = []
        self.waiting = 0

    def add(self, table: pa.Table) -> None:
        """Let the rows of `table` wait for their row group."""
        self._tables.append(table.select(self._schema.names))
        self.waiting += len(table)

    def flush(self, sort: Sequence[tuple[str, str]] = ()) -> None:
        """Write the rows that wait as a row group, sorted by `sort` where given."""
        if self._tables:
            rows = pa.concat_tables(self._tables)
            if sort:
                rows = rows.sort_by(list(sort))
            self._writer.write_table(rows.cast(self._schema))
        self._tables, self.waiting = [], 0
        give_back()

    def close(self, sort: Sequence[tuple[str, str]] = ()) -> None:
        """Write what waits and finish the file."""
        self.flush(sort)
        self._writer.close()
        self._sink.close()


def stream(
    con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]
) -> pa.RecordBatchReader:
    """Run `sql` and return its rows in batches, without holding them all."""
    return con.sql(sql, params=_used(sql, values)).to_arrow_reader(_BATCH)


def fetch(
    con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Run `sql` and return its rows; for results that are few."""
    return con.execute(sql, _used(sql, values)).fetchall()


def _used(sql: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that `sql` names: DuckDB refuses others."""
    return {name: value for name, value in values.items() if f"${name}" in sql}
