"""Text columns as bytes: cut, gather and scatter without a Python loop."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

TEXT = pa.string()
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


def as_text(column: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """Return `column` as one plain string array."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks or [pa.array([], TEXT)])
    return pc.cast(column, TEXT)


def nulls(length: int) -> pa.StringArray:
    """Return a string column of nulls."""
    return pa.nulls(length, TEXT)


def raw(column: pa.StringArray) -> tuple[Bytes, Ints]:
    """Return the bytes of `column` and its offsets into them (one more than rows)."""
    _, index, content = column.buffers()
    every = np.frombuffer(b"" if index is None else index, np.int32)
    offsets = every[column.offset : column.offset + len(column) + 1].astype(np.int64)
    data = np.frombuffer(b"" if content is None else content, np.uint8)
    return data, offsets if len(offsets) else np.zeros(1, np.int64)


def from_raw(data: Bytes, offsets: Ints) -> pa.StringArray:
    """Return the string column with these bytes and offsets (UTF-8, no nulls)."""
    return pa.StringArray.from_buffers(
        len(offsets) - 1,
        pa.py_buffer(offsets.astype(np.int32)),
        pa.py_buffer(np.ascontiguousarray(data)),
    )


def gather(data: Bytes, starts: Ints, lengths: Ints) -> pa.StringArray:
    """Return the pieces of `data` that begin at `starts` as a string column."""
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    index = np.arange(offsets[-1], dtype=np.int64)
    index += np.repeat(starts - offsets[:-1], lengths)
    return from_raw(data[index], offsets)


def mask(condition: Any) -> Bools:
    """Return an Arrow boolean column as numpy, null as false."""
    filled: Bools = pc.fill_null(condition, fill_value=False).to_numpy(
        zero_copy_only=False
    )
    return filled


def matches(column: pa.StringArray, pattern: str) -> Bools:
    """Return where `pattern` (RE2) matches somewhere in the value."""
    return mask(pc.match_substring_regex(column, pattern))


def positions(condition: Bools) -> Ints:
    """Return the rows where `condition` holds."""
    return np.flatnonzero(condition)


def take(column: pa.StringArray, rows: Ints) -> pa.StringArray:
    """Return the values of `column` at `rows`."""
    return column.take(pa.array(rows))


def put(column: pa.StringArray, rows: Ints, values: pa.StringArray) -> pa.StringArray:
    """Return `column` with `values` at `rows`."""
    if not len(rows):
        return column
    index = np.arange(len(column), dtype=np.int64)
    index[rows] = len(column) + np.arange(len(rows))
    return pa.concat_arrays([column, pc.cast(values, TEXT)]).take(pa.array(index))


def blank_to_null(column: pa.StringArray) -> pa.StringArray:
    """Return `column` with null where a cell holds nothing but blanks."""
    data, offsets = raw(column)
    starts, ends = offsets[:-1], offsets[1:]
    filled = positions(ends > starts)
    first = data[starts[filled]] if len(filled) else data[:0]
    odd = (first <= _BLANK) | (first >= _NOT_ASCII)
    suspects = filled[odd]
    texts = take(column, suspects).to_pylist()
    blank = [row for row, t in zip(suspects.tolist(), texts, strict=True) if _empty(t)]
    empty = positions((ends == starts) & np.asarray(column.is_valid()))
    rows = np.concatenate([np.array(blank, np.int64), empty])
    return put(column, rows, nulls(len(rows)))


def _empty(text: str | None) -> bool:
    return text is not None and not text.strip("\ufeff\u200b \t\r\n\f\v\u00a0\u202f")


_BLANK, _NOT_ASCII = 32, 0xC2


def join_present(columns: Sequence[pa.StringArray], separator: str) -> pa.StringArray:
    """Return the values of each row joined, nulls left out; "" where all are null.

    Arrow 26 drops a row whose values are all null when it skips nulls, so that the
    result comes out too short: such a row gets an empty first value.
    """
    first, *rest = columns
    empty = pc.is_null(first)
    for column in rest:
        empty = pc.and_(empty, pc.is_null(column))
    filled = pc.if_else(empty, "", first)
    return pc.binary_join_element_wise(filled, *rest, separator, null_handling="skip")
