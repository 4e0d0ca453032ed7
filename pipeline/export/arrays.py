"""Arrow arrays without Arrow's own constructors, since those import pandas."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow.lib import StringBuilder


def strings(values: Sequence[str | None]) -> pa.Array:
    """Return texts as an Arrow array; half a surrogate pair becomes `?`.

    A builder, since `pyarrow.array` imports pandas at its first call.
    """
    builder = StringBuilder()
    try:
        builder.append_values(values)
    except UnicodeEncodeError:
        builder = StringBuilder()
        builder.append_values(
            [v if v is None else v.encode("utf-8", "replace").decode() for v in values]
        )
    return builder.finish()


def constant(text: str | None, kind: pa.DataType) -> pa.Scalar:
    """Return a scalar told as text; `pyarrow.scalar` imports pandas, too."""
    return strings([text]).cast(kind)[0]


def booleans(values: Sequence[bool | None]) -> pa.Array:
    """Return true, false and null as an Arrow array."""
    return strings([_TOLD[value] for value in values]).cast(pa.bool_())


_TOLD = {True: "1", False: "0", None: None}


def numbers(start: int, count: int, step: int = 1) -> pa.Array:
    """Return `count` 64-bit integers from `start` on."""
    return integers(np.arange(count, dtype=np.int64) * step + start)


def integers(values: npt.NDArray[np.int64]) -> pa.Array:
    """Return 64-bit integers as an Arrow array that shares their memory."""
    return pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])


def as_numbers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return a column of 64-bit integers without nulls; `to_numpy` imports pandas."""
    parts = [
        np.frombuffer(chunk.buffers()[1], np.int64, len(chunk), 8 * chunk.offset)
        for chunk in column.chunks
        if len(chunk)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
