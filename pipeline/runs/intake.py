"""Read, recognise, prepare and stage a customer file; findings are joined in order."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from pipeline.files.run_folder import RunFolder
from pipeline.leaving.consent import ConsentPolicy
from pipeline.own.columns import bind
from pipeline.prepare import Recipe
from pipeline.read import ReadOptions, Source, open_source
from pipeline.recognise import Recognition, customer_likeness, recognise
from pipeline.recognise.shown import show_header
from pipeline.report.findings import join_findings, write_findings
from pipeline.runs.engines import Engine
from pipeline.runs.own import (
    missing_columns,
    own_rules,
    recognise_options,
    refuse_rows,
    repeats,
    told,
)
from pipeline.runs.request import FileRequest
from pipeline.runs.staging import PartCounts, views
from pipeline.runs.talk import Talk
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from schemas.columns import ColumnMap
from schemas.own import BoundRules, OwnRules
from schemas.records import Finding
from schemas.rules import rule
from schemas.tables import PREPARED, REJECTED

SAMPLE_ROWS = 300
CHUNK_ROWS = 150_000


@dataclass(slots=True)
class Intake:
    """A staged file: what it is, what was recognised and what it came to."""

    name: str
    sha256: str
    reading: dict[str, Any]
    recognition: Recognition
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    is_returned: bool = False
    modified: float | None = None
    own: OwnRules = field(default_factory=OwnRules)

    def add(self, part: PartCounts) -> None:
        """Count one part."""
        self.read += part.read
        self.accepted += part.accepted
        self.rejected += part.rejected
        self.findings.update(part.findings)
        self.counts.update(part.counts)


def take_in(
    folder: RunFolder,
    request: FileRequest,
    settings: Settings,
    talk: Talk,
    *,
    preparers: Engine,
    is_test_key: bool | None = None,
    stdin: BinaryIO | None = None,
) -> Intake:
    """Stage the file of `request` into the run's folder.

    Raises:
        InputError: The file cannot be read, or has no usable column.
        UsageError: An option names a column or field that is none.
    """
    options = ReadOptions(
        encoding=request.encoding,
        delimiter=request.delimiter,
        sheet=request.sheet,
        chunk_rows=CHUNK_ROWS,
        looks_like_customers=customer_likeness,
    )
    with open_source(
        request.file, options, stdin=stdin, spool_dir=folder.staging
    ) as source:
        return _stage(folder, request, settings, talk, source, preparers, is_test_key)


def _stage(
    folder: RunFolder,
    request: FileRequest,
    settings: Settings,
    talk: Talk,
    source: Source,
    preparers: Engine,
    is_test_key: bool | None,
) -> Intake:
    own = own_rules(settings)
    headers = source.layout.columns
    options = recognise_options(settings, request, own, headers)
    recognition = recognise(headers, _sample(source), options)
    bound, missing = bind(own, headers, recognition.columns)
    recipe = Recipe(
        columns=recognition.columns,
        region=settings.region,
        allow_possible=request.allow_possible,
        reject_bad_contact=request.reject_bad_contact,
        repairs=frozenset(request.repairs),
        lang=settings.lang,
        is_test_key=is_test_key,
        own=bound,
        consent=consent_policy(settings, own, recognition.columns),
    )
    intake = Intake(
        name=source.layout.name,
        sha256=source.sha256,
        reading=_reading(source, recognition) | {"own_rules": told(own, bound)},
        recognition=recognition,
        delimiter=source.layout.delimiter or ",",
        columns=tuple(headers),
        is_returned=source.is_returned,
        modified=_modified(request.file),
        own=own,
    )
    talk.stage("reading", None)

    def on_part(part: PartCounts) -> None:
        intake.add(part)
        talk.advance(part.read)

    preparers.run(folder.staging, recipe, source.chunks(), on_part)
    about_file = missing_columns(missing, settings.lang)
    _join(folder, source, intake, settings.lang, about_file)
    _refuse_repeats(folder, bound, intake, settings)
    return intake


def consent_policy(
    settings: Settings, own: OwnRules, columns: ColumnMap
) -> ConsentPolicy | None:
    """Return how consent is read: not at all where nobody speaks of it."""
    if own.consent is None and not (columns.consent or columns.consent_date):
        return None
    today = datetime.now(ZoneInfo(settings.timezone)).date().isoformat()
    return ConsentPolicy(bool(own.consent), today)


def _refuse_repeats(
    folder: RunFolder, bound: BoundRules, intake: Intake, settings: Settings
) -> None:
    """Find what stands twice in the file where a rule wants it once."""
    for rule_, found in repeats(folder.staging, bound, settings):
        write_findings(folder.findings, found)
        intake.findings.update({rule_.name: len(found)} if found else {})
        moved = refuse_rows(folder.staging, found)
        intake.accepted -= moved
        intake.rejected += moved


def _modified(file: str) -> float | None:
    """Return when a local file was last changed, seconds since 1970; else None."""
    try:
        return Path(file).stat().st_mtime if Path(file).is_file() else None
    except OSError:
        return None


def _sample(source: Source) -> list[list[str | None]]:
    cells = source.sample(SAMPLE_ROWS).cells
    return [column.to_pylist() for column in cells.columns]


def _reading(source: Source, recognition: Recognition) -> dict[str, Any]:
    layout = source.layout
    return {
        "kind": layout.kind,
        "encoding": layout.encoding,
        "encoding_evidence": layout.encoding_evidence,
        "delimiter": layout.delimiter,
        "sheet": layout.sheet,
        "other_sheets": list(layout.other_sheets),
        "header_line": layout.header_line,
        "columns": [
            {
                "column": show_header(e.column),
                "role": e.role,
                "basis": e.basis,
                "facts": e.facts,
            }
            for e in recognition.evidence
        ],
        "withheld": [show_header(c) for c in recognition.columns.withheld],
    }


def _join(
    folder: RunFolder,
    source: Source,
    intake: Intake,
    lang: str,
    further: list[Finding],
) -> None:
    """Write `findings.jsonl`: those of the whole file first, then part by part."""
    about_file = [
        *_notes(source, intake.read, lang),
        *intake.recognition.findings(lang),
        *further,
    ]
    intake.findings.update(finding.rule for finding in about_file)
    write_findings(folder.findings, about_file)
    parts = sorted(folder.staging.glob("findings-*.jsonl"))
    join_findings(parts, folder.findings)
    for part in parts:
        part.unlink()


def _shown(facts: Mapping[str, object]) -> dict[str, object]:
    """Return facts about a file with contacts and numbers in its headers masked."""
    return {
        name: show_header(fact) if isinstance(fact, str) else fact
        for name, fact in facts.items()
    }


def _notes(source: Source, read: int, lang: str) -> list[Finding]:
    findings = []
    notes = [(note.rule, note.line, note.facts) for note in source.layout.notes]
    if not read:
        notes.append(("no_rows", 0, {}))
    for name, line, facts in notes:
        said = rule(name)
        findings.append(
            Finding(
                row=0,
                line=line,
                field="",
                rule=said.name,
                severity=said.severity,
                original=None,
                normalised=None,
                suggestion=said.advice(lang),
                message=said.message(lang, **_shown(facts)),
            )
        )
    return findings


def open_views(bench: Workbench, staging: Path, *, has_parts: bool) -> None:
    """Make the staged parts readable as `prepared` and `rejected`."""
    sources = views(staging)
    for name, kind, schema in (
        ("prepared", "rows", PREPARED),
        ("rejected", "rejected", REJECTED),
    ):
        if has_parts:
            bench.con.execute(
                f"CREATE OR REPLACE VIEW {name} AS SELECT * FROM {sources[kind]}"
            )
        else:
            kinds = {"int64": "BIGINT"}
            bench.table(
                name, [(f.name, kinds.get(str(f.type), "VARCHAR")) for f in schema]
            )
