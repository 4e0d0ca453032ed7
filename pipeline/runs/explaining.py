"""`explain RUN ROW`: one row's whole story, out of the run's folder and the journal."""

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, UsageError
from pipeline.files.masks import mask
from pipeline.files.mirror import run_folder
from pipeline.files.run_folder import RunFolder
from pipeline.report.findings import read_findings
from pipeline.settings import Settings
from schemas.fields import METADATA_PREFIX, RETURN_COLUMNS
from schemas.outcomes import LEFTOVERS

_JSON = Any


@dataclass(frozen=True, slots=True)
class Story:
    """What happened to one row, value by value; masked unless `clear` was asked for.

    `cells` holds (column, role, value) as read, None where the file is gone or has
    changed; `writes` what the journal says of the row that carries this one.
    """

    run: Mapping[str, _JSON]
    row: int
    line: int
    cells: tuple[tuple[str, str, str], ...] | None
    findings: tuple[Mapping[str, _JSON], ...]
    outcome: Mapping[str, _JSON]
    merged_rows: tuple[int, ...]
    changes: tuple[Mapping[str, _JSON], ...]
    writes: tuple[Mapping[str, _JSON], ...]


def explain(settings: Settings, run_id: str, row: int, *, clear: bool) -> Story:
    """Return the story of record `row` (counted from 1) of a run.

    Raises:
        UsageError: There is no such run or row.
    """
    folder = run_folder(settings.runs_dir, run_id)
    summary = _summary(folder)
    outcome, merged = _outcome(folder, row, summary)
    roles = {
        c["column"]: c["role"] for c in summary.get("reading", {}).get("columns", [])
    }
    carrier = outcome.get("merged_into_row") or row
    return Story(
        run={
            key: summary.get(key)
            for key in ("run_id", "command", "source", "file", "state", "env")
        },
        row=row,
        line=int(outcome["line"]),
        cells=_cells(folder, summary, row, str(outcome["outcome"]), roles, clear),
        findings=tuple(_findings(folder, row, clear)),
        outcome=outcome,
        merged_rows=merged,
        changes=tuple(_changes(folder, {row, carrier}, clear)),
        writes=tuple(_writes(settings, summary, {row, carrier}, clear)),
    )


