"""Which columns are the customer's fields: by `--map`, by headers, by contents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.recognise.contents import (
    Share,
    filled,
    holds_no_phone,
    like_emails,
    like_numbers,
    like_phones,
    says_yes_or_no,
)
from pipeline.recognise.options import ColumnEvidence, Note
from pipeline.recognise.withheld import kind_of, secret_values
from schemas.fields import (
    CONSENT,
    CONSENT_DATE,
    COUNTRY,
    EMAIL,
    EXTERNAL_ID,
    FIRST_NAME,
    LAST_NAME,
    MAPPABLE,
    NAME,
    PHONE,
)
from schemas.headers import LAST_RESORT, Meaning, meaning, mentions, plain_words

_MANY_ROWS = 20
_NAME_OR_PART = frozenset({"name", "nom", "noms", "nombre", "nome", "الاسم", "اسم"})
"""Headers that are the whole name, or the part that has no column of its own."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its header, its sampled cells and the filled ones."""

    header: str
    cells: Sequence[str | None]
    filled: tuple[str, ...]
    place: int


@dataclass(slots=True)
class Roles:
    """The columns of each field in the order in which they are tried, and why."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    evidence: list[ColumnEvidence] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def take(self, role: str, column: str, evidence: ColumnEvidence) -> None:
        """Give `column` the field `role`, after those that have it already."""
        self.columns.setdefault(role, []).append(column)
        self.evidence.append(evidence)

    @property
    def taken(self) -> frozenset[str]:
        """Return every column that has a field."""
        return frozenset(column for found in self.columns.values() for column in found)

    def one(self, role: str) -> str | None:
        """Return the column of a field that has one at most."""
        return next(iter(self.columns.get(role, ())), None)

    def has_contact(self) -> bool:
        """Say whether an e-mail or a phone column was found."""
        return bool(self.columns.get(EMAIL) or self.columns.get(PHONE))


def columns_of(
    headers: Sequence[str], sample: Sequence[Sequence[str | None]]
) -> tuple[Column, ...]:
    """Return the columns with their sampled cells (none where the sample is short)."""
    cells = [
        sample[place] if place < len(sample) else () for place in range(len(headers))
    ]
    return tuple(
        Column(header, cells[place], tuple(filled(cells[place])), place)
        for place, header in enumerate(headers)
    )


def take_by_header(
    columns: Sequence[Column], roles: Roles, *, consent: bool = False
) -> None:
    """Give each column that its header names its field; fields named by hand stay.

    Columns of `consent` are fields only where consent is asked for.
    """
    named = frozenset(roles.columns)
    if named & {NAME, FIRST_NAME, LAST_NAME}:
        named |= {NAME, FIRST_NAME, LAST_NAME}
    found: dict[str, list[tuple[Column, Meaning]]] = {}
    for column in columns:
        said = meaning(column.header)
        if said and said.field not in named and _fits(column, said):
            found.setdefault(said.field, []).append((column, said))
    ranked = {role: _ranked(candidates) for role, candidates in found.items()}
    for role, column, said in (*_names(ranked), *_others(ranked, consent)):
        roles.take(role, column.header, _by_header(role, column, said))


def take_by_contents(columns: Sequence[Column], roles: Roles, region: str) -> None:
    """Find the e-mail and phone columns by their values where no header names one."""
    looks: tuple[tuple[str, Callable[[Sequence[str]], Share]], ...] = (
        (EMAIL, like_emails),
        (PHONE, lambda values: like_phones(values, region)),
    )
    for role, like in looks:
        if roles.columns.get(role):
            continue
        shares = [
            (like(column.filled), column) for column in _silent(columns, roles, role)
        ]
        likely = [(share, column) for share, column in shares if share.most]
        if likely:
            share, column = max(likely, key=lambda one: one[0].hits / one[0].filled)
            facts = str(share)
            roles.take(
                role,
                column.header,
                ColumnEvidence(column.header, role, "contents", facts),
            )
            roles.notes.append(
                Note(
                    "column_guessed", column.header, (("role", role), ("reason", facts))
                )
            )


def _silent(columns: Sequence[Column], roles: Roles, role: str) -> list[Column]:
    """Return the columns whose header says nothing that speaks against `role`."""
    topics = ["someone_else"] + ["other_number"] * (role == PHONE)
    return [
        column
        for column in columns
        if column.header not in roles.taken
        and not any(mentions(column.header, topic) for topic in topics)
        and kind_of(column.header, column.filled) is None
    ]


def _fits(column: Column, said: Meaning) -> bool:
    """Say whether the values do not contradict the header flatly."""
    values = column.filled
    if said.field == EMAIL:
        return not says_yes_or_no(values)
    if said.field == PHONE:
        return not holds_no_phone(values)
    if said.field in (NAME, FIRST_NAME, LAST_NAME):
        return not like_numbers(values).most
    if said.field == EXTERNAL_ID:
        repeats = len(values) >= _MANY_ROWS and len(set(values)) * 2 < len(values)
        return not repeats and not secret_values(values)
    return True


def _ranked(found: list[tuple[Column, Meaning]]) -> list[tuple[Column, Meaning]]:
    """Sort columns of one field, the person's own first; drop last resorts if any."""
    best = min(said.rank for _, said in found)
    kept = [one for one in found if one[1].rank < LAST_RESORT or best == LAST_RESORT]
    return sorted(kept, key=lambda one: (one[1].rank, one[1].number, one[0].place))


