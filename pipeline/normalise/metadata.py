"""Metadata of a column each: JSON text with sorted keys, empty values left out."""

import json
from collections.abc import Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise.textarrays import Ints, join_present, put, raw, take

Keyed = tuple[str, pa.StringArray]


def to_json(columns: Sequence[Keyed], length: int) -> pa.StringArray:
    """Return one JSON object a row, as `json.dumps` would write it.

    Keys are sorted, nothing is escaped that need not be, and there are no blanks. Nulls
    are left out; a row without any value is `{}`. The keys have to be distinct.
    """
    ordered = sorted((key, column) for key, column in columns)
    pieces = [
        _piece(list(group), has_nulls=has_nulls)
        for has_nulls, group in groupby(ordered, lambda keyed: keyed[1].null_count > 0)
    ]
    flat = [piece for group in pieces for piece in group]
    if not flat or not length:
        return pa.array(["{}"] * length, pa.string())
    body = flat[0].fill_null("") if len(flat) == 1 else join_present(flat, ",")
    return pc.binary_join_element_wise("{", body, "}", "")


def _piece(columns: list[Keyed], *, has_nulls: bool) -> list[pa.StringArray]:
    """Return `"key":"value"` of each column; one piece for columns without nulls."""
    if has_nulls:
        return [
            pc.binary_join_element_wise(_opening(key), escape(column), '"', "")
            for key, column in columns
        ]
    parts: list[object] = []
    for key, column in columns:
        parts += [("," if parts else "") + _opening(key), escape(column), '"']
    return [pc.binary_join_element_wise(*parts, "")]


def _opening(key: str) -> str:
    return json.dumps(key, ensure_ascii=False) + ':"'


def escape(column: pa.StringArray) -> pa.StringArray:
    """Return the values as they stand inside a JSON string."""
    rows = _special(column)
    if not len(rows):
        return column
    texts = take(column, rows).to_pylist()
    written = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
    return put(column, rows, pa.array(written, pa.string()))


def _special(column: pa.StringArray) -> Ints:
    """Return the rows that hold a quote, a backslash or a control character."""
    data, offsets = raw(column)
    used = data[offsets[0] : offsets[-1]]
    odd = np.flatnonzero((used < ord(" ")) | (used == ord('"')) | (used == ord("\\")))
    if not len(odd):
        return odd
    rows = np.searchsorted(offsets, odd + offsets[0], side="right") - 1
    return np.unique(rows)
