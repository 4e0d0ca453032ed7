"""Parts of a file on disk: raw cells as read, and what prepare made of them.

A part is written once by the reader and mapped by the worker that prepares it, so
that cells never travel between processes; the raw parts also give every leftover row
its original columns back at the end.
"""

import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.files.publish import PRIVATE_FILE, disk_errors
from pipeline.prepare import Prepared, Recipe, prepare, warm_up
from pipeline.read import BrokenRecord, RawChunk
from pipeline.report.findings import write_findings

_ROW, _LINE = "\x00row", "\x00line"
AHEAD = 2
"""Parts that may wait for a worker, for each worker."""


@dataclass(frozen=True, slots=True)
class PartCounts:
    """What one part came to."""

    read: int
    accepted: int
    rejected: int
    findings: Mapping[str, int]
    counts: Mapping[str, int] = field(default_factory=dict)


def raw_path(staging: Path, index: int) -> Path:
    """Return where the raw cells of part `index` lie."""
    return staging / f"raw-{index:06d}.arrow"


def rows_path(staging: Path, index: int) -> Path:
    """Return where the accepted rows of part `index` lie."""
    return staging / f"rows-{index:06d}.parquet"


def rejected_path(staging: Path, index: int) -> Path:
    """Return where the rejected rows of part `index` lie."""
    return staging / f"rejected-{index:06d}.parquet"


def findings_path(staging: Path, index: int) -> Path:
    """Return where the findings of part `index` lie."""
    return staging / f"findings-{index:06d}.jsonl"


def broken_path(staging: Path, index: int) -> Path:
    """Return where the records of part `index` lie that could not be read as a row."""
    return staging / f"broken-{index:06d}.pickle"


def write_raw(staging: Path, index: int, chunk: RawChunk) -> None:
    """Write a chunk as it was read; fast to write, mapped when read."""
    table = chunk.cells.add_column(0, _LINE, chunk.lines).add_column(
        0, _ROW, chunk.rows
    )
    path = raw_path(staging, index)
    with disk_errors(path):
        with (
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)
        path.chmod(PRIVATE_FILE)
        if chunk.broken:
            broken = broken_path(staging, index)
            broken.write_bytes(pickle.dumps(chunk.broken))
            broken.chmod(PRIVATE_FILE)


def read_raw(staging: Path, index: int) -> RawChunk:
    """Return the chunk of part `index`, its cells mapped from the disk."""
    with pa.memory_map(str(raw_path(staging, index))) as source:
        table = pa.ipc.open_file(source).read_all()
    path = broken_path(staging, index)
    broken: tuple[BrokenRecord, ...] = ()
    if path.exists():
        broken = pickle.loads(path.read_bytes())  # noqa: S301 - our own, mode 0600
    return RawChunk(
        rows=table[_ROW].combine_chunks(),
        lines=table[_LINE].combine_chunks(),
        cells=table.select(range(2, table.num_columns)),
        broken=broken,
    )


def raw_parts(staging: Path) -> Iterator[RawChunk]:
    """Yield every raw part in the order it was read."""
    for index in range(len(list(staging.glob("raw-*.arrow")))):
        yield read_raw(staging, index)


def rejected_parts(staging: Path) -> list[Path]:
    """Return where the rejected rows lie, in the order they were read."""
    return sorted(staging.glob("rejected-*.parquet"))


def prepare_part(staging: Path, index: int, recipe: Recipe) -> PartCounts:
    """Prepare part `index` and write what came of it beside it."""
    chunk = read_raw(staging, index)
    prepared = prepare(chunk, recipe)
    with disk_errors(staging):
        _write_part(staging, index, prepared)
    counts = PartCounts(
        read=len(chunk),
        accepted=prepared.rows.num_rows,
        rejected=prepared.rejected.num_rows,
        findings=Counter(finding.rule for finding in prepared.findings),
        counts=dict(prepared.counts),
    )
    del chunk, prepared
    # Arrow keeps what it was given; an idle worker would hold it to the run's end.
    pa.default_memory_pool().release_unused()
    return counts


def _write_part(staging: Path, index: int, prepared: Prepared) -> None:
    for path, table in (
        (rows_path(staging, index), prepared.rows),
        (rejected_path(staging, index), prepared.rejected),
    ):
        pq.write_table(table, path, compression="lz4", use_dictionary=False)
        path.chmod(PRIVATE_FILE)
    write_findings(findings_path(staging, index), prepared.findings)


class Preparers:
    """Prepares parts in worker processes, or here where one process is enough.

    The engine `local`; see `pipeline.runs.engines`.

    Workers are forked before any Arrow or DuckDB thread starts in this process.
    """

    def __init__(self, workers: int) -> None:
        if workers > 1:
            warm_up()  # what every worker needs is made once, and shared by the fork
        self._pool = (
            ProcessPoolExecutor(workers, mp_context=get_context("fork"))
            if workers > 1
            else None
        )
        self._limit = workers + AHEAD
        if self._pool is not None:
            for _ in range(workers):
                self._pool.submit(_started)

    def run(
        self,
        staging: Path,
        recipe: Recipe,
        chunks: Iterator[RawChunk],
        on_part: Callable[[PartCounts], None],
    ) -> None:
        """Stage and prepare every chunk, handing each part's counts on in order."""
        waiting: list[Future[PartCounts]] = []
        for index, chunk in enumerate(chunks):
            write_raw(staging, index, chunk)
            if self._pool is None:
                on_part(prepare_part(staging, index, recipe))
                continue
            waiting.append(self._pool.submit(prepare_part, staging, index, recipe))
            while len(waiting) > self._limit:
                on_part(waiting.pop(0).result())
        for future in waiting:
            on_part(future.result())

    @property
    def pool(self) -> Executor | None:
        """The workers, for what else can be done beside this process."""
        return self._pool

    @property
    def beside(self) -> Executor | None:
        """The workers, which run beside this process and see its files."""
        return self._pool

    def close(self) -> None:
        """End the workers."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _started() -> None:
    """Do nothing: the first task makes the pool fork its worker."""


def views(staging: Path, names: Sequence[str] = ("rows", "rejected")) -> dict[str, str]:
    """Return the DuckDB expression that reads each kind of part."""
    return {
        name: f"read_parquet('{str(staging).replace(chr(39), chr(39) * 2)}/{name}-*.parquet')"
        for name in names
    }
