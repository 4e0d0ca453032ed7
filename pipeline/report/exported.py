"""The sections of a page about an export: tables, books, money by status."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pipeline.report import charts
from pipeline.report.folder import PageFacts
from pipeline.report.parts import Cell, Section, Table
from pipeline.report.sections import repairs
from pipeline.report.words import NOTHING, Words
from pipeline.report.workings import figure, traffic

JSON = Any

_TONES = {
    "success": "good",
    "pending": "warn",
    "failed": "bad",
    "cancelled": "idle",
    "refunded": "calm",
    "other": "idle",
}
_BOOKS = "export/manifest/tables"


def section(facts: PageFacts, words: Words) -> Iterator[Section]:
    """Yield the sections of an export's page."""
    manifest = facts.summary.get("export", {}).get("manifest", {})
    tables: Mapping[str, JSON] = manifest.get("tables", {})
    if tables:
        yield _tables(tables, words)
    sums = tables.get("payments", {}).get("sums")
    if sums:
        yield _money(sums, words, manifest["timezone"])
    if facts.summary["findings"]:
        yield repairs(facts, words)
    yield traffic(facts, words)


def _tables(tables: Mapping[str, JSON], words: Words) -> Section:
    def cell(name: str, table: Mapping[str, JSON], key: str) -> Cell:
        value = table.get(key)
        if value is None:
            return Cell(NOTHING)
        return figure(words, value, f"{_BOOKS}/{name}/{key}".replace("//", "/"))

    rows = tuple(
        (
            Cell(words.text("table", name)),
            cell(name, table, "rows"),
            cell(name, table, "totals"),
            cell(name, table, "difference"),
            Cell(words.size(table["bytes"])),
        )
        for name, table in tables.items()
    )
    head = ("table", "rows", "told_by_api", "difference", "size")
    return Section(
        "tables",
        words.text("section", "tables"),
        tables=(
            Table(
                words.text("section", "tables"),
                tuple(words.text("head", name) for name in head),
                rows,
                frozenset((1, 2, 3, 4)),
            ),
        ),
    )


def _money(sums: Mapping[str, JSON], words: Words, zone: str) -> Section:
    groups: Counter[str] = Counter()
    rows = []
    for currency, statuses in sorted(sums.items()):
        for status, told in sorted(statuses.items()):
            groups[told["status_group"]] += told["payments"]
            path = f"{_BOOKS}/payments/sums/{currency}/{status}"
            amount = Decimal(told["amount"])
            digits = 0 if amount == amount.to_integral_value() else 2
            rows.append(
                (
                    Cell(currency),
                    Cell(status, tone=_TONES.get(told["status_group"], "idle")),
                    figure(words, told["payments"], f"{path}/payments"),
                    Cell(
                        words.number(amount, digits),  # type: ignore[arg-type]  # formats alike
                        path=f"{path}/amount",
                        value=told["amount"],
                    ),
                )
            )
    title = words.text("chart", "money")
    items = [
        charts.Bar(
            words.text("group", group),
            count,
            words.number(count),
            _TONES.get(group, "idle"),
        )
        for group, count in groups.most_common()
    ]
    return Section(
        "money",
        words.text("section", "money"),
        texts=(words.text("told", "month_means", zone=zone),),
        chart=charts.bars("money", title, items),
        chart_title=title,
        tables=(
            Table(
                title,
                tuple(
                    words.text("head", name)
                    for name in ("currency", "status", "count", "amount")
                ),
                tuple(rows),
                frozenset((2, 3)),
            ),
        ),
    )
