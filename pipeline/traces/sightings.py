"""Records of somebody in the files of runs, by field: what tells the person's name."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.match.known import email_key, phone_key
from pipeline.privacy.marks import Marks
from pipeline.privacy.person import Sighting
from pipeline.traces.parquet import ParquetTable, run_cell
from pipeline.traces.texts import Leftovers
from pipeline.traces.values import Who

_FIELDS = ("name", "email", "phone")
_LEFTOVERS = ("rejected.csv", "review.csv", "failed.csv", "not_attempted.csv")


def run_sightings(folder: Path, marks: Marks, region: str) -> Iterator[Sighting]:
    """Yield the records in a run's plan and leftovers that hold a contact of `marks`."""
    plan = folder / "plan.parquet"
    if plan.is_file():
        yield from _planned(plan, Who(marks), region)
    roles = _roles(folder / "summary.json")
    for name in _LEFTOVERS:
        path = folder / name
        if path.is_file():
            for cells in Leftovers().find(path, Who(marks)):
                yield _left(cells, roles, region)


def _planned(path: Path, who: Who, region: str) -> Iterator[Sighting]:
    rows = ParquetTable(run_cell).rows(path, who)
    told: dict[int, dict[str, str]] = {}
    columns = ["row", "customer_id", "field", "new"]
    filters = [("row", "in", sorted(rows))] if rows else None
    if filters is None:
        return
    for line in pq.read_table(path, columns=columns, filters=filters).to_pylist():
        cells = told.setdefault(line["row"], {})
        if line["field"] in _FIELDS and line["new"]:
            cells[line["field"]] = line["new"]
        if line["customer_id"]:
            cells["id"] = line["customer_id"]
    for cells in told.values():
        yield _sighting(cells, region)


def _left(cells: Mapping[str, Any], roles: Mapping[str, str], region: str) -> Sighting:
    told: dict[str, str] = {}
    for column, cell in cells.items():
        role = roles.get(column, "")
        if cell and role in _FIELDS:
            told.setdefault(role, cell.removeprefix("'"))
    parts = [
        cells[column]
        for wanted in ("first_name", "last_name")
        for column, role in roles.items()
        if role == wanted and cells.get(column)
    ]
    if "name" not in told and parts:
        told["name"] = " ".join(parts)
    return _sighting(told, region)


def _sighting(told: Mapping[str, str], region: str) -> Sighting:
    return Sighting(
        told.get("id"),
        told.get("name"),
        email_key(told.get("email")),
        phone_key(told.get("phone"), region),
    )


def _roles(path: Path) -> dict[str, str]:
    """Return the role of each column, as the summary tells what was recognised."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        columns = told["reading"]["columns"]
        return {c["column"]: c["role"] for c in columns}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
