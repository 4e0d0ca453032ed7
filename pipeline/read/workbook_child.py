"""Reads one workbook in a process of its own, under limits; run by path, not imported.

It imports the standard library and calamine only, so that it starts quickly and its
memory limit holds nothing else. Commands come on standard input, one a line; answers
go to standard output as marshalled values, the first item of each is its kind.
"""

import array
import datetime as dt
import decimal
import gc
import html
import io
import itertools
import marshal
import math
import re
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

_BATCH = 1_000
"""Rows an answer holds; with more, memory is given back and asked for all the time."""
_MARSHAL = 2
"""The version without references, which cells do not need."""
_HEAD_ROWS = 60
_KEPT_CELLS = 3_000_000
"""Cells of loaded sheets that are kept, so that the chosen one is not loaded twice."""
EXACT = 10**15
"""Below this every whole number is exact as a float."""
APART = "\0"
"""Stands between the texts of a packed column; XML cannot hold it."""
Packed = tuple[str, Any]
"""A column on its way: `texts` as one UTF-8 text, `numbers` as float64, else `cells`."""
_DURATION = re.compile(r"-?PT(\d+)H(\d+)M(\d+)(?:\.\d+)?S")
_MIDNIGHT = dt.time(0)
_ENDINGS = {
    "xlsx": (".xlsx", ".xlsm"),
    "xlsb": (".xlsb",),
    "xls": (".xls",),
    "ods": (".ods",),
}
_BOOK, _BOOK_LINKS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_XML_BLOCK = 1 << 20
_FACTS = {
    "error_cells": (b'"e"', rb'<c\b[^>]*\bt="e"'),
    "formula_cells": (b"<f", rb"<f[ >/]"),
    "formula_without_value": (
        b"<f",
        rb"(?:</f>|<f[^>]*/>)\s*(?:<v\s*/>|<v></v>)?\s*</c>",
    ),
    "hidden_rows": (b"hidden=", rb'<row\b[^>]*\bhidden="(?:1|true)"'),
    "hidden_columns": (b"hidden=", rb'<col\b[^>]*\bhidden="(?:1|true)"'),
}
"""What a sheet's XML tells: a text to look for first, and the pattern that is counted."""
_NEEDLES = frozenset(needle for needle, _ in _FACTS.values())


def cell_text(cell: Any) -> str | None:
    """Return a cell as the text that a person would have typed, None where empty."""
    convert = _TEXTS.get(type(cell))
    return convert(cell) if convert else (str(cell) or None)


def _number_text(number: float) -> str:
    if not math.isfinite(number):
        return repr(number)
    if number.is_integer() and -EXACT < number < EXACT:
        return str(int(number))
    text = repr(number)
    if "e" in text:
        return format(decimal.Decimal(text).normalize(), "f")
    return text.removesuffix(".0")


def _datetime_text(moment: dt.datetime) -> str:
    if moment.time() == _MIDNIGHT:
        return moment.date().isoformat()
    return moment.isoformat(sep=" ")


