"""What every normaliser gives back: clean values, refused cells and remarks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

TEXT = pa.string()

SAYS_NOTHING = "says_nothing"
"""Rule of a cell that says in words that it is empty; no problem, but to be said."""


class Remark(NamedTuple):
    """One thing to say about one cell; becomes a Finding with its row and message.

    `position` counts rows of the chunk from 0.
    """

    position: int
    rule: str
    original: str | None
    normalised: str | None = None
    suggestion: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A normalised column, as long as the cells it came from.

    `values` is null where no good value was found. `problems` says why for each cell
    that holds something wrong; `remarks` are warnings; `further` are the other values
    of a cell that held several.
    """

    values: pa.StringArray
    problems: Mapping[int, Remark] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    further: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
