"""What crosses the seam of reading: how to read, what was found, and raw chunks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

import pyarrow as pa


class Stream(Protocol):
    """Bytes to be read once, from a file or out of a packing."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, none at the end."""
        ...

    def close(self) -> None:
        """Release what is behind it."""
        ...


LooksLike = Callable[[Sequence[str]], int]
"""Counts how many cells of a row are known column headers."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the user wants a file read; None lets the file's own evidence decide.

    Attributes:
        encoding: A Python codec name.
        delimiter: One character, or one of the words tab, comma, semicolon, pipe.
        sheet: A sheet's name, or its number counted from 1 as the tabs stand.
        has_header: Whether a header row is there. Without one, columns are called
            `column 1`, `column 2` …, so that `--map FIELD=1` can name them.
        chunk_rows: Most rows a chunk holds.
        looks_like_customers: Known headers in a row; it helps to find the sheet and
            the header row.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    has_header: bool | None = None
    chunk_rows: int = 50_000
    looks_like_customers: LooksLike | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say about the file as a whole; `line` is 0 where none applies."""

    rule: str
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    line: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """What was found in the file, and by which evidence.

    Attributes:
        name: The file's name, or that of the archive's member.
        kind: csv, xlsx, xlsb, xls or ods.
        encoding: Codec by which a CSV is decoded; None for workbooks.
        encoding_evidence: given, bom, null_pattern, ascii, utf8_valid, utf8_mostly
            or statistical.
        confidence: How sure the encoding is, from 0 to 1.
        header_line: Physical line or sheet row of the header; 0 where there is none.
        columns: Unique, trimmed names, our own return columns left out.
        headers: The header cells as written, one for each of `columns`.
        notes: What is to be said about the file.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    headers: tuple[str, ...]
    header_line: int
    encoding: str | None = None
    encoding_evidence: str | None = None
    confidence: float = 1.0
    delimiter: str | None = None
    quotechar: str | None = None
    sheet: str | None = None
    other_sheets: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenRecord:
    """A record that could not be read as a row; it counts in the numbering.

    `reason` holds the facts for the rule's message, `text` what stood in the file.
    """

    row: int
    line: int
    rule: str
    text: str
    reason: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawChunk:
    """A run of records in file order.

    Attributes:
        rows: Record number of each row of `cells`, int64, from 1, without blanks.
        lines: Physical line or sheet row where it starts, int64.
        cells: One string column a layout column; an empty cell is null.
        broken: Records that are not in `cells`.
    """

    rows: pa.Int64Array
    lines: pa.Int64Array
    cells: pa.Table
    broken: tuple[BrokenRecord, ...] = ()

    def __len__(self) -> int:
        """Return how many records the chunk stands for, broken ones included."""
        return len(self.rows) + len(self.broken)

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes as one Arrow IPC message."""
        table = self.cells
        fields = [pa.field(f"{i}", pa.string()) for i in range(table.num_columns)]
        schema = pa.schema([("rows", pa.int64()), ("lines", pa.int64()), *fields])
        batch = pa.table([self.rows, self.lines, *table.columns], schema=schema)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema) as writer:
            writer.write_table(batch)
        names = tuple(table.column_names)
        return _revive, (sink.getvalue().to_pybytes(), names, self.broken)


def _revive(
    message: bytes, names: tuple[str, ...], broken: tuple[BrokenRecord, ...]
) -> RawChunk:
    with pa.ipc.open_stream(message) as reader:
        table = reader.read_all().combine_chunks()
    return RawChunk(
        rows=joined(table.column(0)),
        lines=joined(table.column(1)),
        cells=table.select(range(2, table.num_columns)).rename_columns(list(names)),
        broken=broken,
    )


def joined(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
