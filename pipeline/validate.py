"""Judge rows by a pandera model: which may go on, and which rule each other one breaks.

The checks are run one by one instead of letting pandera raise, since its error text
holds every failing value and costs ten times the check.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from schemas.lean_pandera import pandera
from schemas.models import FLAG, TEXT

_TYPES = {pa.bool_(): FLAG, pa.float64(): pd.ArrowDtype(pa.float64())}


@dataclass(frozen=True, slots=True)
class Failures:
    """Broken rules by row, in the order of the model's columns and checks."""

    rules: Mapping[int, tuple[str, ...]]

    def counts(self) -> Mapping[str, int]:
        """Return how many rows break each rule."""
        found: dict[str, int] = {}
        for rules in self.rules.values():
            for rule in rules:
                found[rule] = found.get(rule, 0) + 1
        return found


def to_frame(columns: Mapping[str, pa.Array]) -> pd.DataFrame:
    """Return Arrow columns as a frame with the exact types that the models ask for."""
    return pd.DataFrame(
        {
            name: pd.Series(pd.array(column, dtype=_TYPES.get(column.type, TEXT)))
            for name, column in columns.items()
        }
    )


def split(
    frame: pd.DataFrame, model: type[pandera.DataFrameModel]
) -> tuple[npt.NDArray[np.bool_], Failures]:
    """Return which rows of `frame` the model accepts, and what the others break.

    Raises:
        TypeError: A column is missing or has another type, which is a bug.
    """
    return split_by(frame, model.to_schema())


def split_by(
    frame: pd.DataFrame, schema: pandera.DataFrameSchema
) -> tuple[npt.NDArray[np.bool_], Failures]:
    """Do what `split` does by a schema that was put together at run time.

    Raises:
        TypeError: A column is missing or has another type, which is a bug.
    """
    broken: dict[int, list[str]] = {}
    accepted = np.ones(len(frame), np.bool_)
    for name, column in schema.columns.items():
        _check_type(frame, name, column)
        values = frame[name]
        is_problem = name.endswith("_problem")
        present = frozenset(values.dropna().unique()) if is_problem else frozenset()
        for check in column.checks:
            if is_problem and check.name not in present:
                continue  # such a rule fails only where the column names it
            failed = _failed(check, values)
            accepted[failed] = False
            for row in failed.tolist():
                broken.setdefault(row, []).append(str(check.name))
    return accepted, Failures({row: tuple(found) for row, found in broken.items()})


def _check_type(frame: pd.DataFrame, name: str, column: Any) -> None:
    if name not in frame:
        raise TypeError(f"the frame has no column `{name}`")
    if frame[name].dtype != column.dtype.type:
        raise TypeError(f"`{name}` is {frame[name].dtype}, not {column.dtype.type}")


def _failed(check: Any, values: "pd.Series[Any]") -> npt.NDArray[np.int64]:
    """Return the rows that fail a check; null values are not looked at."""
    output = check(values).check_output
    failed: npt.NDArray[np.int64] = output.index[~output.astype(bool)].to_numpy()
    return failed