def _duration_text(duration: dt.timedelta) -> str:
    seconds = round(duration.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_TEXTS: dict[type, Callable[[Any], str | None]] = {
    str: lambda cell: cell or None,
    float: _number_text,
    bool: lambda cell: "TRUE" if cell else "FALSE",
    int: str,
    dt.datetime: _datetime_text,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: _duration_text,
    type(None): lambda _: None,
}


class Book:
    """A workbook that is opened, and its sheets loaded, when they are asked for."""

    def __init__(self, path: str, form: str) -> None:
        self._path = path
        self._form = form
        self._loaded: dict[int, Any] = {}

    @cached_property
    def _book(self) -> Any:
        """Open by content: calamine itself would believe the name of a path."""
        from python_calamine import CalamineWorkbook

        if self._path.lower().endswith(_ENDINGS[self._form]):
            return CalamineWorkbook.from_path(self._path)
        return CalamineWorkbook.from_filelike(io.BytesIO(Path(self._path).read_bytes()))

    def sheets(self) -> list[tuple[str, bool, bool]]:
        """Return name, whether it is visible and whether it is a sheet of cells."""
        return [
            (meta.name, "Visible" in str(meta.visible), "WorkSheet" in str(meta.typ))
            for meta in self._book.sheets_metadata
        ]

    def head(self, place: int) -> tuple[Any, ...]:
        """Return the count of merged ranges and the first rows that hold something."""
        sheet = self._sheet(place)
        head = itertools.islice(self._rows(place), _HEAD_ROWS)
        rows = [(number, [cell_text(cell) for cell in row]) for number, row in head]
        return _merged(sheet), rows

    def facts(self, name: str) -> dict[str, int]:
        """Return what the sheet's XML tells beyond its values (xlsx only)."""
        return xlsx_facts(self._path, name) if self._form == "xlsx" else {}

    def _sheet(self, place: int) -> Any:
        if place not in self._loaded:
            sheet = self._book.get_sheet_by_index(place)
            kept = sum(s.height * s.width for s in self._loaded.values())
            if kept + sheet.height * sheet.width > _KEPT_CELLS:
                self._loaded.clear()
            self._loaded[place] = sheet
        return self._loaded[place]

    def _rows(self, place: int) -> Iterator[tuple[int, list[Any]]]:
        """Yield sheet row and raw cells of each row that holds something."""
        sheet = self._sheet(place)
        if sheet.start is None:
            return
        for number, row in enumerate(sheet.iter_rows(), start=1):
            # A row of zeros is not blank although `any` says so.
            if any(row) or any(cell != "" for cell in row):
                yield number, row

    def batches(self, place: int, after: int) -> Iterator[tuple[list[int], list[Any]]]:
        """Yield sheet rows and columns of the rows below row `after`, blanks left out."""
        rows = (row for row in self._rows(place) if row[0] > after)
        while batch := list(itertools.islice(rows, _BATCH)):
            numbers, cells = zip(*batch, strict=True)
            yield list(numbers), [pack(column) for column in zip(*cells, strict=True)]


def pack(column: Sequence[Any]) -> Packed:
    """Return the cells of a column so that they travel and are unpacked quickly."""
    kinds = set(map(type, column))
    if kinds == {float}:
        return "numbers", array.array("d", column).tobytes()
    if kinds != {str}:
        column = [c if type(c) is str else cell_text(c) or "" for c in column]
    whole = APART.join(column)
    if whole.count(APART) == len(column) - 1:
        return "texts", whole.encode()
    return "cells", list(column)


def xlsx_facts(path: str, name: str) -> dict[str, int]:
    """Return counts of what the XML of the sheet called `name` tells."""
    with zipfile.ZipFile(path) as archive:
        part = _sheet_part(archive, name)
        if part is None:
            return {}
        facts = dict.fromkeys(_FACTS, 0)
        with archive.open(part) as stream:
            rest = b""
            while block := stream.read(_XML_BLOCK):
                whole, end, rest = (rest + block).rpartition(b"</c>")
                _count_facts(whole + end, facts)
            _count_facts(rest, facts)
    return {fact: count for fact, count in facts.items() if count}


def _count_facts(xml: bytes, facts: dict[str, int]) -> None:
    there = {needle for needle in _NEEDLES if needle in xml}
    for fact, (needle, pattern) in _FACTS.items():
        if needle in there:
            facts[fact] += len(re.findall(pattern, xml))


def _sheet_part(archive: zipfile.ZipFile, name: str) -> str | None:
    """Return the member that holds the sheet called `name`, None where unusual."""
    members = set(archive.namelist())
    if not {_BOOK, _BOOK_LINKS} <= members:
        return None
    book = archive.read(_BOOK).decode("utf-8", "replace")
    links = archive.read(_BOOK_LINKS).decode("utf-8", "replace")
    targets = {
        _attribute(link, "Id"): _attribute(link, "Target")
        for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links)
    }
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        if html.unescape(_attribute(tag, "name")) == name:
            target = targets.get(_attribute(tag, r"\w+:id"), "").removeprefix("/")
            part = target if target.startswith("xl/") else f"xl/{target}"
            return part if part in members else None
    return None


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"""\s{name}=["']([^"']*)["']""", tag)
    return match[1] if match else ""


def _merged(sheet: Any) -> int:
    return len(sheet.merged_cell_ranges or ())


def serve(book: Book, commands: Iterator[str], out: BinaryIO) -> None:
    """Answer each command on `out`."""
    for command in commands:
        verb, *rest = command.split()
        if verb == "sheets":
            _send(out, ("sheets", book.sheets()))
        elif verb == "facts":
            _send(out, ("facts", book.facts(bytes.fromhex("".join(rest)).decode())))
        elif verb == "head":
            _send(out, _head(book, int(rest[0])))
        else:
            for numbers, columns in book.batches(int(rest[0]), int(rest[1])):
                _send(out, ("rows", numbers, columns))
            _send(out, ("end",))
        out.flush()


def _send(out: BinaryIO, answer: tuple[Any, ...]) -> None:
    """Write an answer with its length, so that it is read back in one piece."""
    data = marshal.dumps(answer, _MARSHAL)
    out.write(len(data).to_bytes(8, "little"))
    out.write(data)


def _head(book: Book, place: int) -> tuple[Any, ...]:
    """Answer a sheet's head, or why this sheet alone cannot be read."""
    try:
        return ("head", *book.head(place))
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of calamine is no Exception
        return ("unreadable", *_told(error))


def _told(error: BaseException) -> tuple[str, str]:
    return type(error).__name__, str(error)[:300]


def _limit(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Serve one workbook: `PATH FORM MEMORY_BYTES CPU_SECONDS`."""
    path, form, memory, seconds = sys.argv[1:]
    out = sys.stdout.buffer
    gc.disable()  # nothing here makes cycles, and looking for them costs a third
    _limit(int(memory), int(seconds))
    try:
        serve(Book(path, form), iter(sys.stdin.readline, ""), out)
    except BrokenPipeError:
        return
    except BaseException as error:  # noqa: BLE001 - a panic of calamine is no Exception
        _send(out, ("error", *_told(error)))
        out.flush()


if __name__ == "__main__":
    main()
