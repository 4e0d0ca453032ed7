"""Cut what a reader found into chunks: number the records, name the columns.

Rows without any cell are kept where others follow; at the end of a file they are the
padding of a spreadsheet and are counted only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files.formula import RETURNED, unprotect
from pipeline.read.values import BrokenRecord, Note, RawChunk
from schemas.fields import RETURN_COLUMNS

IntArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as they were read, `count` in all.

    `places` of the rows in `table` and rows of `broken` count from 0 in the batch;
    `lines` are those of the file.
    """

    places: Sequence[int] | IntArray
    lines: Sequence[int] | IntArray
    table: pa.Table
    broken: Sequence[BrokenRecord]
    count: int


class BatchBuilder:
    """Collects a batch record by record."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._places: list[int] = []
        self._lines: list[int] = []
        self._rows: list[list[str]] = []
        self._broken: list[BrokenRecord] = []
        self._count = 0

    def put(self, line: int, cells: list[str]) -> None:
        """Add a whole row."""
        self._places.append(self._count)
        self._lines.append(line)
        self._rows.append(cells)
        self._count += 1

    def fail(
        self, line: int, rule: str, text: str, facts: Mapping[str, object]
    ) -> None:
        """Add a record that is no row."""
        self._broken.append(BrokenRecord(self._count, line, rule, text, dict(facts)))
        self._count += 1

    def batch(self) -> Batch:
        """Return what was collected."""
        columns = list(zip(*self._rows, strict=True)) or [()] * self._width
        arrays = [
            pa.array([cell or None for cell in column], pa.string())
            for column in columns
        ]
        table = pa.table(arrays, names=[str(i) for i in range(len(arrays))])
        return Batch(self._places, self._lines, table, self._broken, self._count)


@dataclass(frozen=True, slots=True)
class _Part:
    """Numbered rows of the file with the broken records among them."""

    rows: IntArray
    lines: IntArray
    table: pa.Table
    broken: Sequence[BrokenRecord] = ()

    def __len__(self) -> int:
        return len(self.rows) + len(self.broken)


class ChunkMaker:
    """Numbers batches from row 1 on and yields chunks of at most `chunk_rows` rows.

    Small batches are joined, so that what follows works on whole columns.
    """

    def __init__(self, columns: tuple[str, ...], chunk_rows: int) -> None:
        self._is_returned = "_row" in columns
        ours = RETURN_COLUMNS if self._is_returned else ()
        self._kept = [i for i, name in enumerate(columns) if name not in ours]
        self._names = [columns[i] for i in self._kept]
        self._chunk_rows = chunk_rows
        self._row = 0
        self._empty: list[tuple[IntArray, IntArray]] = []
        self._small: list[_Part] = []
        self.notes: list[Note] = []

    def add(self, batch: Batch) -> Iterator[RawChunk]:
        """Yield the chunks that are full with the next batch."""
        table = self._named(batch.table)
        rows = np.asarray(batch.places, dtype=np.int64) + self._row + 1
        lines = np.asarray(batch.lines, dtype=np.int64)
        broken = [_numbered(record, self._row + 1) for record in batch.broken]
        self._row += batch.count
        last = max((record.row for record in broken), default=0)
        full = _without_empty_end(table, rows, last)
        if full or broken:
            yield from self._release()
            part = _Part(rows[:full], lines[:full], table.slice(0, full), broken)
            yield from self._take(part)
        if full < len(rows):
            self._empty.append((rows[full:], lines[full:]))

    def end(self) -> Iterator[RawChunk]:
        """Yield the last chunk; empty rows at the end are said and are no records."""
        yield from self._flush()
        count = sum(len(rows) for rows, _ in self._empty)
        if count:
            first = int(self._empty[0][1][0])
            self.notes.append(Note("empty_rows_skipped", {"count": count}, first))

    def _release(self) -> Iterator[RawChunk]:
        empty, self._empty = self._empty, []
        for rows, lines in empty:
            nulls = [pa.nulls(len(rows), pa.string()) for _ in self._names]
            yield from self._take(_Part(rows, lines, pa.table(nulls, self._names)))

    def _take(self, part: _Part) -> Iterator[RawChunk]:
        if len(part) * 4 >= self._chunk_rows:
            yield from self._flush()
            yield from self._cut(part)
            return
        self._small.append(part)
        if sum(map(len, self._small)) * 2 >= self._chunk_rows:
            yield from self._flush()

    def _flush(self) -> Iterator[RawChunk]:
        small, self._small = self._small, []
        if small:
            yield from self._cut(_joined(small))

    def _named(self, table: pa.Table) -> pa.Table:
        if len(self._kept) < table.num_columns:
            table = table.select(self._kept)
        if self._is_returned:
            table = pa.table(
                [_unprotected(column) for column in table.columns],
                names=table.column_names,
            )
        return table.rename_columns(self._names)

    def _cut(self, part: _Part) -> Iterator[RawChunk]:
        size = self._chunk_rows
        broken = list(part.broken)
        pieces = max(1, -(-len(part.rows) // size))
        for piece in range(pieces):
            here = slice(piece * size, (piece + 1) * size)
            is_last = piece == pieces - 1
            upto = None if is_last else int(part.rows[here][-1])
            mine = [r for r in broken if upto is None or r.row < upto]
            broken = broken[len(mine) :]
            yield RawChunk(
                rows=pa.array(part.rows[here]),
                lines=pa.array(part.lines[here]),
                cells=part.table.slice(piece * size, size),
                broken=tuple(mine),
            )


def _joined(parts: Sequence[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    return _Part(
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.lines for part in parts]),
        pa.concat_tables([part.table for part in parts]).combine_chunks(),
        [record for part in parts for record in part.broken],
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
