"""Walk through a CSV's records in chunks: quickly where it is clean, else patiently."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np

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
            for data, at_end in _buffers(blocks, self._table.start, self):
                yield from self._maker.add(self._batch(data, at_end=at_end))
            yield from self._maker.end()
            if blocks.nulls and not self._table.encoding.nulls:
                self.notes.append(Note("nul_bytes", {"count": blocks.nulls}))
        self.notes.extend(self._maker.notes)
        if self._trailing:
            self.notes.append(Note("trailing_delimiter", {"count": self._trailing}))

    taken = 0
    """Bytes of the last buffer that were read."""

    def _batch(self, data: bytes, *, at_end: bool) -> Batch:
        width = self._table.width
        block = fast.read_block(data, self._table.dialect, width, at_end=at_end)
        if block is None:
            return self._slow(data, at_end=at_end)
        self.taken = block.end
        batch = _fast_batch(block, self._line, width)
        self._line += block.line_count
        return batch

    def _slow(self, data: bytes, *, at_end: bool) -> Batch:
        text = text_of(data)
        builder = BatchBuilder(self._table.width)
        end = 0
        for record in self._reader.records(text, at_end=at_end):
            end = record.end
            self._place(record, text, builder)
        if at_end:
            end = len(text)
        self.taken = len(data) if end == len(text) else utf8_length(text[:end])
        self._line += line_breaks(text[:end])
        return builder.batch()

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


def _buffers(
    blocks: Utf8Blocks, skip: int, walk: CsvChunks
) -> Iterator[tuple[bytes, bool]]:
    """Yield what is unread with each next block, and whether it is the last."""
    rest = b""
    for block in blocks:
        if skip:
            cut = min(skip, len(block))
            skip -= cut
            block = block[cut:]  # noqa: PLW2901 - the header belongs to no buffer
        if not block:
            continue
        rest = rest + block
        yield rest, False
        rest = rest[walk.taken :]
    if rest:
        yield rest, True