_Ranked = Mapping[str, list[tuple[Column, Meaning]]]
_Taken = list[tuple[str, Column, Meaning]]


def _others(ranked: _Ranked, consent: bool) -> _Taken:
    """Return all e-mail and phone columns, and the best filled one of other fields."""
    taken = [
        (r, column, said) for r in (EMAIL, PHONE) for column, said in ranked.get(r, ())
    ]
    singles = (COUNTRY, EXTERNAL_ID, *((CONSENT, CONSENT_DATE) if consent else ()))
    for role in singles:
        candidates = ranked.get(role, [])
        for column, said in [c for c in candidates if c[0].filled] or candidates:
            taken.append((role, column, said))
            break
    return taken


def _names(ranked: _Ranked) -> _Taken:
    """Return the columns of the name and its parts.

    `Nom` beside `Prénom`, or `Nombre` beside `Apellidos`, is the other part of the
    name, unless its cells hold that part too.
    """
    whole = list(ranked.get(NAME, ()))
    parts = {
        role: next(iter(ranked.get(role, ())), None) for role in (FIRST_NAME, LAST_NAME)
    }
    lone = [role for role in parts if parts[role] is None]
    short = [one for one in whole if _is_name_or_part(one[0].header)]
    if len(lone) == 1 and short:
        (known,) = [one[0] for one in parts.values() if one]
        if not _holds(short[0][0], known):
            parts[lone[0]] = short[0]
            whole.remove(short[0])
    chosen = {NAME: whole[0] if whole else None, **parts}
    return [(role, *one) for role, one in chosen.items() if one]


def _is_name_or_part(header: str) -> bool:
    said = meaning(header)
    return said is not None and said.alias.casefold() in _NAME_OR_PART


def _holds(whole: Column, part: Column) -> bool:
    """Say whether most cells of `whole` hold the cell of `part` in the same row."""
    pairs = [
        (plain_words(outer), plain_words(inner))
        for outer, inner in zip(whole.cells, part.cells, strict=False)
        if outer and inner
    ]
    held = sum(
        len(outer) > len(inner) and {*inner} <= {*outer} for outer, inner in pairs
    )
    return held * 2 > len(pairs)


def _by_header(role: str, column: Column, said: Meaning) -> ColumnEvidence:
    return ColumnEvidence(
        column.header, role, "header", f"{said.alias} ({said.language})"
    )


def likeness(headers: Sequence[str]) -> int:
    """Return how much a row of headers looks like customers: points by field named."""
    named = {said.field for header in headers if (said := meaning(header.strip()))}
    return sum(_POINTS[name] for name in named)


_POINTS = dict.fromkeys(MAPPABLE, 1) | {
    EMAIL: 4,
    PHONE: 4,
    NAME: 3,
    LAST_NAME: 2,
    FIRST_NAME: 2,
}
