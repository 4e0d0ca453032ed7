"""What a user may say about columns, and what recognising answers."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.errors import UsageError
from pipeline.recognise.shown import show_header
from schemas.columns import ColumnMap
from schemas.fields import MAPPABLE, METADATA_PREFIX
from schemas.records import Finding
from schemas.rules import rule

MetadataChoice = Literal["all", "none"] | tuple[str, ...]
"""Which further columns leave: all but the sensitive ones, none, or just the named."""

Basis = Literal["map", "header", "contents", "rest"]
_BASIS_EN = {
    "map": "named by hand",
    "header": "by its header",
    "contents": "by its contents",
    "rest": "kept as it is",
}
_BASIS_FR = {
    "map": "nommée à la main",
    "header": "par son en-tête",
    "contents": "par son contenu",
    "rest": "gardée telle quelle",
}


@dataclass(frozen=True, slots=True)
class RecogniseOptions:
    """What the command line and `[metadata]` of the TOML file say about columns.

    `map` holds (field, column) of each `--map`; `allow` names sensitive columns that
    may leave, `deny` columns that may not; `rename` holds (column, metadata key).
    `consent` looks for the columns of consent, which are metadata otherwise. `region`
    is the country of phone numbers without a country code.
    """

    map: tuple[tuple[str, str], ...] = ()
    metadata: MetadataChoice = "all"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    consent: bool = False
    region: str = "CM"


@dataclass(frozen=True, slots=True)
class ColumnEvidence:
    """What a column is taken for, and why.

    `role` is a field of `--map`, `metadata.KEY`, `withheld` (looks sensitive) or
    `unused`. `basis` says where that comes from (`map`, `header`, `contents`, `rest`)
    and `facts` in a few words (`60 of 60 values`, `birth_date`).
    """

    column: str
    role: str
    basis: Basis
    facts: str = ""

    def told(self, lang: str) -> str:
        """Return the evidence as one line, its header masked where it needs to be."""
        words = _BASIS_FR if lang == "fr" else _BASIS_EN
        why = f"{words[self.basis]}: {self.facts}" if self.facts else words[self.basis]
        return f"{show_header(self.column)} -> {show_header(self.role)} ({why})"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to say about the columns of a file: a rule and its facts."""

    rule: str
    column: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """The map of a file's columns, the evidence for each, and what is to be said."""

    columns: ColumnMap
    evidence: tuple[ColumnEvidence, ...]
    notes: tuple[Note, ...] = ()

    def findings(self, lang: str) -> list[Finding]:
        """Return the notes as findings of the whole file (row 0), headers masked."""
        return [_finding(note, lang) for note in self.notes]


def _finding(note: Note, lang: str) -> Finding:
    said = rule(note.rule)
    shown = show_header(note.column)
    return Finding(
        row=0,
        line=0,
        field=shown,
        rule=said.name,
        severity=said.severity,
        original=None,
        normalised=None,
        suggestion=said.advice(lang),
        message=said.message(lang, column=shown, **dict(note.facts)),
    )


def parse_map(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return each `FIELD=COLUMN` of `--map` as (field, column).

    Raises:
        UsageError: No `=`, no column, or a FIELD that is none.
    """
    return tuple(_parsed(text) for text in texts)


def parse_metadata(text: str) -> MetadataChoice:
    """Return the value of `--metadata`: `all`, `none`, or the columns it names."""
    word = text.strip()
    if word == "all":
        return "all"
    if word == "none":
        return "none"
    named = next(csv.reader([word], skipinitialspace=True), [])
    return tuple(column.strip() for column in named if column.strip())


def _parsed(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    field, column = field.strip(), column.strip()
    if not equals or not column:
        raise UsageError(
            f"`--map {show_header(text)}` is not FIELD=COLUMN",
            hint="write for example `--map phone=Portable` or `--map email=3`",
        )
    check_field(field)
    return field, column


def check_field(field: str) -> None:
    """Refuse a FIELD that `--map` does not have.

    Raises:
        UsageError: It is neither a field nor `metadata.KEY`.
    """
    key = field.removeprefix(METADATA_PREFIX)
    if field in MAPPABLE or (key != field and key.strip()):
        return
    raise UsageError(
        f"`--map` has no field `{show_header(field)}`",
        hint=f"fields are {', '.join(MAPPABLE)} and metadata.KEY",
    )
