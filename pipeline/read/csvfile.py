"""Walk through a CSV's records in chunks: quickly where it is clean, else patiently."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import numpy as np

from pipeline.errors import InputError
from pipeline.read import fast
from pipeline.read.blocks import Utf8Blocks
from pipeline.read.chunks import Batch, BatchBuilder, ChunkMaker
from pipeline.read.csvlayout import (
    STRAY,
    CsvTable,
    line_breaks,
    text_of,
    utf8_length,
)
from pipeline.read.records import Reader, Record
from pipeline.read.values import BrokenRecord, Note, RawChunk

PIECE = 1 << 16
"""Bytes that the patient reader takes before the quick one is asked again."""
LINE_MOST = 1 << 26
"""Most bytes of one line or quoted cell; memory holds it whole."""


class CsvChunks:
    """One walk through a CSV's records; `notes` grows with what is found on the way."""

    def __init__(self, table: CsvTable, chunk_rows: int) -> None:
        self._table = table
        self._reader = Reader(table.dialect, table.width)
        self._maker = ChunkMaker(table.layout.columns, chunk_rows)
        self._line = table.start_line
        self._trailing = 0
        self.notes: list[Note] = []

    def __iter__(self) -> Iterator[RawChunk]:
        """Yield chunks in file order."""
        with closing(self._table.content.open()) as stream:
            blocks = Utf8Blocks(stream, self._table.encoding)
            for batch in self._batches(blocks):
                yield from self._maker.add(batch)
            yield from self._maker.end()
            if blocks.nulls and not self._table.encoding.nulls:
                self.notes.append(Note("nul_bytes", {"count": blocks.nulls}))
        self.notes.extend(self._maker.notes)
        if self._trailing:
            self.notes.append(Note("trailing_delimiter", {"count": self._trailing}))

    def _batches(self, blocks: Utf8Blocks) -> Iterator[Batch]:
        rest = b""
        enough = 0
        for block in _without_head(blocks, self._table.start):
            rest += block
            if len(rest) < enough:
                continue
            taken = 0
            for batch, size in self._pieces(rest, at_end=False):
                taken += size
                yield batch
            rest = rest[taken:]
            enough = 0 if taken else min(2 * len(rest), LINE_MOST)
            if len(rest) > LINE_MOST:
                raise InputError(
                    f"`{self._table.content.name}` has a line of more than "
                    f"{LINE_MOST >> 20} MB after line {self._line}",
                    hint="check that the file is a table with one customer a line",
                )
        for batch, _ in self._pieces(rest, at_end=True):
            yield batch

    def _pieces(self, data: bytes, *, at_end: bool) -> Iterator[tuple[Batch, int]]:
        """Yield batches with their bytes until no whole record is left.

        What is not well formed costs the quick reader no more than a small piece.
        """
        place, size = 0, len(data)
        while place < len(data):
            piece = data[place : place + size]
            is_last = place + size >= len(data)
            found = self._quick(piece, at_end=at_end and is_last)
            if found is None and size > PIECE:
                size = PIECE
                continue
            batch, taken = found or self._slow(piece, at_end=at_end and is_last)
            if taken:
                yield batch, taken
                place += taken
                size = size * 2 if found else PIECE
            elif is_last:
                return
            else:
                yield from self._grown(data[place:], at_end=at_end)
                return

    def _grown(self, data: bytes, *, at_end: bool) -> Iterator[tuple[Batch, int]]:
        """Read on where one record is longer than a small piece."""
        size = PIECE
        taken = 0
        while not taken and size < len(data):
            size *= 4
            is_all = size >= len(data)
            batch, taken = self._slow(data[:size], at_end=at_end and is_all)
            if taken:
                yield batch, taken
        if taken:
            yield from self._pieces(data[taken:], at_end=at_end)

    def _quick(self, data: bytes, *, at_end: bool) -> tuple[Batch, int] | None:
        width, padding = self._table.width, self._table.padding
        wide = width + padding
        block = fast.read_block(data, self._table.dialect, wide, at_end=at_end)
        if block is not None and padding:
            block = _without_padding(block, width)
            self._trailing += block.table.num_rows if block else 0
        if block is None:
            return None
        batch = _fast_batch(block, self._line, width)
        self._line += block.line_count
        return batch, block.end

    def _slow(self, data: bytes, *, at_end: bool) -> tuple[Batch, int]:
        text = text_of(data)
        builder = BatchBuilder(self._table.width)
        end = 0
        for record in self._reader.records(text, at_end=at_end):
            end = record.end
            self._place(record, text, builder)
        if at_end:
            end = len(text)
        self._line += line_breaks(text[:end])
        taken = len(data) if end == len(text) else utf8_length(text[:end])
        return builder.batch(), taken

    def _place(self, record: Record, text: str, batch: BatchBuilder) -> None:
        width = self._table.width
        line = self._line + record.line + 1
        cells = record.cells
        raw = text[record.start : record.end]
        if cells is not None and not raw.isascii() and STRAY.search(raw):
            batch.fail(line, "undecodable", _shown(raw), {})
        elif cells is None:
            batch.fail(line, record.rule or "unterminated_quote", _shown(raw), {})
        elif len(cells) == width:
            batch.put(line, cells)
        elif len(cells) > width and not any(cells[width:]):
            self._trailing += 1
            batch.put(line, cells[:width])
        else:
            facts = {"expected": width, "found": len(cells)}
            batch.fail(line, "ragged_row", _shown(raw), facts)


def _shown(raw: str) -> str:
    """Return a record's text without its line break, stray bytes escaped."""
    text = raw.rstrip("\r\n")
    if text.isascii() or not STRAY.search(text):
        return text
    data = text.encode("utf-8", "surrogateescape" if _is_bytes(text) else "replace")
    return data.decode("utf-8", "backslashreplace")


def _is_bytes(text: str) -> bool:
    return all("\udc80" <= char <= "\udcff" for char in STRAY.findall(text))


def _fast_batch(block: fast.FastBlock, line: int, width: int) -> Batch:
    lines = block.lines + line + 1
    places = np.arange(len(lines))
    broken = []
    if block.ragged:
        bad = [row.place for row in block.ragged]
        places = np.delete(places, bad)
        broken = [
            BrokenRecord(
                row=row.place,
                line=int(lines[row.place]),
                rule="ragged_row",
                text=row.text.rstrip("\r\n"),
                reason={"expected": width, "found": row.found},
            )
            for row in block.ragged
        ]
    return Batch(places, lines[places], block.table, broken, len(lines))


def _without_padding(block: fast.FastBlock, width: int) -> fast.FastBlock | None:
    """Return the block without its empty cells beyond `width`, None where in doubt."""
    table = block.table
    beyond = table.columns[width:]
    if any(column.null_count < len(column) for column in beyond):
        return None
    if any(row.found >= width for row in block.ragged):
        return None
    return replace(block, table=table.select(range(width)))


def _without_head(blocks: Utf8Blocks, skip: int) -> Iterator[bytes]:
    """Yield the blocks behind the first `skip` bytes."""
    for block in blocks:
        yield block[skip:]
        skip = max(0, skip - len(block))
