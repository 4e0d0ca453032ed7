"""Try the user's own rules on the cells of a chunk; runs in worker processes."""

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.own.cells import numbers_of, texts_of, trimmed
from pipeline.own.template import shown
from pipeline.recognise.shown import show_header
from schemas.outcomes import Severity
from schemas.own import BoundRules, Kind, OwnRule
from schemas.records import Finding
from schemas.rules import rule as catalogue

_NEAR_ENOUGH = 0.75


@dataclass(frozen=True, slots=True)
class Judged:
    """What the own rules say about a chunk.

    `refused` is the first rule that refuses each place of the chunk; `typed` the
    metadata columns of `[metadata.type]` in their one form.
    """

    refused: Mapping[int, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    typed: Mapping[str, pa.StringArray] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Places:
    """Record numbers and lines of the chunk's places, and the language of messages."""

    rows: Any
    lines: Any
    lang: str


def judge_own(
    bound: BoundRules, column: Callable[[str], pa.StringArray], places: Places
) -> Judged:
    """Try every rule on its column; `column` gives cells, null where blank."""
    if not bound.rules and not bound.types:
        return Judged()
    refused: dict[int, str] = {}
    findings: list[Finding] = []
    for rule, header in bound.rules:
        cells = column(header)
        for place, constraint in _broken(rule, cells).items():
            cell = cells[place].as_py()
            findings.append(finding(rule, header, constraint, cell, place, places))
            if rule.severity is Severity.ERROR:
                refused.setdefault(place, rule.name)
    typed = {}
    for header, kind in bound.types:
        typed[header], remarks = _typed(header, kind, column(header), places)
        findings.extend(remarks)
    return Judged(refused, tuple(findings), typed)


def _broken(rule: OwnRule, cells: pa.StringArray) -> dict[int, str]:
    """Return the first constraint that each failing place breaks."""
    from pipeline.validate import split_by, to_frame
    from schemas.own_models import model_of

    schema = model_of(rule)
    if not schema.columns:
        return {}
    frame = to_frame(
        {name: array for name, array in _columns(rule, cells) if name in schema.columns}
    )
    _, failures = split_by(frame, schema)
    return {place: rules[0] for place, rules in failures.rules.items()}


def _columns(rule: OwnRule, cells: pa.StringArray) -> Iterator[tuple[str, pa.Array]]:
    """Yield the columns that the rule's schema may ask for; see `model_of`."""
    yield "filled", cells.is_valid()
    yield "value", trimmed(cells)
    if rule.kind != "text":
        texts = texts_of(cells, rule.kind)
        flags = pc.if_else(cells.is_valid(), texts.is_valid(), None)
        yield "readable", flags
        yield "number", numbers_of(texts, rule.kind)


def finding(
    rule: OwnRule,
    header: str,
    constraint: str,
    cell: str | None,
    place: int,
    places: Places,
    **facts: object,
) -> Finding:
    """Return the finding of one place; the value stays out of the message."""
    told = {
        "column": show_header(header),
        "rule": rule.name,
        "allowed": ", ".join(rule.allowed),
        "min": shown(rule.least, rule.kind),
        "max": shown(rule.most, rule.kind),
        "kind": _KINDS[rule.kind][places.lang == "fr"],
        **facts,
    }
    texts = dict(rule.texts)
    said = catalogue(constraint)
    advice = texts.get(f"do_{places.lang}") or said.advice(places.lang).format_map(told)
    near = _nearest(rule, cell) if constraint == "own_allowed" else None
    return Finding(
        row=int(places.rows[place]),
        line=int(places.lines[place]),
        field=show_header(header),
        rule=rule.name,
        severity=rule.severity,
        original=cell,
        normalised=None,
        suggestion=near or advice,
        message=texts.get(places.lang) or said.message(places.lang, **told),
    )


def _nearest(rule: OwnRule, cell: str | None) -> str | None:
    folded = {value.casefold(): value for value in rule.allowed}
    close = difflib.get_close_matches(
        (cell or "").strip().casefold(), folded, n=1, cutoff=_NEAR_ENOUGH
    )
    return folded[close[0]] if close else None


def _typed(
    header: str, kind: Kind, cells: pa.StringArray, places: Places
) -> tuple[pa.StringArray, list[Finding]]:
    """Return the cells in the form of `kind`; one that is not of it stays as it is."""
    texts = texts_of(cells, kind)
    odd = np.flatnonzero(np.asarray(pc.and_(cells.is_valid(), texts.is_null())))
    said = catalogue("metadata_type")
    facts = {
        "column": show_header(header),
        "kind": _KINDS[kind][places.lang == "fr"],
    }
    findings = [
        Finding(
            row=int(places.rows[place]),
            line=int(places.lines[place]),
            field=show_header(header),
            rule=said.name,
            severity=said.severity,
            original=cells[place].as_py(),
            normalised=None,
            suggestion=said.advice(places.lang),
            message=said.message(places.lang, **facts),
        )
        for place in odd.tolist()
    ]
    return pc.coalesce(texts, cells), findings


_KINDS: Mapping[Kind, tuple[str, str]] = {
    "text": ("text", "texte"),
    "number": ("number", "nombre"),
    "integer": ("whole number", "nombre entier"),
    "date": ("date", "date"),
    "boolean": ("yes or no", "oui ou non"),
}
