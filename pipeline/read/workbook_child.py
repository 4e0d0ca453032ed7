"""Reads one workbook in a process of its own, under limits; run by path, not imported.

It imports the standard library and calamine only, so that it starts quickly and its
memory limit holds nothing else. Commands come on standard input, one a line; answers
go to standard output as marshalled values, the first item of each is its kind.
"""

import datetime as dt
import decimal
import itertools
import marshal
import re
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

_BATCH = 10_000
_HEAD_ROWS = 60
_KEPT_CELLS = 3_000_000
"""Cells of loaded sheets that are kept, so that the chosen one is not loaded twice."""
_EXACT = 10**15
_DURATION = re.compile(r"-?PT(\d+)H(\d+)M(\d+)(?:\.\d+)?S")
_MIDNIGHT = dt.time(0)


def cell_text(cell: Any) -> str | None:
    """Return a cell as the text that a person would have typed, None where empty."""
    convert = _TEXTS.get(type(cell))
    return convert(cell) if convert else (str(cell) or None)


def _number_text(number: float) -> str:
    if number != number or number in (float("inf"), float("-inf")):
        return repr(number)
    if number.is_integer() and -_EXACT < number < _EXACT:
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


class _Book:
    """A workbook whose sheets are loaded when they are asked for."""

    def __init__(self, path: str) -> None:
        from python_calamine import CalamineWorkbook

        self._book = CalamineWorkbook.from_path(path)
        self._loaded: dict[int, Any] = {}

    def sheets(self) -> list[tuple[str, bool, bool]]:
        """Return name, whether it is visible and whether it is a sheet of cells."""
        return [
            (meta.name, "Visible" in str(meta.visible), "WorkSheet" in str(meta.typ))
            for meta in self._book.sheets_metadata
        ]

    def head(self, place: int) -> tuple[Any, ...]:
        """Return size, merged ranges and the first rows that hold something."""
        sheet = self._sheet(place)
        rows = list(itertools.islice(self._rows(place), _HEAD_ROWS))
        return sheet.height, sheet.width, _merged(sheet), rows

    def _sheet(self, place: int) -> Any:
        if place not in self._loaded:
            sheet = self._book.get_sheet_by_index(place)
            kept = sum(s.height * s.width for s in self._loaded.values())
            if kept + sheet.height * sheet.width > _KEPT_CELLS:
                self._loaded.clear()
            self._loaded[place] = sheet
        return self._loaded[place]

    def _rows(self, place: int) -> Iterator[tuple[int, list[str | None]]]:
        sheet = self._sheet(place)
        if sheet.start is None:
            return
        left = sheet.start[1]
        for number, row in enumerate(sheet.iter_rows(), start=1):
            cells = [c if type(c) is str else cell_text(c) for c in row[left:]]
            if any(cells):
                yield number, cells

    def batches(self, place: int, after: int) -> Iterator[tuple[list[int], list[Any]]]:
        """Yield sheet rows and columns of the rows below row `after`, blanks left out."""
        rows = (row for row in self._rows(place) if row[0] > after)
        while batch := list(itertools.islice(rows, _BATCH)):
            numbers = [number for number, _ in batch]
            columns = [
                [cell or None for cell in column]
                for column in zip(*(cells for _, cells in batch), strict=True)
            ]
            yield numbers, columns


def _merged(sheet: Any) -> int:
    return len(sheet.merged_cell_ranges or ())


def _serve(book: _Book, commands: Iterator[str], out: BinaryIO) -> None:
    for command in commands:
        verb, place, *rest = command.split()
        if verb == "head":
            marshal.dump(("head", *book.head(int(place))), out)
        else:
            for numbers, columns in book.batches(int(place), int(rest[0])):
                marshal.dump(("rows", numbers, columns), out)
            marshal.dump(("end",), out)
        out.flush()


def _limit(memory: int, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main() -> None:
    """Serve one workbook: `PATH MEMORY_BYTES CPU_SECONDS`."""
    path, memory, seconds = sys.argv[1:]
    out = sys.stdout.buffer
    _limit(int(memory), int(seconds))
    try:
        book = _Book(path)
        marshal.dump(("book", book.sheets()), out)
        out.flush()
        _serve(book, iter(sys.stdin.readline, ""), out)
    except BrokenPipeError:
        return
    except BaseException as error:  # noqa: BLE001 - a panic of calamine is no Exception
        marshal.dump(("error", type(error).__name__, str(error)[:300]), out)
        out.flush()


if __name__ == "__main__":
    main()
