"""The run's workbench: a DuckDB file in the staging folder, held to a memory limit."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from pipeline.errors import DiskError
from pipeline.files.publish import PRIVATE_FILE, disk_errors, private_folder

BATCH = 10_000
_NO_ROOM = ("No space left", "File too large", "Disk quota", "Could not write file")


@contextmanager
def room_errors(folder: Path) -> Iterator[None]:
    """Turn DuckDB's complaints about a full disk into a `DiskError`."""
    try:
        yield
    except duckdb.Error as error:
        if not any(words in str(error) for words in _NO_ROOM):
            raise
        raise DiskError(
            f"cannot write below `{folder}`: there is no room for the run's tables",
            hint="free space or choose another folder, then start again",
        ) from error


class Workbench:
    """Tables of one run on disk; a million rows stay flat in memory.

    `con` is handed to the rooms that build SQL (`dedupe`, `plan`, `report`).
    """

    def __init__(
        self, folder: Path, *, memory: str, threads: int, read_only: bool = False
    ) -> None:
        private_folder(folder)
        self.folder = folder
        self.path = folder / "work.duckdb"
        with disk_errors(folder):
            self.con = duckdb.connect(
                str(self.path),
                read_only=read_only,
                config={
                    "memory_limit": memory,
                    "threads": threads,
                    "temp_directory": str(folder / "spill"),
                    "preserve_insertion_order": False,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                },
            )
        if not read_only:
            self.path.chmod(PRIVATE_FILE)

    def close(self) -> None:
        """Close the database; a second call does nothing."""
        self.con.close()

    def __enter__(self) -> Self:
        """Return the workbench itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.close()

    def table(self, name: str, columns: Sequence[tuple[str, str]]) -> None:
        """Create the empty table `name`."""
        body = ", ".join(f"{column} {kind}" for column, kind in columns)
        self.con.execute(f"CREATE OR REPLACE TABLE {name} ({body})")

    def append(
        self, name: str, schema: pa.Schema, rows: Iterable[Sequence[Any]]
    ) -> int:
        """Append `rows` to table `name` in batches; return how many they were."""
        iterator = iter(rows)
        count = 0
        while batch := list(islice(iterator, BATCH)):
            columns = zip(*batch, strict=True)
            arrays = [
                pa.array(column, field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            self.put(name, pa.Table.from_arrays(arrays, schema=schema))
            count += len(batch)
        return count

    def put(self, name: str, rows: pa.Table) -> None:
        """Append `rows` to table `name`, whose columns they have in their order."""
        self.con.register("incoming", rows)
        try:
            self.con.execute(f"INSERT INTO {name} SELECT * FROM incoming")
        finally:
            self.con.unregister("incoming")

    def scalar(self, query: str, *parameters: Any) -> Any:
        """Return the single value of `query`."""
        # Fetched whole: DuckDB keeps a half-read result open and refuses other work.
        found = self.con.execute(query, list(parameters)).fetchall()
        return found[0][0] if found else None

    def stream(self, query: str, size: int = BATCH) -> Iterator[tuple[Any, ...]]:
        """Yield the lines of `query` over a cursor of its own, `size` at a time."""
        with self.con.cursor() as cursor:
            cursor.execute(query)
            while lines := cursor.fetchmany(size):
                yield from lines

    def batches(self, query: str, size: int = BATCH) -> Iterator[pa.RecordBatch]:
        """Yield the lines of `query` over a cursor of its own, `size` at a time."""
        with self.con.cursor() as cursor:
            yield from cursor.sql(query).to_arrow_reader(size)
