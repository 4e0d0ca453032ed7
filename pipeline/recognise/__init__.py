"""Recognise which column of a file is the name, e-mail, phone, metadata or withheld.

Headers decide where they say something, contents where they do not, `--map` always.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.recognise.fields import (
    Column,
    Roles,
    columns_of,
    likeness,
    take_by_contents,
    take_by_header,
)
from pipeline.recognise.named import find_column
from pipeline.recognise.options import (
    Basis,
    ColumnEvidence,
    MetadataChoice,
    Note,
    RecogniseOptions,
    Recognition,
    check_field,
    parse_map,
    parse_metadata,
)
from pipeline.recognise.shown import looks_like_data, show_header, show_headers
from pipeline.recognise.withheld import kind_of
from schemas.columns import ColumnMap
from schemas.fields import (
    COUNTRY,
    EMAIL,
    EXTERNAL_ID,
    FIRST_NAME,
    LAST_NAME,
    METADATA_PREFIX,
    NAME,
    PHONE,
)
from schemas.sensitive import sensitive_kind

__all__ = [
    "ColumnEvidence",
    "MetadataChoice",
    "Note",
    "RecogniseOptions",
    "Recognition",
    "customer_likeness",
    "looks_like_data",
    "parse_map",
    "parse_metadata",
    "recognise",
    "show_header",
    "show_headers",
]

_BIRTH_DATE, _NATIONAL_ID = "birth_date", "national_id"


def recognise(
    headers: Sequence[str],
    sample: Sequence[Sequence[str | None]],
    options: RecogniseOptions | None = None,
) -> Recognition:
    """Return the column map of a file, with the evidence for every column.

    `headers` are the unique column names in file order; `sample` holds, column by
    column, the cells of a few hundred rows (it may be empty: headers alone decide).

    Raises:
        UsageError: `--map` or `--metadata` names a field or a column that is none.
        InputError: No column is an e-mail or a phone; the headers found are listed.
    """
    chosen = options or RecogniseOptions()
    columns = columns_of(headers, sample)
    roles, keys = _take_named(headers, chosen)
    free = [c for c in columns if c.header not in roles.taken | keys.keys()]
    take_by_header(free, roles)
    take_by_contents(free, roles, chosen.region)
    if not roles.has_contact():
        raise _no_contact(headers)
    if not any(roles.columns.get(role) for role in (NAME, FIRST_NAME, LAST_NAME)):
        roles.notes.append(Note("name_column_missing", ""))
    rest = [column for column in columns if column.header not in roles.taken]
    return _recognition(rest, roles, _Rest.of(headers, keys, chosen))


def customer_likeness(headers: Sequence[str]) -> int:
    """Return how much a row looks like the headers of a customer table (0: not at all).

    An e-mail or phone column gives 4 points, a name 3, its parts 2, all other fields 1;
    a row that holds an address or a number itself is data and gives 0.
    """
    return 0 if looks_like_data(headers) else likeness(headers)


@dataclass(frozen=True, slots=True)
class _Rest:
    """What was said about the columns that are no field: by header of the file."""

    keys: dict[str, str]
    only: frozenset[str] | None
    released: frozenset[str]
    denied: frozenset[str]
    renamed: dict[str, str]

    @classmethod
    def of(
        cls, headers: Sequence[str], keys: dict[str, str], chosen: RecogniseOptions
    ) -> "_Rest":
        def found(names: Sequence[str], option: str) -> frozenset[str]:
            return frozenset(find_column(headers, name, option) for name in names)

        only: frozenset[str] | None = frozenset() if chosen.metadata == "none" else None
        if not isinstance(chosen.metadata, str):
            only = found(chosen.metadata, "--metadata")
        return cls(
            keys=keys,
            only=only,
            released=(only or frozenset()) | _present(headers, chosen.allow),
            denied=_present(headers, chosen.deny),
            renamed=dict(chosen.rename),
        )

    def leaves_out(self, column: str) -> bool:
        """Say whether the user kept a column back."""
        return column in self.denied or (
            self.only is not None and column not in self.only
        )


def _present(headers: Sequence[str], names: Sequence[str]) -> frozenset[str]:
    """Return the names that are columns of this file; a setting serves many files."""
    return frozenset(names) & frozenset(headers)


def _take_named(
    headers: Sequence[str], chosen: RecogniseOptions
) -> tuple[Roles, dict[str, str]]:
    """Return the fields that `--map` fills, and column -> key for `metadata.KEY`."""
    roles, keys = Roles(), dict[str, str]()
    for field, named in chosen.map:
        check_field(field)
        column = find_column(headers, named, f"--map {field}={show_header(named)}")
        if field.startswith(METADATA_PREFIX):
            keys[column] = field.removeprefix(METADATA_PREFIX)
        elif column not in roles.columns.get(field, ()):
            roles.take(field, column, ColumnEvidence(column, field, "map"))
    return roles, keys


def _recognition(rest: Sequence[Column], roles: Roles, said: _Rest) -> Recognition:
    """Sort what is no field into metadata, withheld and unused."""
    metadata: list[tuple[str, str]] = []
    withheld: list[str] = []
    strong: dict[str, str] = {}
    for column in rest:
        header = column.header
        kind, why = kind_of(header, column.filled) or (None, "")
        if header in said.keys:
            key = said.keys[header]
            metadata.append((key, header))
            roles.evidence.append(ColumnEvidence(header, f"metadata.{key}", "map"))
            strong.setdefault(sensitive_kind(key) or kind or "", header)
        elif said.leaves_out(header):
            roles.evidence.append(ColumnEvidence(header, "unused", "map"))
        elif kind and header not in said.released:
            withheld.append(header)
            basis: Basis = "header" if why == "header" else "contents"
            facts = kind if why == "header" else f"{kind}, {why}"
            roles.evidence.append(ColumnEvidence(header, "withheld", basis, facts))
            roles.notes.append(Note("sensitive_column", header, (("kind", kind),)))
        else:
            key = said.renamed.get(header, header).strip()
            metadata.append((key, header))
            roles.evidence.append(ColumnEvidence(header, f"metadata.{key}", "rest"))
            strong.setdefault(kind or "", header)
    columns = ColumnMap(
        name=roles.one(NAME),
        first_name=roles.one(FIRST_NAME),
        last_name=roles.one(LAST_NAME),
        emails=tuple(roles.columns.get(EMAIL, ())),
        phones=tuple(roles.columns.get(PHONE, ())),
        country=roles.one(COUNTRY),
        external_id=roles.one(EXTERNAL_ID),
        birth_date=strong.get(_BIRTH_DATE),
        national_id=strong.get(_NATIONAL_ID),
        metadata=tuple(metadata),
        withheld=tuple(withheld),
    )
    return Recognition(columns, tuple(roles.evidence), tuple(roles.notes))


def _no_contact(headers: Sequence[str]) -> InputError:
    hint = "name the columns, as `--map email=COLUMN` or `--map phone=#3` by position"
    if looks_like_data(headers):
        hint = f"the first line looks like data, not headers; {hint}"
    return InputError(
        f"No column holds an e-mail or a phone; the {len(headers)} headers found are "
        f"{show_headers(headers)}",
        hint=hint,
    )