def _summary(folder: RunFolder) -> Mapping[str, _JSON]:
    try:
        told = json.loads(folder.summary.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(
            f"there is no run `{folder.run_id}` in `{folder.root}`",
            hint="`notchpay-pipeline runs` lists them",
        ) from None
    return dict(told)


def _outcome(
    folder: RunFolder, row: int, summary: Mapping[str, _JSON]
) -> tuple[Mapping[str, _JSON], tuple[int, ...]]:
    """Return the row's outcome and the rows that were merged into it."""
    if not folder.outcomes.exists():
        raise UsageError(
            f"run `{folder.run_id}` has not written its outcomes",
            hint="`resume` it to its end first",
        )
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(folder.outcomes)
    found = table.filter(pc.equal(table["row"], row)).to_pylist()
    if not found:
        read = summary.get("rows", {}).get("read", 0)
        raise UsageError(
            f"run `{folder.run_id}` has no row {row}; it read {read}",
            hint="rows are data records counted from 1, without header and blank lines",
        )
    merged = table.filter(pc.equal(table["merged_into_row"], row))["row"].to_pylist()
    return found[0], tuple(merged)


def _cells(
    folder: RunFolder,
    summary: Mapping[str, _JSON],
    row: int,
    outcome: str,
    roles: Mapping[str, str],
    clear: bool,
) -> tuple[tuple[str, str, str], ...] | None:
    """Return the cells of the row: from its leftover file, else from the input itself."""
    cells = None
    if outcome in LEFTOVERS:
        cells = _left_over(folder.leftovers(outcome), row)
    if cells is None:
        cells = _read_again(summary, row)
    if cells is None:
        return None
    return tuple(
        (name, roles.get(name, ""), _shown(roles.get(name, ""), value, clear))
        for name, value in cells.items()
        if value
    )


def _left_over(path: Path, row: int) -> dict[str, str] | None:
    """Return the row's cells out of a CSV of leftovers, however it is delimited."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = next((d for d in ",;\t|" if f"_row{d}_line" in first), ",")
        for line in csv.DictReader(file, delimiter=delimiter):
            if line.get("_row") == str(row):
                kept = {k: v for k, v in line.items() if k not in RETURN_COLUMNS}
                return {str(k): str(v or "") for k, v in kept.items()}
    return None


def _read_again(summary: Mapping[str, _JSON], row: int) -> dict[str, str] | None:
    """Return the row's cells out of the input, if it is the same file still."""
    file = str(summary.get("file"))
    if file == "-" or "://" in file or not Path(file).is_file():
        return None
    from pipeline.read import ReadOptions, open_source

    reading = summary.get("reading", {})
    is_csv = reading.get("delimiter") is not None
    options = ReadOptions(
        encoding=reading.get("encoding") if is_csv else None,
        delimiter=reading.get("delimiter"),
        sheet=reading.get("sheet"),
    )
    try:
        with open_source(file, options) as source:
            if source.sha256 != summary.get("file_sha256"):
                return None
            return _at(source.chunks(), row)
    except PipelineError:
        return None  # gone or changed since; the rest of the story still stands


def _at(chunks: Iterator[Any], row: int) -> dict[str, str] | None:
    with closing(chunks):  # type: ignore[type-var]  # it is a generator
        for chunk in chunks:
            rows = chunk.rows.to_pylist()
            if rows and rows[-1] >= row:
                if row not in rows:
                    return None  # it could not be read as a row
                place = rows.index(row)
                cells = chunk.cells.slice(place, 1).to_pylist()[0]
                return {name: value or "" for name, value in cells.items()}
    return None


def _findings(
    folder: RunFolder, row: int, clear: bool
) -> Iterator[Mapping[str, _JSON]]:
    for told in read_findings(folder.findings):
        if told["row"] != row:
            continue
        field = str(told["field"])
        shown = {
            name: _shown(field, str(told[name]), clear)
            for name in ("original", "normalised")
            if told[name]
        }
        suggestion = {"suggestion": told["suggestion"]} if clear else {}
        kept = {name: told[name] for name in ("field", "rule", "severity", "message")}
        yield kept | shown | suggestion


def _changes(
    folder: RunFolder, rows: set[int], clear: bool
) -> Iterator[Mapping[str, _JSON]]:
    if not folder.plan.exists():
        return
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(folder.plan)
    wanted = pc.is_in(table["row"], value_set=pa.array(sorted(rows), pa.int64()))
    for line in table.filter(wanted).to_pylist():
        field = line["field"] or ""
        is_row = line["action"] == "merge"  # old and new are rows then
        for name in ("old", "new"):
            if line[name] and not is_row:
                line[name] = _shown(field, line[name], clear)
        yield line


def _writes(
    settings: Settings, summary: Mapping[str, _JSON], rows: set[int], clear: bool
) -> Iterator[Mapping[str, _JSON]]:
    """Yield what the journal holds about the rows; nothing where there is no journal."""
    if summary.get("command") not in ("import", "undo") or not summary.get("account"):
        return
    from pipeline.runs.connect import open_database
    from pipeline.state.journal import Journal

    try:
        state = open_database(settings, create=False)
    except PipelineError:
        return  # the database of that time is not at hand
    with state:
        journal = Journal(state, str(summary["account"]), str(summary["run_id"]))
        for write in journal.writes():
            if write.row in rows:
                yield {
                    "action": write.action,
                    "row": write.row,
                    "state": str(write.state),
                    "outcome": write.outcome and str(write.outcome),
                    "customer_id": write.customer_id,
                    "attempts": write.attempts,
                    "sent": _moment(write.intended_at),
                    "ended": write.finished_at and _moment(write.finished_at),
                    "rule": write.rule,
                    "reason": write.reason,
                    "body": _body(write.body, clear),
                    "answer": _body(write.after, clear),
                }


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _body(text: str | None, clear: bool) -> _JSON:
    """Return a request or an answer with its values masked, fields kept."""
    if not text:
        return None
    body = json.loads(text)
    return body if clear else _masked(body, "")


def _masked(value: _JSON, field: str) -> _JSON:
    if isinstance(value, dict):
        return {key: _masked(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, field) for item in value]
    return value if field == "id" or value is None else mask(field, str(value))


def _shown(field: str, value: str, clear: bool) -> str:
    return value if clear else mask(field.removeprefix(METADATA_PREFIX), value)
