"""Consent of a row: said yes, and when; without it, where it is required, no row leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise.findings import mask
from pipeline.own.cells import date_texts
from pipeline.own.judging import Places
from schemas.columns import ColumnMap
from schemas.fields import CONSENT, CONSENT_DATE
from schemas.records import Finding
from schemas.rules import rule

_YES = (
    *("yes", "y", "true", "t", "1", "1.0", "x", "ok", "on", "✓", "✔", "☑"),
    *("agreed", "accepted", "granted", "given", "consented", "opt-in", "opted in"),
    *("oui", "o", "vrai", "d'accord", "accord", "accepté", "acceptée", "donné"),
    *("consenti", "signé", "signée", "si", "sí", "sim", "ja", "نعم"),
)
"""What counts as consent, whatever the case; everything else does not."""


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """Whether a row needs consent to leave, and today's local date as `YYYY-MM-DD`."""

    required: bool
    today: str


@dataclass(frozen=True, slots=True)
class Consented:
    """What consent says about a chunk.

    `refused` is the rule that refuses each place; `columns` what is sent by metadata key.
    """

    refused: Mapping[int, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    columns: Mapping[str, pa.StringArray] = field(default_factory=dict)


def judge_consent(
    policy: ConsentPolicy | None,
    columns: ColumnMap,
    column: Callable[[str | None], pa.StringArray],
    places: Places,
) -> Consented:
    """Read the columns of consent; `column` gives cells, null where blank or none.

    A date alone, readable and not in the future, says yes where the file has no column
    of consent.
    """
    if policy is None:
        return Consented()
    told, dates = column(columns.consent), column(columns.consent_date)
    read = date_texts(dates)
    unread = _flags(pc.and_(dates.is_valid(), read.is_null()))
    future = _flags(pc.greater(read, policy.today))
    good = pc.and_(read.is_valid(), pc.invert(pc.fill_null(future, fill_value=False)))
    yes = _says_yes(told) if columns.consent else good
    findings = [
        *_findings("consent_date_unreadable", CONSENT_DATE, dates, unread, places),
        *_findings("consent_date_future", CONSENT_DATE, dates, future, places),
    ]
    refused: dict[int, str] = {}
    if policy.required:
        no = pc.invert(yes)
        findings += _findings("no_consent", CONSENT, told, no, places)
        refused = dict.fromkeys(_places(no), "no_consent")
    sent = {
        CONSENT: pc.if_else(yes, "yes", None) if columns.consent else None,
        CONSENT_DATE: pc.if_else(good, read, None) if columns.consent_date else None,
    }
    filled = {key: cells for key, cells in sent.items() if cells is not None}
    return Consented(refused, tuple(findings), filled)


def _says_yes(cells: pa.StringArray) -> pa.BooleanArray:
    plain = pc.utf8_lower(pc.utf8_trim_whitespace(cells))
    return pc.is_in(plain, value_set=pa.array(_YES))


def _flags(found: pa.BooleanArray) -> pa.BooleanArray:
    return pc.fill_null(found, fill_value=False)


def _places(flags: pa.BooleanArray) -> list[int]:
    places: list[int] = np.flatnonzero(np.asarray(flags)).tolist()
    return places


def _findings(
    name: str,
    about: str,
    cells: pa.StringArray,
    flags: pa.BooleanArray,
    places: Places,
) -> list[Finding]:
    said = rule(name)
    return [
        Finding(
            row=int(places.rows[place]),
            line=int(places.lines[place]),
            field=about,
            rule=name,
            severity=said.severity,
            original=(cell := cells[place].as_py()),
            normalised=None,
            suggestion=said.advice(places.lang),
            message=said.message(places.lang, value=mask(about, cell)),
        )
        for place in _places(flags)
    ]
