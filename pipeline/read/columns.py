"""Columns of a sheet as they cross from the child process: packed there, unpacked here."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.read.workbook_child import APART, EXACT, Packed, cell_text


def text_array(packed: Packed) -> pa.Array:
    """Return a packed column as Arrow strings, null where a cell is empty."""
    kind, data = packed
    if kind == "texts":
        return _split(np.frombuffer(data, np.uint8))
    if kind == "numbers":
        return _digits(np.frombuffer(data, np.float64))
    return pa.array([cell or None for cell in data], pa.string())


def _split(letters: np.ndarray) -> pa.Array:
    """Cut UTF-8 at each `APART` without making a Python string of any cell."""
    is_end = letters == ord(APART)
    ends = np.flatnonzero(is_end)
    offsets = np.empty(len(ends) + 2, np.int32)
    offsets[0] = 0
    offsets[1:-1] = ends - np.arange(len(ends))
    offsets[-1] = len(letters) - len(ends)
    is_filled = offsets[1:] != offsets[:-1]
    return pa.StringArray.from_buffers(
        len(is_filled),
        pa.py_buffer(offsets),
        pa.py_buffer(letters[~is_end]),
        pa.py_buffer(np.packbits(is_filled, bitorder="little")),
    )


def _digits(numbers: np.ndarray) -> pa.Array:
    if (np.abs(numbers) < EXACT).all() and (numbers == np.trunc(numbers)).all():
        return pc.cast(pa.array(numbers.astype(np.int64)), pa.string())
    return pa.array([cell_text(number) for number in numbers.tolist()], pa.string())
