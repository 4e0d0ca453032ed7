"""The workbook of a reconciliation: what came of it, then line by line."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter

from pipeline.export.reconcile import Reconciled, lines_of
from pipeline.export.staging import private_file
from pipeline.files.publish import disk_errors
from schemas.money import has_fraction
from schemas.reconciliation import AGREEING, TABLES

MOST_ROWS = 1_000_000
"""Lines in the workbook; the table holds all."""

_EN: Mapping[str, str] = {
    "summary": "Summary",
    "lines": "Lines",
    "lines_count": "Lines",
    "equal": "Equal",
    "changed": "Changed since",
    "missing": "Missing",
    "extra": "Not from an import",
    "matched": "Matched",
    "amount_differs": "Amount differs",
    "status_differs": "Status differs",
    "only_mine": "Only in my list",
    "only_notch_pay": "Only at Notch Pay",
    "result": "Result",
    "customer_id": "Customer",
    "field": "Field",
    "written": "Written by the import",
    "found": "In the export",
    "run_id": "Run",
    "row": "Row",
    "note": "Note",
    "line": "Line",
    "my_reference": "My reference",
    "reference": "Notch Pay reference",
    "merchant_reference": "Merchant reference",
    "my_amount": "My amount",
    "amount": "Notch Pay amount",
    "difference": "Difference",
    "currency": "Currency",
    "my_status": "My status",
    "status": "Status",
    "status_group": "Group",
    "created_at": "Created",
}
_FR: Mapping[str, str] = {
    "summary": "Résumé",
    "lines": "Lignes",
    "lines_count": "Lignes",
    "equal": "Identique",
    "changed": "Modifié depuis",
    "missing": "Manquant",
    "extra": "Hors import",
    "matched": "Concordant",
    "amount_differs": "Montant différent",
    "status_differs": "Statut différent",
    "only_mine": "Seulement dans ma liste",
    "only_notch_pay": "Seulement chez Notch Pay",
    "result": "Résultat",
    "customer_id": "Client",
    "field": "Champ",
    "written": "Écrit par l'import",
    "found": "Dans l'export",
    "run_id": "Exécution",
    "row": "Ligne du fichier",
    "note": "Remarque",
    "line": "Ligne",
    "my_reference": "Ma référence",
    "reference": "Référence Notch Pay",
    "merchant_reference": "Référence marchand",
    "my_amount": "Mon montant",
    "amount": "Montant Notch Pay",
    "difference": "Écart",
    "currency": "Devise",
    "my_status": "Mon statut",
    "status": "Statut",
    "status_group": "Groupe",
    "created_at": "Créé",
}


def result_words(lang: str) -> Mapping[str, str]:
    """Return headings and results in `lang`; what is not French is English."""
    return MappingProxyType(dict(_FR if lang == "fr" else _EN))


def write_book(done: Reconciled, path: Path, *, lang: str, zone: str) -> Path:
    """Write the workbook of `done` as `path`; times are those of `zone`."""
    with disk_errors(path), private_file(path) as file:
        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "default_date_format": "yyyy-mm-dd hh:mm:ss",
        }
        with xlsxwriter.Workbook(file, options) as book:
            _Book(book, done, result_words(lang), ZoneInfo(zone)).write()
    return path


class _Book:
    """The two sheets of a reconciliation."""

    def __init__(
        self, book: Any, done: Reconciled, words: Mapping[str, str], zone: ZoneInfo
    ) -> None:
        self._book = book
        self._done = done
        self._words = words
        self._zone = zone
        self._head = book.add_format({"bold": True, "bg_color": "#DDE6F0", "bottom": 1})
        self._odd = book.add_format({"bg_color": "#FCE8D5"})
        self._plain = book.add_format({"num_format": "#,##0"})
        self._cents = book.add_format({"num_format": "#,##0.00##"})

    def write(self) -> None:
        """Write the counts, then the lines."""
        summary = self._book.add_worksheet(self._words["summary"])
        lines = self._book.add_worksheet(self._words["lines"])
        rows = self._write_lines(lines)
        self._write_summary(summary, rows)

    def _write_summary(self, sheet: Any, rows: int) -> None:
        words = self._words
        sheet.set_column(0, 1, 28)
        sheet.write_row(0, 0, [words["result"], words["lines_count"]], self._head)
        for at, (result, count) in enumerate(self._done.counts.items(), 1):
            shape = self._odd if count and result not in AGREEING else None
            sheet.write_string(at, 0, words[result], shape)
            span = f"'{words['lines']}'!$A$2:$A${rows + 1}"
            sheet.write_formula(
                at, 1, f"=COUNTIF({span},$A{at + 1})", self._plain, count
            )

    def _write_lines(self, sheet: Any) -> int:
        columns = TABLES[self._done.kind].names
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(columns) - 1, 20)
        sheet.write_row(0, 0, [self._words[name] for name in columns], self._head)
        count = 0
        for line in lines_of(self._done.table):
            if count == MOST_ROWS:
                break
            count += 1
            shape = None if line["result"] in AGREEING else self._odd
            sheet.write_string(count, 0, self._words[line["result"]], shape)
            for place, name in enumerate(columns[1:], 1):
                self._cell(sheet, count, place, line[name])
        sheet.autofilter(0, 0, max(count, 1), len(columns) - 1)
        return max(count, 1)

    def _cell(self, sheet: Any, row: int, place: int, value: Any) -> None:
        if isinstance(value, Decimal):
            shape = self._cents if has_fraction(value) else self._plain
            sheet.write_number(row, place, float(value), shape)
        elif isinstance(value, int):
            sheet.write_number(row, place, value, self._plain)
        elif isinstance(value, datetime):
            local = value.astimezone(self._zone).replace(tzinfo=None)
            sheet.write_datetime(row, place, local)
        elif value is not None:
            sheet.write_string(row, place, str(value))
