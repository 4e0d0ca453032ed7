"""Find the layout of a CSV: encoding, dialect, header row and where data begin."""

import dataclasses
import io
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.read import encoding as encodings
from pipeline.read.blocks import Utf8Blocks
from pipeline.read.dialect import LINES, Dialect, named_delimiter, sep_line, sniff
from pipeline.read.encoding import Encoding
from pipeline.read.header import filled, find_header, name_columns
from pipeline.read.packed import Content
from pipeline.read.records import Reader, Record
from pipeline.read.values import (
    Layout,
    Note,
    ReadOptions,
)

HEAD = 1 << 18
"""Bytes from which dialect and header are found."""
STRAY = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A CSV whose layout is known.

    `start` is the byte of the UTF-8 text where data begin, `start_line` the physical
    lines before it, `width` the cells of a whole row, `padding` how many empty cells
    most rows have beyond it.
    """

    content: Content
    encoding: Encoding
    dialect: Dialect
    width: int
    padding: int
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
    table = _lay_out(records, options)
    notes.extend(table.notes(offset_lines))
    if dialect.is_wrapped:
        notes.append(Note("wrapped_lines"))
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
        padding=_padding(records, len(table.columns)),
        start=utf8_length(before),
        start_line=line_breaks(before),
        layout=layout,
    )


def _padding(records: list[Record], width: int) -> int:
    """Return how many empty cells most rows have beyond the header's."""
    beyond = [record.cells[width:] for record in records if record.cells]
    sizes = [len(cells) for cells in beyond if cells and not any(cells)]
    return min(sizes) if len(sizes) * 2 > len(records) else 0


def _encoding(content: Content, options: ReadOptions) -> Encoding:
    with closing(content.open()) as stream:
        if options.encoding:
            return encodings.given(options.encoding, stream.read(4))
        return encodings.detect(stream, content.name)


def _head(content: Content, encoding: Encoding) -> tuple[str, bool]:
    """Return the beginning of the text and whether it is all of it."""
    head = bytearray()
    with closing(content.open()) as stream:
        for block in Utf8Blocks(stream, encoding):
            head += block
            if len(head) > HEAD:
                return text_of(bytes(head[: _safe_cut(head)])), False
    return text_of(bytes(head)), True


def _safe_cut(head: bytearray) -> int:
    cut = HEAD
    newline = head.rfind(b"\n", 0, cut)
    if newline > 0:
        return newline + 1
    while cut < len(head) and head[cut] & 0xC0 == 0x80:  # noqa: PLR2004 - inside a UTF-8 letter
        cut += 1
    return cut


def text_of(data: bytes) -> str:
    """Return UTF-8 as text, each stray byte as a lone surrogate."""
    return data.decode("utf-8", "surrogateescape")


def utf8_length(text: str) -> int:
    """Return the bytes that `text` had before `text_of`."""
    return len(text.encode("utf-8", "surrogateescape"))


def line_breaks(text: str) -> int:
    """Return the physical lines that end in `text`."""
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
        line
        for _, line in zip(range(LINES), io.StringIO(text, newline=""), strict=False)
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


def _lay_out(records: list[Record], options: ReadOptions) -> _Found:
    rows = [record.cells or [] for record in records]
    header = find_header(rows, options.has_header, options.looks_like_customers)
    if header.place < 0:
        return _headerless(records, rows, header.skipped)
    record = records[header.place]
    cells = record.cells or []
    line = record.line + 1
    names, naming = name_columns([STRAY.sub("\ufffd", c) for c in cells], line)
    return _Found(
        columns=names,
        headers=tuple(cells),
        header_line=line,
        data_start=record.end,
        skipped=tuple(r for r in records[: header.skipped] if filled(r.cells or [])),
        naming=naming,
    )


def _headerless(records: list[Record], rows: list[list[str]], skipped: int) -> _Found:
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
