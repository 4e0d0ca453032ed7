"""Several columns for one contact: the first good value is used, the others kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise.column import SAYS_NOTHING, Column, Remark
from pipeline.normalise.textarrays import nulls, put


@dataclass(frozen=True, slots=True)
class Contact:
    """The contact that is used, what is wrong with others, and what was kept.

    `kept` has a column of values for each further source that has any.
    """

    values: pa.StringArray
    problems: dict[int, list[Remark]]
    remarks: list[Remark]
    kept: list[tuple[str, pa.StringArray]]


def first_good(columns: Sequence[tuple[str, Column]], length: int) -> Contact:
    """Merge (header, column) pairs, the one to be tried first standing first."""
    values: pa.StringArray | None = None
    problems: dict[int, list[Remark]] = {}
    remarks: list[Remark] = []
    kept: list[tuple[str, pa.StringArray]] = []
    for header, column in columns:
        if values is None:
            values = column.values
        else:
            spare = _spare(values, column.values)
            if spare.null_count < length:
                kept.append((header, spare))
            values = pc.coalesce(values, column.values)
        remarks.extend(column.remarks)
        for row, problem in column.problems.items():
            if problem.rule == SAYS_NOTHING:
                remarks.append(problem)
            else:
                problems.setdefault(row, []).append(problem)
        if column.further:
            kept.append((f"{header} 2", _further(column, length)))
    return Contact(nulls(length) if values is None else values, problems, remarks, kept)


def _spare(used: pa.StringArray, others: pa.StringArray) -> pa.StringArray:
    """Return the values of `others` that are good, different and not used."""
    differs = pc.fill_null(pc.not_equal(used, others), fill_value=False)
    return pc.if_else(differs, others, pa.scalar(None, pa.string()))


def _further(column: Column, length: int) -> pa.StringArray:
    rows = np.fromiter(column.further, np.int64, len(column.further))
    joined = pa.array(
        ["; ".join(more) for more in column.further.values()], pa.string()
    )
    return put(nulls(length), rows, joined)
