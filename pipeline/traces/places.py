"""Which files may hold a person, and in which format each is read."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.files.run_folder import RunFolder
from pipeline.privacy.marks import Marks
from pipeline.traces.originals import Original
from pipeline.traces.parquet import (
    Pages,
    ParquetTable,
    customers_cell,
    payments_cell,
    run_cell,
)
from pipeline.traces.texts import Findings, Leftovers, Pairs, Text, rows_in
from pipeline.traces.values import Format, Trace, Who
from pipeline.traces.workbooks import Derived, Finance
from schemas.exports import LATEST, MANIFEST, SUCCESS

PROOFS = "erasures"
"""Folder of the proofs below the runs folder; they hold nobody in clear."""

_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_OWN = ("state.db", "state.key", "pace.db")
_NUMBERED = ("rejected.csv", "review.csv", "failed.csv", "not_attempted.csv")


def run_traces(root: Path, marks: Marks, account: str | None) -> Iterator[Trace]:
    """Yield the files of every run of `account` that hold the person."""
    for folder in run_folders(root, account):
        who = Who(marks, rows_of(folder, marks))
        for path in _files(folder):
            found = _trace("runs", path, run_format(path), who)
            if found is not None:
                yield found
    for path in sorted(p for p in root.glob("*") if p.is_file()):
        if not path.name.startswith(_OWN):
            found = _trace("runs", path, Text(), Who(marks))
            if found is not None:
                yield found


def run_who(root: Path, marks: Marks) -> Callable[[Path], Who]:
    """Return whom to take out of a file of a run: also by row number."""

    @cache
    def of(folder: Path) -> Who:
        return Who(marks, rows_of(folder, marks) if folder.is_dir() else frozenset())

    return lambda path: of(root / path.relative_to(root).parts[0])


def export_traces(root: Path, marks: Marks) -> Iterator[Trace]:
    """Yield the files of every export, and of the closed months, that hold the person."""
    for path in _files(root):
        if path.name not in (MANIFEST, SUCCESS):
            found = _trace("exports", path, export_format(path), Who(marks))
            if found is not None:
                yield found


def inbox_traces(root: Path, marks: Marks, region: str) -> Iterator[Trace]:
    """Yield the files of an inbox, and of the folders in it, that hold the person."""
    for path in _files(root):
        found = _trace("inbox", path, inbox_format(path, region), Who(marks))
        if found is not None:
            yield found


def rows_of(folder: Path, marks: Marks) -> frozenset[int]:
    """Return the row numbers of the person in a run, as all its files tell them."""
    who = Who(marks)
    rows: set[int] = set()
    for name in ("plan.parquet", "outcomes.parquet"):
        if (folder / name).is_file():
            found = ParquetTable(run_cell).rows(folder / name, who)
            rows.update(found)
    for name in (*_NUMBERED, "findings.jsonl"):
        if (folder / name).is_file():
            rows.update(rows_in(folder / name, who))
    outcomes = RunFolder(folder.parent, folder.name).outcomes
    return _with_merged(outcomes, rows) if rows and outcomes.is_file() else _set(rows)


def _set(rows: set[int]) -> frozenset[int]:
    return frozenset(rows - {0})


def _with_merged(outcomes: Path, rows: set[int]) -> frozenset[int]:
    """Return rows with those that carry them, and those that they carry."""
    table = pq.read_table(outcomes, columns=["row", "merged_into_row"])
    pairs = [
        (row, into)
        for row, into in zip(*(c.to_pylist() for c in table.columns), strict=True)
        if into is not None
    ]
    while more := {r for p in pairs if rows.intersection(p) for r in p} - rows:
        rows |= more
    return _set(rows)


def run_format(path: Path) -> Format:
    """Return the format of a file in a run's folder."""
    if path.suffix == ".parquet":
        return ParquetTable(run_cell)
    if path.suffix in _WORKBOOKS:
        return Derived()
    if path.name == "findings.jsonl":
        return Findings()
    if path.name == "review_pairs.csv":
        return Pairs()
    return Leftovers() if path.name in _NUMBERED else Text()


def export_format(path: Path) -> Format:
    """Return the format of a file below the exports folder."""
    if path.suffix == ".parquet" and (path.parent / "pages.jsonl").is_file():
        return Pages()
    if path.suffix in _WORKBOOKS:
        return Finance()
    if path.suffix != ".parquet":
        return Text()
    if "customers" in path.parts[-3:-1]:
        return ParquetTable(customers_cell, ("id",))
    return ParquetTable(payments_cell)


def inbox_format(path: Path, region: str) -> Format:
    """Return the format of a file in an inbox."""
    if path.name == "review_pairs.csv":
        return Pairs()
    if path.suffix in (".json", ".jsonl", ".html", ".log", ".txt", ".md"):
        return Findings() if path.name.endswith("findings.jsonl") else Text()
    return Original(region)


def format_of(trace: Trace, region: str) -> Format:
    """Return the format by which a trace was found."""
    if trace.place == "runs":
        return run_format(trace.path)
    if trace.place == "exports":
        return export_format(trace.path)
    return inbox_format(trace.path, region)


def staging_of(root: Path) -> Iterator[Path]:
    """Yield the staging folders of runs: databases at work, which cannot be rewritten."""
    for folder in run_folders(root, None):
        if (folder / "staging").is_dir():
            yield folder / "staging"


def _trace(place: str, path: Path, form: Format, who: Who) -> Trace | None:
    found = form.find(path, who)
    if not found:
        return None
    return Trace(place, path, form.kind, form.act, len(found), tuple(found))


def run_folders(root: Path, account: str | None) -> list[Path]:
    """Return the folders of the runs of `account`, and of those that name none."""
    if not root.is_dir():
        return []
    folders = sorted(p for p in root.iterdir() if p.is_dir() and p.name != PROOFS)
    return [folder for folder in folders if not _is_foreign(folder, account)]


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder; staging and what `latest` points to are not twice."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        is_at_work = path.name == "staging" and (path.parent / "summary.json").exists()
        if path.is_symlink() or is_at_work or path.name == LATEST:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _is_foreign(folder: Path, account: str | None) -> bool:
    """Tell whether a run is of another account, as its summary says."""
    try:
        told = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    of = told.get("account") if isinstance(told, dict) else None
    return account is not None and of not in (None, account)
