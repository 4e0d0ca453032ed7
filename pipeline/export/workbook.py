"""The finance workbook: totals by real formulas over the detail that stands beside."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from pipeline.export.finance import ANOMALIES, DETAIL, FOLDER, TOTALS, Books
from pipeline.export.staging import private_file
from pipeline.files.publish import disk_errors, private_folder
from schemas.money import has_fraction

MOST_ROWS = 1_000_000
"""Rows of detail; a sheet holds 1,048,576."""

_KEYS = 4
_MONEY = ("amount", "fee", "net_amount")
_WIDE = {"description": 40, "message": 60, "advice": 60, "reference": 30}


def write_workbook(books: Books, folder: Path) -> Path:
    """Write the workbook of `books` below `folder`, sheet by sheet; return its path."""
    path = private_folder(folder / FOLDER) / f"payments-{books.period}.xlsx"
    with disk_errors(path), private_file(path) as file:
        options = {"constant_memory": True, "tmpdir": str(folder.parent)}
        with xlsxwriter.Workbook(file, options) as book:
            _Workbook(book, books).write()
    return path


class _Workbook:
    """The sheets and formats of one workbook."""

    def __init__(self, book: Any, books: Books) -> None:
        self._book = book
        self._books = books
        self._words = books.words
        self._bold = book.add_format({"bold": True})
        self._head = book.add_format(
            {"bold": True, "bg_color": "#DDE6F0", "bottom": 1, "text_wrap": True}
        )
        self._plain = book.add_format({"num_format": "#,##0"})
        self._cents = book.add_format({"num_format": "#,##0.00##"})
        self._sum = book.add_format(
            {"bold": True, "num_format": "#,##0.####", "top": 1}
        )

    def write(self) -> None:
        """Write every sheet; the detail comes first to know how long it is."""
        words, books = self._words, self._books
        names = ("totals", "detail", "pending", "anomalies")
        sheets = {name: self._book.add_worksheet(words[name]) for name in names}
        rows = self._table(sheets["detail"], DETAIL, books.detail())
        self._totals(sheets["totals"], max(rows, 1))
        self._table(sheets["pending"], DETAIL, books.detail(only_pending=True))
        self._table(sheets["anomalies"], ANOMALIES, books.anomalies())

    def _table(
        self,
        sheet: Any,
        columns: Sequence[str],
        rows: Iterable[Sequence[Any]],
    ) -> int:
        """Write a table and return how many rows it has."""
        for place, column in enumerate(columns):
            sheet.set_column(place, place, _WIDE.get(column, 18))
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, self._words[column], self._head)
        count = 0
        for row in rows:
            if count == MOST_ROWS:
                break
            count += 1
            for place, value in enumerate(row):
                self._cell(sheet, count, place, value, columns[place])
        sheet.autofilter(0, 0, max(count, 1), len(columns) - 1)
        return count

    def _cell(self, sheet: Any, row: int, place: int, value: Any, column: str) -> None:
        if isinstance(value, Decimal):
            shape = self._cents if has_fraction(value) else self._plain
            sheet.write_number(row, place, float(value), shape)
        elif isinstance(value, int):
            sheet.write_number(row, place, value, self._plain)
        elif value is not None:
            sheet.write_string(row, place, str(value))
        elif column in ("currency", "status", "channel"):
            # A formula finds a text, but not an empty cell.
            sheet.write_string(row, place, self._words["none"])

    def _totals(self, sheet: Any, rows: int) -> None:
        books = self._books
        sheet.set_column(0, len(TOTALS) - 1, 18)
        title = self._words["title"].format(period=books.period)
        sheet.write_string(0, 0, title, self._bold)
        at = 1
        for remark in books.remarks():
            sheet.write_string(at, 0, remark)
            at += 1
        if rows >= MOST_ROWS:
            sheet.write_string(at, 0, self._words["cut"].format(count=MOST_ROWS))
            at += 1
        at += 1
        for place, column in enumerate(TOTALS):
            sheet.write_string(at, place, self._words[column], self._head)
        first = at + 1
        lines = books.totals()
        for line in lines:
            at += 1
            for place in range(_KEYS):
                told = line[place] if line[place] is not None else self._words["none"]
                sheet.write_string(at, place, told)
            for place, column in enumerate(TOTALS[_KEYS:], _KEYS):
                formula = _formula(self._words["detail"], column, at, rows)
                value = line[place]
                sheet.write_formula(
                    at, place, formula, self._plain_or_cents(value), float(value)
                )
        self._sums(sheet, first, at, lines)

    def _plain_or_cents(self, value: Decimal | int) -> Any:
        is_cents = isinstance(value, Decimal) and has_fraction(value)
        return self._cents if is_cents else self._plain

    def _sums(
        self, sheet: Any, first: int, last: int, lines: Sequence[Sequence[Any]]
    ) -> None:
        """Add a line for each currency below the table: money never adds across them."""
        at = last + 1
        for currency in dict.fromkeys(line[0] for line in lines):
            at += 1
            sheet.write_string(at, 0, currency or self._words["none"], self._bold)
            sheet.write_string(at, 1, self._words["all"], self._bold)
            for place in range(_KEYS, len(TOTALS)):
                letter = chr(ord("A") + place)
                spans = f"$A${first + 1}:$A${last + 1},$A{at + 1}"
                formula = f"=SUMIF({spans},{letter}${first + 1}:{letter}${last + 1})"
                value = sum(line[place] for line in lines if line[0] == currency)
                sheet.write_formula(at, place, formula, self._sum, float(value))


def _formula(sheet: str, column: str, at: int, rows: int) -> str:
    """Return the formula that adds `column` of the detail for the keys in row `at`."""
    keys = ",".join(
        f"{_span(sheet, key, rows)},${chr(ord('A') + place)}{at + 1}"
        for place, key in enumerate(TOTALS[:_KEYS])
    )
    if column == "payments":
        return f"=COUNTIFS({keys})"
    return f"=SUMIFS({_span(sheet, column, rows)},{keys})"


def _span(sheet: str, column: str, rows: int) -> str:
    letter = chr(ord("A") + DETAIL.index(column))
    return f"'{sheet}'!${letter}$2:${letter}${rows + 1}"
