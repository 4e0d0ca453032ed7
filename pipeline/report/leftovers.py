"""The CSV files of rows a person has to look at; corrected, they can be imported as they are."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.files.formula import protect
from pipeline.files.publish import atomic
from schemas.fields import RETURN_COLUMNS


class Leftover(NamedTuple):
    """What stands beside the original columns of a row."""

    row: int
    line: int
    outcome: str
    rule: str
    reason: str
    suggestion: str


class Writer(Protocol):
    """What `csv.writer` makes."""

    def writerow(self, row: Iterable[str], /) -> object:
        """Write one line."""
        ...


class Broken(Protocol):
    """A record that could not be read as a row."""

    @property
    def row(self) -> int:
        """Its number among the records."""
        ...


class RawPart(Protocol):
    """A part of the file as it was read."""

    @property
    def rows(self) -> pa.Array:
        """Record numbers of the cells' rows."""
        ...

    @property
    def cells(self) -> pa.Table:
        """The cells, one column a column of the file."""
        ...

    @property
    def broken(self) -> Sequence[Broken]:
        """Records that are not in `cells`."""
        ...


def write_leftovers(
    targets: Mapping[str, Path],
    columns: Sequence[str],
    delimiter: str,
    parts: Iterable[RawPart],
    leftovers: Iterator[Leftover],
) -> dict[str, int]:
    """Write one CSV an outcome, `leftovers` being in row order; return lines by outcome.

    The input's delimiter, UTF-8 with BOM; cells that a spreadsheet would run are
    protected. An outcome without rows has no file.
    """
    written: dict[str, int] = {}
    with ExitStack() as stack:
        writers: dict[str, Writer] = {}
        for leftover, cells in with_cells(parts, leftovers):
            writer = writers.get(leftover.outcome)
            if writer is None:
                path = targets[leftover.outcome]
                writer = _open(stack, path, columns, delimiter)
                writers[leftover.outcome] = writer
            writer.writerow([*map(protect, cells), *own_cells(leftover)])
            written[leftover.outcome] = written.get(leftover.outcome, 0) + 1
    return written


def _open(
    stack: ExitStack, path: Path, columns: Sequence[str], delimiter: str
) -> "Writer":
    draft = stack.enter_context(atomic(path))
    file = stack.enter_context(draft.open("w", encoding="utf-8-sig", newline=""))
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow([*map(protect, columns), *RETURN_COLUMNS])
    return writer


def own_cells(leftover: Leftover) -> list[str]:
    """Return what stands in `schemas.fields.RETURN_COLUMNS`."""
    return [
        str(leftover.row),
        str(leftover.line),
        leftover.outcome,
        leftover.rule,
        protect(leftover.reason),
        protect(leftover.suggestion),
    ]


def _last_row(part: RawPart) -> int:
    last = pc.max(part.rows).as_py() or 0
    return max([last, *(record.row for record in part.broken)])


def with_cells(
    parts: Iterable[RawPart], leftovers: Iterator[Leftover]
) -> Iterator[tuple[Leftover, list[str]]]:
    """Yield each leftover with its original cells; both come in row order.

    Parts behind the last leftover are not read.
    """
    pending = next(leftovers, None)
    if pending is None:
        return
    for part in parts:
        taken: list[Leftover] = []
        last = _last_row(part)
        while pending is not None and pending.row <= last:
            taken.append(pending)
            pending = next(leftovers, None)
        yield from _of_part(part, taken)
        if pending is None:
            return


def _of_part(
    part: RawPart, taken: Sequence[Leftover]
) -> Iterator[tuple[Leftover, list[str]]]:
    """Yield each leftover with its original cells; a broken record has none."""
    if not taken:
        return
    wanted = pa.array([leftover.row for leftover in taken], pa.int64())
    places = pc.index_in(wanted, value_set=part.rows)
    found = part.cells.take(places.drop_null())
    lines = iter(zip(*(column.to_pylist() for column in found.columns), strict=True))
    width = part.cells.num_columns
    for leftover, place in zip(taken, places.to_pylist(), strict=True):
        if place is None:
            yield leftover, [""] * width
        else:
            yield leftover, [cell or "" for cell in next(lines)]
