"""`rejected.xlsx` of a run; of a large file it is written beside the rest of the run."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import pyarrow.parquet as pq

from pipeline.files.run_folder import RunFolder
from pipeline.report.leftovers import Leftover, with_cells
from pipeline.report.words import Words
from pipeline.report.workbook import (
    MOST_ROWS,
    RejectedRows,
    marks_of,
    write_rejected_book,
)
from pipeline.runs.results import leftover_of
from pipeline.runs.staging import raw_parts, rejected_parts
from schemas.outcomes import Outcome

Shown = dict[str, dict[str, int]]
"""File name -> how many rows it holds, of how many; empty where there is none."""


@dataclass(frozen=True, slots=True)
class BookOrder:
    """What the workbook of a run needs beside the rows, which lie in its folder.

    `roles` gives a column's role as recognised; `total` is how many rows were rejected.
    """

    folder: RunFolder
    columns: Sequence[str]
    roles: Mapping[str, str]
    total: int
    lang: str


def write_book(order: BookOrder, lines: Iterator[Leftover]) -> Shown:
    """Write `rejected.xlsx` with the first of `lines`, which come in row order."""
    path = order.folder.path / "rejected.xlsx"
    path.unlink(missing_ok=True)
    if not order.total:
        return {}
    words = Words(order.lang)
    parts = raw_parts(order.folder.staging)
    rows = list(with_cells(parts, islice(lines, MOST_ROWS)))
    numbers = frozenset(leftover.row for leftover, _ in rows)
    marks = marks_of(order.folder.findings, numbers, words)
    rejected = RejectedRows(order.columns, order.roles, rows, marks, order.total)
    return {
        path.name: {
            "rows": write_rejected_book(path, rejected, words),
            "of": order.total,
        }
    }


@contextmanager
def begun(order: BookOrder, pool: Executor | None) -> Iterator[Future[Shown] | None]:
    """Let a worker write the book meanwhile; None where there is no worker.

    For runs that reject nothing after the file was staged. The book is whole, or has
    failed, when the block is left: nothing may go on writing to a run that has ended.
    """
    future = pool.submit(_staged_book, order) if pool else None
    try:
        yield future
    finally:
        if future:
            wait([future])


def _staged_book(order: BookOrder) -> Shown:
    """Write the book from what was rejected in staging: a worker has no workbench."""
    return write_book(order, _staged(order))


def _staged(order: BookOrder) -> Iterator[Leftover]:
    for path in rejected_parts(order.folder.staging):
        for line in pq.read_table(path).sort_by("row").to_pylist():
            yield leftover_of(outcome=str(Outcome.REJECTED), lang=order.lang, **line)
