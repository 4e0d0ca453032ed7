"""Hand a run over to people: workbooks, review file, page; `report RUN` writes it anew."""

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import DiskError, UsageError
from pipeline.files.mirror import run_folder, send, shown
from pipeline.files.run_folder import RunFolder
from pipeline.report.doubts import doubts
from pipeline.report.pairs import pair_line, write_pairs_book, write_pairs_csv
from pipeline.report.words import Words
from pipeline.runs.decided import unanswered
from pipeline.runs.rejected_book import BookOrder, Shown, write_book
from pipeline.runs.results import leftover_lines
from pipeline.runs.staging import raw_parts
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from schemas.outcomes import Outcome

_ALWAYS = ("import", "undo", "export")
_NAMES = ("name", "first_name", "last_name")
_FIELDS = ("name", "email", "phone", "country", "external_id")


class FileFacts(Protocol):
    """What is known of the file."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns as read."""
        ...

    @property
    def delimiter(self) -> str:
        """What separates them in the leftovers too."""
        ...


class Told(Protocol):
    """The parts of a summary that are read and filled here."""

    command: str
    rows: dict[str, int]
    reading: Mapping[str, Any]
    extra: dict[str, Any]


def hand_over(
    summary: Told,
    folder: RunFolder,
    bench: Workbench,
    facts: FileFacts,
    lang: str,
    book: Future[Shown] | None = None,
) -> None:
    """Write the workbooks and the review file, and count what the page tells.

    `book` is `rejected.xlsx` where it was begun before.
    """
    roles = roles_of(summary.reading)
    summary.extra["reasons"] = _reasons(bench)
    summary.extra["quality"] = _quality(bench, folder, roles)
    review = _review_files(folder, bench, facts, Words(lang))
    if book is None:
        total = summary.rows.get(Outcome.REJECTED, 0)
        order = BookOrder(folder, facts.columns, roles, total, lang)
        shown = write_book(order, leftover_lines(bench, lang, (Outcome.REJECTED,)))
    else:
        shown = book.result()
    summary.extra["files"] = {**shown, **review}


def roles_of(reading: Mapping[str, Any]) -> dict[str, str]:
    """Return the role of each column as recognised."""
    return {entry["column"]: entry["role"] for entry in reading.get("columns", ())}


def _reasons(bench: Workbench) -> dict[str, dict[str, int]]:
    """Return rows by outcome and rule."""
    found: dict[str, dict[str, int]] = {}
    for outcome, rule, count in bench.con.execute(
        """SELECT outcome, rule, count(*) FROM outcome WHERE rule IS NOT NULL
        GROUP BY ALL ORDER BY outcome, count(*) DESC, rule"""
    ).fetchall():
        found.setdefault(outcome, {})[rule] = count
    return found


def _quality(
    bench: Workbench, folder: RunFolder, roles: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """Return, field by field, rows with something in it and rows with a good value."""
    columns = {
        field: [c for c, role in roles.items() if role in _roles_of(field)]
        for field in _FIELDS
    }
    filled = dict.fromkeys((f for f in _FIELDS if columns[f]), 0)
    for part in raw_parts(folder.staging):
        for field in filled:
            filled[field] += _filled(part.cells, columns[field])
    if not filled:
        return {}
    counts = ", ".join(f"count({field})" for field in filled)
    (usable,) = bench.con.execute(f"SELECT {counts} FROM prepared").fetchall()
    return {
        field: {"filled": filled[field], "usable": good}
        for field, good in zip(filled, usable, strict=True)
    }


def _roles_of(field: str) -> tuple[str, ...]:
    return _NAMES if field == "name" else (field,)


def _filled(cells: pa.Table, columns: list[str]) -> int:
    """Return how many rows have something in one of `columns`."""
    found = [cells[column] for column in columns if column in cells.column_names]
    if len(found) == 1:
        return len(found[0]) - int(found[0].null_count)
    if not found:
        return 0
    return int(pc.count(pc.coalesce(*found)).as_py())


def _review_files(
    folder: RunFolder, bench: Workbench, facts: FileFacts, words: Words
) -> Shown:
    lines = (pair_line(doubt, words) for doubt in unanswered(bench, doubts(bench.con)))
    book, table = (folder.path / f"review_pairs.{kind}" for kind in ("xlsx", "csv"))
    total, first = write_pairs_csv(table, lines, facts.delimiter)
    write_pairs_book(book, first, total, words)
    if not total:
        return {}
    return {
        table.name: {"rows": total, "of": total},
        book.name: {"rows": len(first), "of": total},
    }


def page_is_due(command: str, *, asked: bool) -> bool:
    """Return whether a command writes `report.html`."""
    return asked or command in _ALWAYS


def write_run_page(folder: Path, lang: str, zone: str) -> Path:
    """Write `report.html` of the run in `folder`; charts are drawn only here."""
    from pipeline.report.page import write_page

    return write_page(folder, lang, zone)


def report(settings: Settings, run_id: str) -> str:
    """Build the page of run `run_id` anew from its folder alone; return its place.

    Raises:
        UsageError: The runs folder holds no such run.
        DiskError: There is no room for the page.
    """
    folder = run_folder(settings.runs_dir, run_id)
    try:
        page = write_run_page(folder.path, settings.lang, settings.timezone)
        send(settings.runs_dir, folder, page.name)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UsageError(
            f"`{settings.runs_dir}` holds no run `{run_id}` with a summary",
            hint="`notchpay-pipeline runs` lists them",
        ) from error
    except OSError as error:
        raise DiskError(f"`{folder.path}` cannot be read: {error.strerror}") from error
    return f"{shown(settings.runs_dir, folder)}/{page.name}"
