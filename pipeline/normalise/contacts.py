"""Several columns for one contact: the first good value is used, the others kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise.column import Column, Remark
from pipeline.normalise.known import NOTHING
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
    values = nulls(length)
    problems: dict[int, list[Remark]] = {}
    remarks: list[Remark] = []
    kept: list[tuple[str, pa.StringArray]] = []
    for header, column in columns:
        spare = pc.if_else(
            pc.and_kleene(values.is_valid(), pc.not_equal(values, column.values)),
            column.values,
            pa.scalar(None, pa.string()),
        )
        if spare.null_count < length:
            kept.append((header, spare))
        values = pc.coalesce(values, column.values)
        remarks.extend(column.remarks)
        for row, problem in column.problems.items():
            if _says_nothing(problem):
                remarks.append(problem._replace(rule="says_nothing", suggestion=None))
            else:
                problems.setdefault(row, []).append(problem)
        if column.further:
            kept.append((f"{header} 2", _further(column, length)))
    return Contact(values, problems, remarks, kept)


def _says_nothing(problem: Remark) -> bool:
    return (problem.original or "").strip().lower() in NOTHING


def _further(column: Column, length: int) -> pa.StringArray:
    rows = np.fromiter(column.further, np.int64, len(column.further))
    joined = pa.array(
        ["; ".join(more) for more in column.further.values()], pa.string()
    )
    return put(nulls(length), rows, joined)
