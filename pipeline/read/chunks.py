"""Cut what a reader found into chunks: number the records, name the columns.

Rows without any cell are kept where others follow; at the end of a file they are the
padding of a spreadsheet and are counted only.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files.formula import RETURNED, unprotect
from pipeline.read.values import BrokenRecord, Note, RawChunk
from schemas.fields import RETURN_COLUMNS

IntArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(slots=True)
class Batch:
    """Records as they were read; `places` and `broken` rows count from 0 in it."""

    places: Any
    lines: Any
    table: pa.Table | list[list[str | None]]
    broken: list[BrokenRecord]
    count: int
    _columns: int = field(default=0)

    @classmethod
    def start(cls, width: int) -> "Batch":
        """Return a batch that is filled record by record."""
        return cls([], [], [], [], 0, width)

    def put(self, line: int, cells: list[str]) -> None:
        """Add a whole row."""
        self.places.append(self.count)
        self.lines.append(line)
        self.table.append(cells)  # type: ignore[union-attr] # a list until `finished`
        self.count += 1

    def fail(
        self, line: int, rule: str, text: str, facts: Mapping[str, object]
    ) -> None:
        """Add a record that is no row."""
        self.broken.append(BrokenRecord(self.count, line, rule, text, dict(facts)))
        self.count += 1

    def cells(self) -> pa.Table:
        """Return the rows as text columns named by their place."""
        if isinstance(self.table, pa.Table):
            return self.table
        columns = list(zip(*self.table, strict=True)) or [()] * self._columns
        arrays = [
            pa.array([cell or None for cell in column], pa.string())
            for column in columns
        ]
        return pa.table(arrays, names=[str(i) for i in range(len(arrays))])


class ChunkMaker:
    """Numbers batches from row 1 on and yields chunks of at most `chunk_rows` rows."""

    def __init__(self, columns: tuple[str, ...], chunk_rows: int) -> None:
        self._is_returned = "_row" in columns
        ours = RETURN_COLUMNS if self._is_returned else ()
        self._kept = [i for i, name in enumerate(columns) if name not in ours]
        self._names = [columns[i] for i in self._kept]
        self._chunk_rows = chunk_rows
        self._row = 0
        self._held: list[tuple[IntArray, IntArray]] = []
        self.notes: list[Note] = []

    def add(self, batch: Batch) -> Iterator[RawChunk]:
        """Yield the chunks of the next batch."""
        table = self._named(batch.cells())
        rows = np.asarray(batch.places, dtype=np.int64) + self._row + 1
        lines = np.asarray(batch.lines, dtype=np.int64)
        broken = [_numbered(record, self._row + 1) for record in batch.broken]
        self._row += batch.count
        last = max((record.row for record in broken), default=0)
        full = _without_empty_end(table, rows, last)
        if full or broken:
            yield from self._release()
        if full < len(rows):
            self._held.append((rows[full:], lines[full:]))
        yield from self._cut(rows[:full], lines[:full], table.slice(0, full), broken)

    def end(self) -> Iterator[RawChunk]:
        """Say how many empty rows stood at the end; they are no records."""
        count = sum(len(rows) for rows, _ in self._held)
        if count:
            first = int(self._held[0][1][0])
            self.notes.append(Note("empty_rows_skipped", {"count": count}, first))
        self._held.clear()
        yield from ()

    def _release(self) -> Iterator[RawChunk]:
        held, self._held = self._held, []
        for rows, lines in held:
            nulls = [pa.nulls(len(rows), pa.string()) for _ in self._names]
            yield from self._cut(rows, lines, pa.table(nulls, names=self._names), [])

    def _named(self, table: pa.Table) -> pa.Table:
        if len(self._kept) < table.num_columns:
            table = table.select(self._kept)
        if self._is_returned:
            table = pa.table(
                [_unprotected(column) for column in table.columns],
                names=table.column_names,
            )
        return table.rename_columns(self._names)

    def _cut(
        self,
        rows: IntArray,
        lines: IntArray,
        table: pa.Table,
        broken: list[BrokenRecord],
    ) -> Iterator[RawChunk]:
        size = self._chunk_rows
        pieces = max(1, -(-len(rows) // size)) if len(rows) or broken else 0
        for piece in range(pieces):
            part = slice(piece * size, (piece + 1) * size)
            is_last = piece == pieces - 1
            upto = None if is_last else int(rows[part][-1])
            mine = [r for r in broken if upto is None or r.row < upto]
            broken = broken[len(mine) :]
            yield RawChunk(
                rows=pa.array(rows[part]),
                lines=pa.array(lines[part]),
                cells=table.slice(piece * size, size),
                broken=tuple(mine),
            )


def _numbered(record: BrokenRecord, first: int) -> BrokenRecord:
    return BrokenRecord(
        record.row + first, record.line, record.rule, record.text, record.reason
    )


def _without_empty_end(table: pa.Table, rows: IntArray, last_broken: int) -> int:
    """Return how many rows there are without the empty ones at the end."""
    if not len(rows) or rows[-1] < last_broken or not _is_empty_row(table, -1):
        return len(rows)
    filled = np.zeros(len(rows), dtype=np.bool_)
    for column in table.columns:
        filled |= column.is_valid().to_numpy()
    filled |= rows < last_broken
    places = np.flatnonzero(filled)
    return int(places[-1]) + 1 if len(places) else 0


def _is_empty_row(table: pa.Table, place: int) -> bool:
    return not any(column[place].is_valid for column in table.columns)


def _unprotected(column: pa.ChunkedArray) -> pa.ChunkedArray:
    risky = pc.match_substring_regex(column, RETURNED)
    if not pc.any(risky).as_py():
        return column
    cells = [cell and unprotect(cell) for cell in column.to_pylist()]
    return pa.chunked_array([pa.array(cells, pa.string())])
