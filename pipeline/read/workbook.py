"""Read the sheet of a workbook that holds the customers, through a child process."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from pipeline.read.chunks import Batch, ChunkMaker
from pipeline.read.columns import text_array
from pipeline.read.header import find_header, name_columns
from pipeline.read.process import Child
from pipeline.read.sheets import Sheet, choose, named
from pipeline.read.values import Layout, Note, RawChunk, ReadOptions
from pipeline.read.workbook_child import Packed

FACTS_APART = 4 << 20
"""Bytes from which a sheet's XML is looked through by a second child meanwhile."""


class SheetTable:
    """The chosen sheet of a workbook, its layout known."""

    def __init__(self, path: Path, name: str, layout: Layout, place: int) -> None:
        self.layout = layout
        self._path = path
        self._name = name
        self._place = place
        self._children: list[Child] = []

    def adopt(self, child: Child) -> None:
        """Keep a child that has the sheet loaded for the first walk."""
        self._children.append(child)

    def walk(self, chunk_rows: int) -> "_SheetChunks":
        """Return one pass over the rows."""
        return _SheetChunks(self, chunk_rows)

    def child(self) -> Child:
        """Return a child for one pass."""
        if self._children:
            return self._children.pop()
        return Child(self._path, self._name, self.layout.kind)

    @contextmanager
    def fact_child(self) -> Iterator["_Facts | None"]:
        """Look through the XML of a large sheet while its rows are read."""
        if self._path.stat().st_size < FACTS_APART or self.layout.kind != "xlsx":
            yield None
            return
        child = Child(self._path, self._name, self.layout.kind)
        try:
            yield _Facts(child, self.layout.sheet or "")
        finally:
            child.close()

    def close(self) -> None:
        """End a child that was never used."""
        while self._children:
            self._children.pop().close()

    def batches(self) -> Iterator[Batch]:
        """Yield the rows below the header as they come from a child."""
        child = self.child()
        width = len(self.layout.columns)
        try:
            child.ask(f"rows {self._place} {self.layout.header_line}")
            while (answer := child.answer())[0] == "rows":
                yield _batch(answer[1], answer[2], width)
        finally:
            child.close()


class _Facts:
    """What a second child finds in a sheet's XML, fetched when the rows are done."""

    def __init__(self, child: Child, sheet: str) -> None:
        self._child = child
        # In hex, since a command is words of one line and a name may hold anything.
        child.ask(f"facts {sheet.encode().hex()}")

    def notes(self) -> Iterator[Note]:
        """Yield what was found."""
        _, facts = self._child.answer()
        for rule, count in facts.items():
            yield Note(rule, {"count": count})


class _SheetChunks:
    """One walk through the rows of a sheet."""

    def __init__(self, table: SheetTable, chunk_rows: int) -> None:
        self._table = table
        self._maker = ChunkMaker(table.layout.columns, chunk_rows)
        self.notes: list[Note] = []

    def __iter__(self) -> Iterator[RawChunk]:
        with self._table.fact_child() as facts:
            for batch in self._table.batches():
                yield from self._maker.add(batch)
            yield from self._maker.end()
            if facts is not None:
                self.notes.extend(facts.notes())


def _batch(numbers: list[int], columns: list[Packed], width: int) -> Batch:
    arrays = [text_array(column) for column in columns[:width]]
    arrays += [pa.nulls(len(numbers), pa.string())] * (width - len(arrays))
    table = pa.table(arrays, names=[str(i) for i in range(width)])
    return Batch(range(len(numbers)), numbers, table, [], len(numbers))


def open_workbook(path: Path, name: str, form: str, options: ReadOptions) -> SheetTable:
    """Return the sheet that looks most like customers, or the one that is named.

    Raises:
        InputError: Locked, damaged, hostile, empty, or no such sheet.
    """
    child = Child(path, name, form)
    try:
        sheets = _sheets(child, options)
        chosen = choose(sheets, name, options)
        layout = _layout(chosen, sheets, name, form, options)
        if path.stat().st_size < FACTS_APART:
            more = _Facts(child, chosen.name).notes()
            layout = dataclasses.replace(layout, notes=(*layout.notes, *more))
    except BaseException:
        child.close()
        raise
    table = SheetTable(path, name, layout, chosen.place)
    table.adopt(child)
    return table


def _sheets(child: Child, options: ReadOptions) -> list[Sheet]:
    """Return the sheets of cells; one that is damaged stays empty beside good ones."""
    child.ask("sheets")
    _, described = child.answer()
    sheets = [
        Sheet(place, title, is_visible)
        for place, (title, is_visible, is_cells) in enumerate(described)
        if is_cells
    ]
    wanted = sheets if options.sheet is None else [named(sheets, options.sheet)]
    refusal = None
    for sheet in filter(None, wanted):
        child.ask(f"head {sheet.place}")
        answer = child.answer()
        if answer[0] == "unreadable":
            refusal = answer
            continue
        _, merged, rows = answer
        sheets[sheets.index(sheet)] = dataclasses.replace(
            sheet, merged=merged, rows=rows
        )
    if refusal and not any(sheet.rows for sheet in sheets):
        child.refuse(refusal[1], refusal[2])
    return sheets


def _layout(
    sheet: Sheet, sheets: Sequence[Sheet], name: str, form: str, options: ReadOptions
) -> Layout:
    rows = [[cell or "" for cell in cells] for _, cells in sheet.rows]
    header = find_header(rows, options.has_header, options.looks_like_customers)
    notes: list[Note] = []
    if header.skipped:
        first = sheet.rows[0][0]
        notes.append(Note("preamble_skipped", {"count": header.skipped}, first))
    if header.place < 0:
        width = len(rows[0])
        columns = tuple(f"column {i}" for i in range(1, width + 1))
        headers: tuple[str, ...] = ("",) * width
        line = sheet.rows[header.skipped - 1][0] if header.skipped else 0
        notes.append(Note("no_header", {"columns": width}))
    else:
        line = sheet.rows[header.place][0]
        headers = tuple(rows[header.place])
        columns, naming = name_columns(headers, line)
        notes.extend(naming)
    if sheet.merged:
        notes.append(Note("merged_cells", {"count": sheet.merged}))
    others = tuple(other.name for other in sheets if other is not sheet)
    if others:
        facts = {"sheet": sheet.name, "others": ", ".join(others)}
        notes.append(Note("other_sheets", facts))
    return Layout(
        name=name,
        kind=form,
        columns=columns,
        headers=headers,
        header_line=line,
        sheet=sheet.name,
        other_sheets=others,
        notes=tuple(notes),
    )
