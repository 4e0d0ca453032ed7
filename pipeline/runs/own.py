"""Rules of the user's own in a run: read from the settings, told to recognise, repeats found."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.files.publish import PRIVATE_FILE, disk_errors
from pipeline.normalise.textarrays import as_text
from pipeline.own.cells import trimmed
from pipeline.own.columns import find_header, present
from pipeline.own.judging import Places, finding
from pipeline.own.parsing import parse_own
from pipeline.own.reader import Document
from pipeline.recognise import MetadataChoice, RecogniseOptions
from pipeline.recognise.shown import show_header
from pipeline.runs.request import FileRequest
from pipeline.runs.staging import raw_parts, rejected_path, rows_path
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from schemas.outcomes import Severity
from schemas.own import BoundRules, OwnRule, OwnRules
from schemas.records import Finding
from schemas.rules import rule as catalogue
from schemas.tables import REJECTED


def own_rules(settings: Settings) -> OwnRules:
    """Return what the TOML file of `--config` says about columns and limits.

    Raises:
        SettingsError: A key of it is unknown or wrong.
    """
    text = settings.config_text()
    return parse_own(Document(tomllib.loads(text), text, str(settings.config)))


def recognise_options(
    settings: Settings, request: FileRequest, own: OwnRules, headers: Sequence[str]
) -> RecogniseOptions:
    """Return what command line and settings say about the columns of this file."""
    said = own.metadata
    choice: MetadataChoice = request.metadata  # type: ignore[assignment]  # parsed at the edge
    if choice == "all" and said.keep is not None:
        choice = present(said.keep, headers)
    renamed = [(find_header(headers, column), key) for column, key in said.rename]
    return RecogniseOptions(
        map=request.map,
        metadata=choice,
        allow=present((*settings.metadata_allow, *said.allow), headers),
        deny=present((*settings.metadata_deny, *said.deny), headers),
        rename=tuple((header, key) for header, key in renamed if header is not None),
        consent=own.consent is not None,
        region=settings.region,
    )


def missing_columns(missing: Sequence[OwnRule], lang: str) -> list[Finding]:
    """Return a warning of the whole file for each rule whose column it lacks."""
    said = catalogue("own_column_missing")
    return [
        Finding(
            row=0,
            line=0,
            field=show_header(rule.column),
            rule=said.name,
            severity=said.severity,
            original=None,
            normalised=None,
            suggestion=said.advice(lang),
            message=said.message(lang, column=show_header(rule.column), rule=rule.name),
        )
        for rule in missing
    ]


def told(own: OwnRules, bound: BoundRules) -> dict[str, str | None]:
    """Return for the summary which column each rule speaks about, null where none."""
    headers = {rule.name: show_header(header) for rule, header in bound.rules}
    return {rule.name: headers.get(rule.name) for rule in own.rules}


def repeats(
    staging: Path, bound: BoundRules, settings: Settings
) -> list[tuple[OwnRule, list[Finding]]]:
    """Return a finding for each value that stands in an earlier row of the file too."""
    unique = [(rule, header) for rule, header in bound.rules if rule.unique]
    if not unique:
        return []
    with Workbench(
        staging, memory=settings.duckdb_memory, threads=settings.workers
    ) as bench:
        return [
            (rule, list(_repeats(bench, staging, rule, header, settings.lang)))
            for rule, header in unique
        ]


_COLUMN = pa.schema([("row", pa.int64()), ("line", pa.int64()), ("value", pa.string())])


def _column(staging: Path, header: str) -> Iterator[pa.RecordBatch]:
    for part in raw_parts(staging):
        values = trimmed(as_text(part.cells.column(header)))
        table = pa.table([part.rows, part.lines, values], schema=_COLUMN)
        yield from table.to_batches()


def _repeats(
    bench: Workbench, staging: Path, rule: OwnRule, header: str, lang: str
) -> Iterator[Finding]:
    raw = pa.RecordBatchReader.from_batches(_COLUMN, _column(staging, header))
    bench.con.register("raw", raw)
    lines = bench.con.execute(
        """
        SELECT row, line, value, earliest FROM (
            SELECT *, min(row) OVER (PARTITION BY value) AS earliest
            FROM raw WHERE value <> '')
        WHERE row <> earliest ORDER BY row
        """
    ).fetchall()
    bench.con.unregister("raw")
    places = Places([line[0] for line in lines], [line[1] for line in lines], lang)
    for place, (_, _, value, first) in enumerate(lines):
        yield finding(rule, header, "own_unique", value, place, places, first=first)


def refuse_rows(staging: Path, findings: Sequence[Finding]) -> int:
    """Move the rows of error findings from the accepted to the rejected ones.

    Returns how many rows were accepted before.
    """
    errors = {f.row: f for f in reversed(findings) if f.severity is Severity.ERROR}
    if not errors:
        return 0
    moved = 0
    wanted = pa.array(sorted(errors), pa.int64())
    for index in range(len(list(staging.glob("rows-*.parquet")))):
        accepted = pq.read_table(rows_path(staging, index))
        bad = pc.is_in(accepted["row"], value_set=wanted)
        lines = accepted.filter(bad).select(["row", "line"]).to_pylist()
        if not lines:
            continue
        moved += len(lines)
        rejected = pa.concat_tables(
            [
                pq.read_table(rejected_path(staging, index)),
                pa.Table.from_pylist(
                    [_rejected(line, errors[line["row"]]) for line in lines],
                    schema=REJECTED,
                ),
            ]
        )
        _write(rows_path(staging, index), accepted.filter(pc.invert(bad)))
        _write(rejected_path(staging, index), rejected)
    return moved


def _rejected(line: dict[str, int], found: Finding) -> dict[str, object]:
    return {
        **line,
        "rule": found.rule,
        "reason": found.message,
        "suggestion": found.suggestion,
    }


def _write(path: Path, table: pa.Table) -> None:
    with disk_errors(path):
        pq.write_table(table, path, compression="lz4", use_dictionary=False)
        path.chmod(PRIVATE_FILE)
