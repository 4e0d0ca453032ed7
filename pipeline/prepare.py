"""A raw chunk and a recipe to clean, judged rows; pure, and fit for worker processes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.leaving.cells import hold_back
from pipeline.leaving.consent import ConsentPolicy, judge_consent
from pipeline.normalise import phonecell
from pipeline.normalise.column import Column
from pipeline.normalise.contacts import Contact, first_good
from pipeline.normalise.country import normalise_countries
from pipeline.normalise.email import normalise_emails
from pipeline.normalise.findings import REPAIRS, Speaker, as_ints
from pipeline.normalise.judging import Verdicts, judge
from pipeline.normalise.metadata import Keyed, to_json
from pipeline.normalise.name import join_names, normalise_names
from pipeline.normalise.phone import Regions, normalise_phones
from pipeline.normalise.textarrays import (
    as_text,
    blank_to_null,
    nulls,
)
from pipeline.own.judging import Places, judge_own
from schemas.columns import ColumnMap
from schemas.fields import EMAIL, NAME, PHONE
from schemas.outcomes import Severity
from schemas.own import BoundRules
from schemas.records import Finding
from schemas.rules import rule
from schemas.tables import PREPARED, REJECTED

__all__ = ["REPAIRS", "Chunk", "Prepared", "Recipe", "prepare", "warm_up"]


class Chunk(Protocol):
    """What prepare reads of a raw chunk; see `pipeline.read`.

    A record of `broken` has `row, line, rule, text` and `reason`, facts for the rule.
    """

    @property
    def rows(self) -> Any:
        """Record numbers."""
        ...

    @property
    def lines(self) -> Any:
        """Physical lines."""
        ...

    @property
    def cells(self) -> pa.Table:
        """One string column a column of the file."""
        ...

    @property
    def broken(self) -> Sequence[Any]:
        """Records that are not in `cells`."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what becomes of a chunk; picklable.

    Attributes:
        columns: Which column is which field.
        region: ISO code of the region from which bare numbers are dialled.
        allow_possible: Take numbers that are possible, but not valid.
        reject_bad_contact: Refuse a row with a bad contact though the other is good.
        repairs: Names of the repairs that may be applied.
        lang: Language of the messages, en or fr.
        is_test_key: Whether the key in use is a test key, None where that is unknown.
        own: Rules of the user's own, bound to the columns of the file.
        consent: How consent is read, None where the file has no columns of it.
    """

    columns: ColumnMap
    region: str = "CM"
    allow_possible: bool = False
    reject_bad_contact: bool = False
    repairs: frozenset[str] = frozenset()
    lang: str = "en"
    is_test_key: bool | None = None
    own: BoundRules = field(default_factory=BoundRules)
    consent: ConsentPolicy | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """What became of a chunk: every record stands in `rows` or in `rejected`.

    Attributes:
        rows: Table `schemas.tables.PREPARED`.
        rejected: Table `schemas.tables.REJECTED`.
        findings: In the order of the records.
        counts: `phones` that were read, and `region_assumed`, those of them that had
            neither a country code nor a country in their row.
    """

    rows: pa.Table
    rejected: pa.Table
    findings: list[Finding]
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fields:
    """The normalised columns of a chunk."""

    name: Column
    email: Contact
    phone: Contact
    country: Column
    counts: Mapping[str, int]


def prepare(chunk: Chunk, recipe: Recipe) -> Prepared:
    """Normalise and judge the records of `chunk`."""
    speaker = Speaker(as_ints(chunk.rows), as_ints(chunk.lines), recipe.lang)
    cells = _Cells(chunk.cells, len(speaker.rows))
    fields = _normalise(cells, recipe)
    verdicts = judge(fields.email, fields.phone, recipe.reject_bad_contact)
    findings = [
        *_remarks(fields, speaker),
        *_problems(fields, verdicts, recipe, speaker),
    ]
    places = Places(speaker.rows, speaker.lines, recipe.lang)
    own = judge_own(recipe.own, cells.column, places)
    findings += own.findings
    consent = judge_consent(recipe.consent, recipe.columns, cells.column, places)
    findings += consent.findings
    refused = {**consent.refused, **own.refused, **verdicts.refused}
    verdicts = replace(verdicts, refused=refused)
    cells.typed = own.typed
    kept_back, secrets = hold_back(_watched(recipe.columns), cells.sent, places)
    cells.typed = {**own.typed, **kept_back}
    findings += secrets
    accepted = np.ones(len(speaker.rows), np.bool_)
    accepted[list(verdicts.refused)] = False
    cells.consent = consent.columns
    rows = _rows(cells, fields, recipe, speaker, accepted)
    broken = _broken(chunk, recipe.lang)
    findings = sorted([*findings, *broken], key=lambda finding: finding.row)
    rejected = _rejected(verdicts, speaker, findings, broken)
    return Prepared(rows, rejected, findings, fields.counts)


def _watched(columns: ColumnMap) -> list[str]:
    return [name for _, name in columns.metadata if name not in columns.trusted]


class _Cells:
    """The columns of a chunk by name, blank cells null, each read once."""

    def __init__(self, table: pa.Table, length: int) -> None:
        self.table = table
        self.length = length
        self.known: dict[str, pa.StringArray] = {}
        self.typed: Mapping[str, pa.StringArray] = {}
        self.consent: Mapping[str, pa.StringArray] = {}

    def sent(self, name: str) -> pa.StringArray:
        """Return a column as it goes into the metadata."""
        return self.typed[name] if name in self.typed else self.column(name)

    def column(self, name: str | None) -> pa.StringArray:
        """Return a column; nulls where the file has none for the field."""
        if name is None:
            return nulls(self.length)
        if name not in self.known:
            self.known[name] = blank_to_null(as_text(self.table.column(name)))
        return self.known[name]


def _normalise(cells: _Cells, recipe: Recipe) -> _Fields:
    columns = recipe.columns
    country = normalise_countries(cells.column(columns.country))
    regions = _regions(country.values, recipe.region)
    policy = phonecell.Policy(recipe.allow_possible, recipe.repairs)
    emails = [
        (name, normalise_emails(cells.column(name), recipe.repairs))
        for name in columns.emails
    ]
    phones = [
        (name, normalise_phones(cells.column(name), regions, policy))
        for name in columns.phones
    ]
    found = first_good([(name, phone.column) for name, phone in phones], cells.length)
    counts = {
        "phones": cells.length - found.values.null_count,
        "region_assumed": sum(phone.assumed for _, phone in phones[:1]),
    }
    email = first_good(emails, cells.length)
    return _Fields(
        normalise_names(_names(cells, columns)), email, found, country, counts
    )


def _names(cells: _Cells, columns: ColumnMap) -> pa.StringArray:
    whole = cells.column(columns.name)
    if columns.first_name is None and columns.last_name is None:
        return whole
    first, last = cells.column(columns.first_name), cells.column(columns.last_name)
    return pc.coalesce(whole, join_names(first, last))


def _regions(countries: pa.StringArray, default: str) -> Regions:
    """Return from where each row dials: its own country, else the default."""
    encoded = countries.fill_null(default).dictionary_encode()
    return Regions(
        names=tuple(encoded.dictionary.to_pylist()),
        ids=as_ints(encoded.indices),
        given=np.asarray(countries.is_valid()),
    )


def _rows(
    cells: _Cells,
    fields: _Fields,
    recipe: Recipe,
    speaker: Speaker,
    accepted: "np.ndarray[Any, np.dtype[np.bool_]]",
) -> pa.Table:
    columns = recipe.columns
    table = pa.table(
        {
            "row": pa.array(speaker.rows),
            "line": pa.array(speaker.lines),
            "name": fields.name.values,
            "email": fields.email.values,
            "phone": fields.phone.values,
            "country": fields.country.values,
            "external_id": cells.column(columns.external_id),
            "birth_date": cells.column(columns.birth_date),
            "national_id": cells.column(columns.national_id),
            "metadata": to_json(_metadata(cells, fields, columns), cells.length),
        }
    ).cast(PREPARED)
    return table if accepted.all() else table.filter(pa.array(accepted))


def _metadata(cells: _Cells, fields: _Fields, columns: ColumnMap) -> list[Keyed]:
    """Return every metadata column under a key of its own."""
    keyed = {key: cells.sent(name) for key, name in columns.metadata}
    keyed |= cells.consent
    for key, values in (*fields.email.kept, *fields.phone.kept):
        while key in keyed:
            key += " 2"  # noqa: PLW2901 - the first free key
        keyed[key] = values
    return list(keyed.items())


def _remarks(fields: _Fields, speaker: Speaker) -> list[Finding]:
    return [
        *speaker.warn(NAME, fields.name.remarks),
        *speaker.warn(EMAIL, fields.email.remarks),
        *speaker.warn(PHONE, fields.phone.remarks),
        *speaker.warn("country", fields.country.remarks),
    ]


def _problems(
    fields: _Fields, verdicts: Verdicts, recipe: Recipe, speaker: Speaker
) -> list[Finding]:
    """Return a finding for each bad contact: an error where it refuses its row."""
    findings = []
    for name, contact in ((EMAIL, fields.email), (PHONE, fields.phone)):
        for row, remarks in contact.problems.items():
            refused = row in verdicts.refused
            severity = Severity.ERROR if refused else Severity.WARNING
            for remark in remarks:
                also = () if refused else ("contact_left_out",)
                if recipe.is_test_key and remark.rule == "phone_not_valid":
                    also = ("test_number", *also)
                findings.append(speaker.say(name, remark, severity, *also))
    findings.extend(
        speaker.say("", remark, Severity.ERROR) for remark in verdicts.without_contact
    )
    return findings


def _broken(chunk: Chunk, lang: str) -> list[Finding]:
    """Return the finding of each record that is no row."""
    return [
        Finding(
            record.row,
            record.line,
            "",
            record.rule,
            Severity.ERROR,
            record.text,
            None,
            None,
            rule(record.rule).message(lang, **record.reason),
        )
        for record in chunk.broken
    ]


def _rejected(
    verdicts: Verdicts,
    speaker: Speaker,
    findings: list[Finding],
    broken: list[Finding],
) -> pa.Table:
    """Return one line a refused record: its first rule and all its reasons."""
    first = {int(speaker.rows[row]): found for row, found in verdicts.refused.items()}
    first |= {finding.row: finding.rule for finding in broken}
    reasons: dict[int, list[Finding]] = {}
    for finding in findings:
        if finding.row in first and finding.severity == Severity.ERROR:
            reasons.setdefault(finding.row, []).append(finding)
    lines = [
        {
            "row": row,
            "line": found[0].line,
            "rule": first[row],
            "reason": "; ".join(finding.message for finding in found),
            "suggestion": "; ".join(f.suggestion for f in found if f.suggestion)
            or None,
        }
        for row, found in sorted(reasons.items())
    ]
    return pa.Table.from_pylist(lines, schema=REJECTED)


def warm_up() -> None:
    """Import and build what workers need, so that forked ones share it."""
    import pipeline.validate  # noqa: F401 - loaded for its effect
    from pipeline.normalise.plans import calling_codes

    calling_codes()
