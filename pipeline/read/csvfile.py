"""Read a CSV: find its layout, then yield its records in chunks."""

import dataclasses
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipeline.errors import InputError
from pipeline.read import encoding as encodings
from pipeline.read import fast
from pipeline.read.blocks import Utf8Blocks
from pipeline.read.chunks import Batch, ChunkMaker
from pipeline.read.dialect import LINES, Dialect, named_delimiter, sep_line, sniff
from pipeline.read.encoding import Encoding
from pipeline.read.header import filled, find_header, name_columns
from pipeline.read.packed import Content
from pipeline.read.records import Reader, Record
from pipeline.read.values import (
    BrokenRecord,
    Layout,
    Note,
    RawChunk,
    ReadOptions,
)

HEAD = 1 << 18
"""Bytes from which dialect and header are found."""
_STRAY = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV whose layout is known.

    `start` is the byte of the UTF-8 text where data begin, `start_line` the physical
    lines before it, `width` the cells of a whole row.
    """

    content: Content
    encoding: Encoding
    dialect: Dialect
    width: int
    start: int
    start_line: int
    layout: Layout


def open_csv(content: Content, options: ReadOptions) -> CsvTable:
    """Return the CSV with its layout.

    Raises:
        InputError: It is empty or no text.
    """
    encoding = _encoding(content, options)
    text, is_whole = _head(content, encoding)
    if not text.strip("\x1a \t\r\n"):
        raise InputError(
            f"`{content.name}` is empty", hint="export the customers again"
        )
    notes = list(_encoding_notes(encoding))
    offset, offset_lines, delimiter = _after_sep(text, options, notes)
    body = text[offset:]
    lines = [line.rstrip("\r\n") for line in _some_lines(body)]
    dialect = sniff(lines, delimiter)
    records = _some_records(body, dialect, is_whole)
    table = _lay_out(records, body, options)
    notes.extend(table.notes(offset_lines))
    layout = Layout(
        name=content.name,
        kind="csv",
        columns=table.columns,
        headers=table.headers,
        header_line=table.header_line and table.header_line + offset_lines,
        encoding=encoding.name,
        encoding_evidence=encoding.evidence,
        confidence=encoding.confidence,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote,
        notes=tuple(notes),
    )
    before = text[: offset + table.data_start]
    return CsvTable(
        content=content,
        encoding=encoding,
        dialect=dialect,
        width=len(table.columns),
        start=_utf8_length(before),
        start_line=_line_breaks(before),
        layout=layout,
    )


def _encoding(content: Content, options: ReadOptions) -> Encoding:
    with content.open() as stream:
        if options.encoding:
            return encodings.given(options.encoding, stream.read(4))
        return encodings.detect(stream, content.name)


def _head(content: Content, encoding: Encoding) -> tuple[str, bool]:
    """Return the beginning of the text and whether it is all of it."""
    head = bytearray()
    with content.open() as stream:
        for block in Utf8Blocks(stream, encoding):
            head += block
            if len(head) > HEAD:
                return _text(bytes(head[: _safe_cut(head)])), False
    return _text(bytes(head)), True


def _safe_cut(head: bytearray) -> int:
    cut = HEAD
    newline = head.rfind(b"\n", 0, cut)
    if newline > 0:
        return newline + 1
    while cut < len(head) and head[cut] & 0xC0 == 0x80:  # noqa: PLR2004 - inside a UTF-8 letter
        cut += 1
    return cut


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _utf8_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _line_breaks(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _encoding_notes(encoding: Encoding) -> Iterator[Note]:
    if encoding.evidence in {"statistical", "utf8_mostly", "null_pattern"}:
        facts = {"encoding": encoding.name, "confidence": f"{encoding.confidence:.0%}"}
        yield Note("encoding_guessed", facts)
    if encoding.nulls:
        yield Note("nul_bytes", {"count": encoding.nulls})


def _after_sep(
    text: str, options: ReadOptions, notes: list[Note]
) -> tuple[int, int, str | None]:
    """Return place and lines behind a `sep=` line, and the delimiter that is told."""
    told = named_delimiter(options.delimiter) if options.delimiter else None
    line = next(io.StringIO(text, newline=""), "")
    found = sep_line(line.rstrip("\r\n"))
    if found is None:
        return 0, 0, told
    notes.append(Note("sep_line", {"delimiter": found}, 1))
    return len(line), 1, told or found


def _some_lines(text: str) -> list[str]:
    return [
        line for _, line in zip(range(LINES), io.StringIO(text, newline=""), strict=False)
    ]


def _some_records(text: str, dialect: Dialect, is_whole: bool) -> list[Record]:
    reader = Reader(dialect)
    found = reader.records(text, at_end=is_whole)
    records = [record for _, record in zip(range(LINES), found, strict=False)]
    return records or list(reader.records(text, at_end=True))[:LINES]


@dataclass(frozen=True, slots=True)
class _Found:
    columns: tuple[str, ...]
    headers: tuple[str, ...]
    header_line: int
    data_start: int
    skipped: tuple[Record, ...]
    naming: tuple[Note, ...]

    def notes(self, offset: int) -> Iterator[Note]:
        if self.skipped:
            first = self.skipped[0].line + 1 + offset
            yield Note("preamble_skipped", {"count": len(self.skipped)}, first)
        if not self.header_line:
            yield Note("no_header", {"columns": len(self.columns)})
        for note in self.naming:
            yield dataclasses.replace(note, line=note.line + offset)


def _lay_out(records: list[Record], text: str, options: ReadOptions) -> _Found:
    rows = [record.cells or [] for record in records]
    header = find_header(rows, options.has_header, options.looks_like_customers)
    if header.place < 0:
        return _headerless(records, rows, header.skipped)
    record = records[header.place]
    cells = record.cells or []
    line = record.line + 1
    names, naming = name_columns([_STRAY.sub("\ufffd", c) for c in cells], line)
    return _Found(
        columns=names,
        headers=tuple(cells),
        header_line=line,
        data_start=record.end,
        skipped=tuple(r for r in records[: header.skipped] if filled(r.cells or [])),
        naming=naming,
    )


def _headerless(
    records: list[Record], rows: list[list[str]], skipped: int
) -> _Found:
    widths = [len(row) for row in rows[skipped:]]
    width = max(set(widths), key=widths.count)
    names = tuple(f"column {place}" for place in range(1, width + 1))
    return _Found(
        columns=names,
        headers=("",) * width,
        header_line=0,
        data_start=records[skipped].start,
        skipped=tuple(r for r in records[:skipped] if filled(r.cells or [])),
        naming=(),
    )


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
        with self._table.content.open() as stream:
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
        text = _text(data)
        batch = Batch.start(self._table.width)
        end = 0
        for record in self._reader.records(text, at_end=at_end):
            end = record.end
            self._place(record, text, batch)
        if at_end:
            end = len(text)
        self.taken = len(data) if end == len(text) else _utf8_length(text[:end])
        self._line += _line_breaks(text[:end])
        return batch

    def _place(self, record: Record, text: str, batch: Batch) -> None:
        width = self._table.width
        line = self._line + record.line + 1
        cells = record.cells
        raw = text[record.start : record.end]
        if cells is not None and not raw.isascii() and _STRAY.search(raw):
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
    """Return a record's text without its line break, stray bytes written as `\\xe9`."""
    text = raw.rstrip("\r\n")
    if text.isascii() or not _STRAY.search(text):
        return text
    data = text.encode("utf-8", "surrogateescape" if _is_bytes(text) else "replace")
    return data.decode("utf-8", "backslashreplace")


def _is_bytes(text: str) -> bool:
    return all("\udc80" <= char <= "\udcff" for char in _STRAY.findall(text))


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
