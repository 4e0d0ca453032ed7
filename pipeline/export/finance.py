"""Payments as finance opens them: a workbook whose totals are formulas, or CSV."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipeline.export.staging import private_file
from pipeline.export.tables import statement
from pipeline.export.wording import wording
from pipeline.files.formula import protect
from pipeline.files.publish import disk_errors, private_folder
from schemas.money import show_amount
from schemas.rules import rule

FOLDER = "finance"
DETAIL = (
    *("reference", "merchant_reference", "customer_id", "created", "completed"),
    *("currency", "amount", "fee", "net_amount", "status_group", "status"),
    *("channel", "description"),
)
TOTALS = (
    *("currency", "status_group", "status", "channel"),
    *("payments", "amount", "fee", "net_amount"),
)
ANOMALIES = ("reference", "rule", "field", "message", "advice")
_FETCH = 5_000


@dataclass(frozen=True, slots=True)
class Books:
    """The payments of a period as finance sees them, read from an open connection.

    `con` has the views `payments` and `paid`; `noted` is SQL for the exported rows
    with what was noted about them; `is_over` says whether the period has passed.
    """

    con: duckdb.DuckDBPyConnection
    noted: str
    values: Mapping[str, Any]
    period: str
    zone: str
    lang: str
    is_over: bool

    @property
    def words(self) -> Mapping[str, str]:
        """The texts in the language asked for."""
        return wording(self.lang)

    def totals(self) -> list[tuple[Any, ...]]:
        """Return one line a currency, status and channel, in the order of `TOTALS`."""
        return self.con.execute(statement("finance_totals")).fetchall()

    def detail(self, *, only_pending: bool = False) -> Iterator[tuple[Any, ...]]:
        """Yield the payments in the order of `DETAIL`."""
        values = {"zone": self.zone, "only_pending": only_pending}
        found = self.con.execute(statement("finance_detail"), values)
        while rows := found.fetchmany(_FETCH):
            yield from rows

    def anomalies(self) -> Iterator[tuple[Any, ...]]:
        """Yield what is odd about which payment, in the order of `ANOMALIES`."""
        sql = statement("anomalies", rows=self.noted)
        used = {name: value for name, value in self.values.items() if f"${name}" in sql}
        found = self.con.execute(sql, used)
        while rows := found.fetchmany(_FETCH):
            for reference, name, field, detail in rows:
                named = rule(name)
                message = named.message(self.lang, field=field, detail=detail)
                yield reference, name, field, message, named.advice(self.lang)

    def remarks(self) -> list[str]:
        """Return what a reader must know before adding anything up."""
        facts = self.con.execute(statement("finance_facts")).fetchall()[0]
        sandbox, pending, fees, nets = facts
        words, reasons = self.words, []
        if not self.is_over:
            reasons.append(words["not_over"])
        if pending:
            reasons.append(words["still_pending"].format(count=pending))
        told = [words["final"]]
        if reasons:
            told = [words["provisional"].format(reason=", ".join(reasons))]
        told.append(words["zone"].format(zone=self.zone))
        if fees or nets:
            told.append(words["unknown_fee"].format(fees=fees, nets=nets))
        told.append(words["refunds"])
        if sandbox:
            told.append(words["sandbox"].format(count=sandbox))
        return told


def write_csv(books: Books, folder: Path) -> list[Path]:
    """Write detail, totals and anomalies as CSV; return the files."""
    tables: Mapping[str, tuple[Sequence[str], Iterator[tuple[Any, ...]]]] = {
        "payments": (DETAIL, books.detail()),
        "totals": (TOTALS, iter(books.totals())),
        "anomalies": (ANOMALIES, books.anomalies()),
    }
    files = []
    for name, (columns, rows) in tables.items():
        path = private_folder(folder / FOLDER) / f"{name}-{books.period}.csv"
        heads = [books.words[column] for column in columns]
        with disk_errors(path), private_file(path) as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
            delimiter = ";" if books.lang == "fr" else ","
            writer = csv.writer(text, delimiter=delimiter)
            writer.writerow(heads)
            for row in rows:
                writer.writerow([_cell(value) for value in row])
            text.flush()
        files.append(path)
    return files


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return show_amount(value)
    return protect(str(value))
