"""Staged rows -> Parquet files and report tables, in DuckDB under a memory limit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.export.staging import private_file
from pipeline.files.publish import disk_errors, private_folder
from schemas.exports import SCHEMA_VERSION

MEMORY = "128MB"
ROW_GROUP = 50_000
_BATCH = 8_192


@contextmanager
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that spills into `folder` and works in UTC."""
    spill = private_folder(folder / "spill")
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": 2,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


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


def write_parquet(
    reader: pa.RecordBatchReader,
    schema: pa.Schema,
    folder: Path,
    *,
    by: str | None = None,
    name: str = "part-00000.parquet",
) -> list[Path]:
    """Write the batches of `reader` below `folder`; return the files in order.

    With `by`, rows come sorted by that column and each of its values has a folder
    `month=VALUE`. Nothing to write gives one file without rows, so that every engine
    finds the columns.
    """
    files: dict[str, _File] = {}
    with disk_errors(folder):
        for batch in reader:
            for value, rows in _split(pa.table(batch), by):
                place = folder / f"month={value}" if by else folder
                if value not in files:
                    _close(files)
                    files[value] = _File(place, name, schema)
                files[value].write(rows)
        if not files:
            empty = folder / "month=unknown" if by else folder
            files[""] = _File(empty, name, schema)
            files[""].write(schema.empty_table())
        _close(files)
    return [file.path for file in files.values()]


class _File:
    """A Parquet file that is filled row group by row group."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema) -> None:
        self.path = private_folder(folder) / name
        self._schema = schema.with_metadata(
            {b"notchpay_pipeline.schema_version": str(SCHEMA_VERSION).encode()}
        )
        self._sink = private_file(self.path)
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        self._rows += len(table)
        if self._rows >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        if self._sink.closed:
            return
        self._flush()
        self._writer.close()
        self._sink.close()

    def _flush(self) -> None:
        if self._waiting:
            rows = pa.concat_tables(self._waiting).select(self._schema.names)
            self._writer.write_table(rows.cast(self._schema))
        self._waiting, self._rows = [], 0


def _close(files: Mapping[str, _File]) -> None:
    for file in files.values():
        file.close()


def _split(table: pa.Table, by: str | None) -> Iterator[tuple[str, pa.Table]]:
    if by is None:
        yield "", table
        return
    for value in pc.unique(table[by]).to_pylist():
        yield value, table.filter(pc.equal(table[by], value))


def stream(
    con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]
) -> pa.RecordBatchReader:
    """Run `sql` and return its rows in batches, without holding them all."""
    used = {name: value for name, value in values.items() if f"${name}" in sql}
    return con.sql(sql, params=used).to_arrow_reader(_BATCH)
