"""Open any customer file as a `Source` of raw chunks."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol, Self

import pyarrow as pa

from pipeline.errors import InputError, UsageError
from pipeline.files.spool import LocalFile, bring
from pipeline.read.csvfile import CsvChunks
from pipeline.read.csvlayout import CsvTable, open_csv
from pipeline.read.kind import kind_of
from pipeline.read.packed import Content, plain, unpacked
from pipeline.read.values import (
    BrokenRecord,
    Layout,
    Note,
    RawChunk,
    ReadOptions,
    joined,
)
from pipeline.read.workbook import SheetTable, open_workbook


class Walk(Protocol):
    """One pass over the records; `notes` is complete when it has ended."""

    notes: list[Note]

    def __iter__(self) -> Iterator[RawChunk]:
        """Yield chunks in file order."""
        ...


class Source:
    """A customer file that is open for reading.

    Attributes:
        sha256: Of the file's own bytes, before unpacking.
        size: Those bytes.
    """

    def __init__(
        self, local: LocalFile, table: CsvTable | SheetTable, options: ReadOptions
    ) -> None:
        self.sha256 = local.sha256
        self.size = local.size
        self._local = local
        self._table = table
        self._options = options
        ours = _ours(table.layout)
        self.is_returned = bool(ours)
        self._layout = _without(table.layout, ours)

    @property
    def layout(self) -> Layout:
        """What was found; its notes are complete once `chunks` has come to its end."""
        return self._layout

    def chunks(self, size: int | None = None) -> Iterator[RawChunk]:
        """Yield the records in file order, at most `size` rows a chunk.

        Raises:
            InputError: The file is damaged further on, or changed while it was read.
        """
        walk = self._walk(size or self._options.chunk_rows)
        yield from walk
        self._local.check_unchanged()
        before = self._table.layout.notes
        self._layout = dataclasses.replace(self._layout, notes=(*before, *walk.notes))

    def sample(self, n: int) -> RawChunk:
        """Return the first `n` rows, and the broken records among them."""
        rows, lines, cells = [], [], []
        broken: list[BrokenRecord] = []
        count = 0
        for chunk in self._walk(n):
            part = chunk.cells.slice(0, n - count)
            count += part.num_rows
            rows.append(chunk.rows.slice(0, part.num_rows))
            lines.append(chunk.lines.slice(0, part.num_rows))
            cells.append(part)
            broken.extend(chunk.broken)
            if count >= n:
                break
        if not cells:
            return _nothing(self._layout.columns)
        return RawChunk(
            rows=joined(pa.chunked_array(rows)),
            lines=joined(pa.chunked_array(lines)),
            cells=pa.concat_tables(cells),
            broken=tuple(broken),
        )

    def _walk(self, size: int) -> Walk:
        if isinstance(self._table, CsvTable):
            return CsvChunks(self._table, size)
        return self._table.walk(size)

    def close(self) -> None:
        """Remove what was spooled and end what still runs."""
        if isinstance(self._table, SheetTable):
            self._table.close()
        self._local.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_source(
    path: str,
    options: ReadOptions | None = None,
    *,
    stdin: BinaryIO | None = None,
    spool_dir: Path | None = None,
) -> Source:
    """Open the table at `path`: a local file, an fsspec address or `-`.

    Its kind is told by its content: CSV in any usual encoding and packing, or a
    workbook. A header without rows is a source without chunks.

    Raises:
        InputError: Missing, empty, damaged, locked by a password, or no table.
        DiskError: There is no room to copy what is not local.
    """
    options = options or ReadOptions()
    local = bring(path, stdin=stdin, spool_dir=spool_dir)
    try:
        return Source(local, _open_table(local, options), options)
    except BaseException:
        local.close()
        raise


def _open_table(local: LocalFile, options: ReadOptions) -> CsvTable | SheetTable:
    if not local.size:
        raise InputError(f"`{local.name}` is empty", hint="export the customers again")
    kind = kind_of(local.path, local.name)
    if kind.family == "workbook":
        return open_workbook(local.path, local.name, kind.form, options)
    if options.sheet is not None:
        raise UsageError(
            f"`{local.name}` is no workbook, so it has no sheet `{options.sheet}`",
            hint="leave `--sheet` out, or name the workbook",
        )
    return open_csv(_content(local, kind.family, kind.form), options)


def _content(local: LocalFile, family: str, form: str) -> Content:
    if family == "packed":
        return unpacked(local.path, local.name, form)
    return plain(local.path, local.name)


def _ours(layout: Layout) -> frozenset[str]:
    from schemas.fields import RETURN_COLUMNS

    return frozenset(RETURN_COLUMNS if "_row" in layout.columns else ())


def _without(layout: Layout, ours: frozenset[str]) -> Layout:
    kept = [
        (column, header)
        for column, header in zip(layout.columns, layout.headers, strict=True)
        if column not in ours
    ]
    return dataclasses.replace(
        layout,
        columns=tuple(column for column, _ in kept),
        headers=tuple(header for _, header in kept),
    )


def _nothing(columns: tuple[str, ...]) -> RawChunk:
    none = pa.array([], pa.int64())
    schema = pa.schema([(name, pa.string()) for name in columns])
    return RawChunk(rows=none, lines=none, cells=schema.empty_table())
