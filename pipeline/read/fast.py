"""Read a strictly well-formed block with Arrow; hand back every block with a doubt.

Quotes are checked over the whole block at once: each one opens at the start of a cell,
closes at its end or stands doubled. Only then do Arrow and the patient reader of
`records` agree by construction, and record boundaries are known exactly.
"""

import codecs
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from pipeline.read.dialect import Dialect

MOST = 1 << 24
"""Bytes that may pile up without the end of a record before the patient reader looks."""
_NEWLINE, _RETURN = 10, 13
IntArray = np.ndarray[Any, np.dtype[np.int64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
ByteArray = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True, slots=True)
class Ragged:
    """A record with too few or too many cells; `place` counts records from 0."""

    place: int
    found: int
    text: str


@dataclass(frozen=True, slots=True)
class FastBlock:
    """The records of a block up to byte `end`.

    `lines` holds the line of each record (from 0), ragged ones included; `line_count`
    the physical lines up to `end`; `table` the whole rows in order.
    """

    end: int
    line_count: int
    lines: IntArray
    table: pa.Table
    ragged: tuple[Ragged, ...]


@dataclass(frozen=True, slots=True)
class _Shape:
    end: int
    line_count: int
    lines: IntArray
    spans: bool


def read_block(
    data: bytes, dialect: Dialect, width: int, *, at_end: bool
) -> FastBlock | None:
    """Return the whole records of `data`, or None where it is not strictly well formed.

    `data` begins at the start of a record. A result with `end` 0 needs more data.
    """
    if not _is_plain(data, dialect):
        return None
    if len(data) > MOST and not at_end:
        return None
    shape = _shape(data, dialect, at_end=at_end)
    if shape is None or not _is_utf8(data, shape.end):
        return None
    if not len(shape.lines):
        return FastBlock(shape.end, shape.line_count, shape.lines, empty(width), ())
    table, ragged = _parse(data, shape.end, dialect, width)
    if table is None or table.num_rows + len(ragged) != len(shape.lines):
        return None
    if ragged and (shape.spans or any(_is_doubtful(r, dialect, width) for r in ragged)):
        return None
    if width == 1 and _has_blank_cells(table):
        return None
    return FastBlock(shape.end, shape.line_count, shape.lines, table, ragged)


def _is_plain(data: bytes, dialect: Dialect) -> bool:
    """Tell whether the dialect asks nothing here that the quick reader cannot do."""
    if dialect.is_wrapped or not (dialect.delimiter + dialect.quote).isascii():
        return False
    return dialect.escape is None or dialect.escape.encode() not in data


def _is_utf8(data: bytes, end: int) -> bool:
    """Tell it here: Arrow's handler of ragged rows cannot take undecodable text."""
    if data.isascii():
        return True
    try:
        codecs.utf_8_decode(memoryview(data)[:end], "strict", True)
    except UnicodeDecodeError:
        return False
    return True


def empty(width: int) -> pa.Table:
    """Return a table of `width` text columns without rows."""
    schema = pa.schema([(str(i), pa.string()) for i in range(width)])
    return schema.empty_table()


def _shape(data: bytes, dialect: Dialect, *, at_end: bool) -> _Shape | None:
    """Return where records end and on which lines they start, None where in doubt."""
    view = np.frombuffer(data, dtype=np.uint8)
    ends = _line_ends(data, view, at_end=at_end)
    bounds = ends
    inside = None
    if dialect.quote.encode() in data:
        quotes = np.flatnonzero(view == ord(dialect.quote))
        if not _is_well_formed(view, quotes, ord(dialect.delimiter)):
            return None
        inside = np.searchsorted(quotes, ends) % 2 == 1
        if at_end and len(quotes) % 2 == 1:
            return None
        bounds = ends[~inside]
    return _starts(view, ends, bounds, inside, at_end=at_end)


def _line_ends(data: bytes, view: ByteArray, *, at_end: bool) -> IntArray:
    """Return the place of the last byte of each line break."""
    newlines = np.flatnonzero(view == _NEWLINE)
    returns = data.count(b"\r")
    if not returns:
        return newlines
    before = view[newlines[newlines > 0] - 1]
    if int(np.count_nonzero(before == _RETURN)) == returns:
        return newlines
    is_end = view == _NEWLINE
    lone = view == _RETURN
    lone[:-1] &= view[1:] != _NEWLINE
    if not at_end:
        lone[-1] = False
    return np.flatnonzero(is_end | lone)


def _is_well_formed(view: ByteArray, quotes: IntArray, delimiter: int) -> bool:
    opening, closing = quotes[0::2], quotes[1::2]
    before = view[np.maximum(opening - 1, 0)]
    opens = _is_border(before, delimiter) | (opening == 0)
    opens[1:] |= opening[1:] == closing[: len(opening) - 1] + 1
    if not opens.all():
        return False
    last = len(view) - 1
    after = view[np.minimum(closing + 1, last)]
    closes = _is_border(after, delimiter) | (closing == last)
    pairs = min(len(closing), len(opening) - 1)
    closes[:pairs] |= closing[:pairs] + 1 == opening[1 : pairs + 1]
    return bool(closes.all())


def _is_border(values: ByteArray, delimiter: int) -> BoolArray:
    return np.isin(values, (delimiter, _NEWLINE, _RETURN))


def _starts(
    view: ByteArray,
    ends: IntArray,
    bounds: IntArray,
    inside: BoolArray | None,
    *,
    at_end: bool,
) -> _Shape:
    end = len(view) if at_end else (int(bounds[-1]) + 1 if len(bounds) else 0)
    line_count = int(np.searchsorted(ends, end))
    first_lines = (
        np.arange(1, len(bounds) + 1) if inside is None else np.flatnonzero(~inside) + 1
    )
    begins = np.concatenate(([0], bounds + 1))
    lines = np.concatenate(([0], first_lines))
    keep = begins < end
    begins, lines = begins[keep], lines[keep]
    full = ~np.isin(view[begins], (_NEWLINE, _RETURN))
    if not full.all():
        # The LF of a CRLF never begins a line, so either byte marks a blank line.
        lines = lines[full]
    return _Shape(end, line_count, lines, inside is not None and bool(inside.any()))


def _parse(
    data: bytes, end: int, dialect: Dialect, width: int
) -> tuple[pa.Table | None, tuple[Ragged, ...]]:
    ragged: list[Ragged] = []

    def keep(row: csv.InvalidRow) -> str:
        ragged.append(Ragged(row.number - 1, row.actual_columns, row.text))
        return "skip"

    names = [str(place) for place in range(width)]
    body = pa.py_buffer(data).slice(0, end)
    try:
        table = csv.read_csv(
            pa.BufferReader(body),
            read_options=csv.ReadOptions(
                use_threads=False, column_names=names, block_size=max(end + 1, 64)
            ),
            parse_options=csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                newlines_in_values=True,
                invalid_row_handler=keep,
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None, ()
    return table, tuple(ragged)


def _is_doubtful(row: Ragged, dialect: Dialect, width: int) -> bool:
    """Tell whether a ragged row may be a blank line or end in empty cells only."""
    if row.found == 1:
        return not row.text.strip("\x1a \t\xa0\u3000")
    return row.found > width and row.text.rstrip('\r\n"').endswith(dialect.delimiter)


def _has_blank_cells(table: pa.Table) -> bool:
    import pyarrow.compute as pc

    blank = pc.equal(pc.utf8_trim_whitespace(table.column(0)), "")
    odd = pc.equal(table.column(0), "\x1a")
    return bool(pc.any(blank).as_py() or pc.any(odd).as_py())
