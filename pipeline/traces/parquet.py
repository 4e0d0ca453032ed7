"""Parquet files: tables of a run and of an export, rewritten without the person."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.files.publish import atomic
from pipeline.match.known import email_key, phone_key
from pipeline.privacy.marks import Marks
from pipeline.privacy.person import Sighting
from pipeline.privacy.redact import redacted
from pipeline.traces.values import JSON, Who

_BATCH = 100_000
_OF_CUSTOMER = ("customer_id", "a_customer_id", "b_customer_id")
_JSON_COLUMNS = ("metadata", "extra")
_VALUES = ("old", "new", "reason", "written", "found", "note")
"""Columns of the tables of runs that hold a person's values."""

Blank = Callable[[str, str, Marks], str | None]
"""Returns what stays of (column, cell) of a record that is the person's."""


class ParquetTable:
    """A Parquet file whose records may be the person's.

    Args:
        ids: Columns that hold a customer's id.
        blank: What stays of a text cell.
    """

    kind = "parquet"
    act = "blank"

    def __init__(self, blank: Blank, ids: tuple[str, ...] = _OF_CUSTOMER) -> None:
        self._blank = blank
        self._ids = ids

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the records that hold something in clear."""
        return [
            record
            for batch in _batches(path)
            for place in places_in(batch, who, self._ids)
            if self._holds(record := batch.slice(place, 1).to_pylist()[0], who)
        ]

    def rows(self, path: Path, who: Who) -> set[int]:
        """Return the `row` of every record that is the person's."""
        return {
            batch["row"][place].as_py()
            for batch in _batches(path)
            for place in places_in(batch, who, self._ids)
        }

    def erase(self, path: Path, who: Who) -> None:
        """Rewrite the file; its schema, order and number of records stay."""
        with pq.ParquetFile(path) as file:
            # DuckDB declares a column without nulls as one that can have none.
            fields = [field.with_nullable(True) for field in file.schema_arrow]
            schema = pa.schema(fields, file.schema_arrow.metadata)
            mode = path.stat().st_mode & 0o777
            with (
                atomic(path, mode=mode) as draft,
                pq.ParquetWriter(draft, schema, compression="zstd") as writer,
            ):
                for batch in file.iter_batches(_BATCH):
                    table = pa.Table.from_batches([batch]).cast(schema)
                    writer.write_table(self._without(table, who))

    def _without(self, table: pa.Table, who: Who) -> pa.Table:
        places = places_in(table, who, self._ids)
        for place, field in enumerate(table.schema):
            if not places or not _is_text(field.type):
                continue
            cells = table.column(place).to_pylist()
            for at in places:
                if cells[at] is not None:
                    cells[at] = self._blank(field.name, cells[at], who.marks)
            table = table.set_column(place, field, pa.array(cells, field.type))
        return table

    def _holds(self, record: dict[str, JSON], who: Who) -> bool:
        """Tell whether erasing would change anything of a record."""
        return any(
            isinstance(cell, str) and self._blank(name, cell, who.marks) != cell
            for name, cell in record.items()
        )


class Pages(ParquetTable):
    """Pages that an interrupted export read: removed, and read again if need be."""

    act = "remove"

    def __init__(self) -> None:
        super().__init__(other_cell)

    def erase(self, path: Path, who: Who) -> None:
        """Remove the file."""
        del who
        path.unlink()


def places_in(
    table: pa.Table, who: Who, ids: tuple[str, ...] = _OF_CUSTOMER
) -> list[int]:
    """Return the places of the records that are the person's; `ids` are id columns."""
    sure: set[int] = set()
    maybe: set[int] = set()
    for name in table.column_names:
        column = table.column(name)
        if name == "row" and who.rows:
            wanted = pa.array(sorted(who.rows), column.type)
            sure.update(_where(pc.is_in(column, value_set=wanted)))
        if not _is_text(column.type):
            continue
        if name in ids and who.marks.ids:
            wanted = pa.array(sorted(who.marks.ids), column.type)
            sure.update(_where(pc.is_in(column, value_set=wanted)))
        hits = pc.match_substring_regex(column, who.marks.loose, ignore_case=True)
        maybe.update(_where(hits))
    for place in maybe - sure:
        record = table.slice(place, 1).to_pylist()[0]
        if who.marks.is_theirs(c for c in record.values() if isinstance(c, str)):
            sure.add(place)
    return sorted(sure)


def sightings_of(
    table: pa.Table, places: Iterable[int], region: str
) -> Iterator[Sighting]:
    """Yield the exported customers at `places`."""
    for place in places:
        told = table.slice(place, 1).to_pylist()[0]
        email, phone = email_key(told["email"]), phone_key(told["phone"], region)
        yield Sighting(told["id"], told["name"], email, phone)


def _batches(path: Path) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH):
            yield pa.Table.from_batches([batch])


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _where(mask: Any) -> list[int]:
    found: list[int] = pc.indices_nonzero(mask.fill_null(False)).to_pylist()
    return found


def customers_cell(column: str, cell: str, marks: Marks) -> str | None:
    """Keep of a customer what is nobody's name: id, country, times."""
    if column in ("name", "email", "phone", "phone_e164"):
        return None
    if column in _JSON_COLUMNS:
        return "{}"
    return cell if column in ("id", "country") else marks.redact(cell)


def payments_cell(column: str, cell: str, marks: Marks) -> str | None:
    """Keep references and amounts of a payment; who paid goes."""
    if column in ("reference", "id", "customer_id"):
        return cell
    if column in _JSON_COLUMNS:
        return json.dumps(redacted(_parsed(cell), marks), ensure_ascii=False)
    return marks.redact(cell)


def run_cell(column: str, cell: str, marks: Marks) -> str | None:
    """Keep the books of a run: rows, outcomes, ids and rules; values and reasons go."""
    if column in _VALUES:
        return None
    return cell if column.endswith("_id") else marks.redact(cell)


def other_cell(column: str, cell: str, marks: Marks) -> str | None:
    """Take contacts and names out of a text, whatever the column."""
    del column
    return marks.redact(cell)


def _parsed(cell: str) -> JSON:
    try:
        return json.loads(cell)
    except ValueError:
        return {}
