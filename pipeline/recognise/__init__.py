"""Recognise which column of a file is the name, e-mail, phone, metadata or withheld.

Headers decide where they say something, contents where they do not, `--map` always.
"""

from collections.abc import Sequence

from pipeline.errors import InputError
from pipeline.recognise.fields import (
    Roles,
    columns_of,
    likeness,
    take_by_contents,
    take_by_header,
)
from pipeline.recognise.named import find_column
from pipeline.recognise.options import (
    ColumnEvidence,
    MetadataChoice,
    Note,
    RecogniseOptions,
    Recognition,
    check_field,
    parse_map,
    parse_metadata,
)
from pipeline.recognise.rest import Rest, Said
from pipeline.recognise.shown import looks_like_data, show_header, show_headers
from schemas.columns import ColumnMap
from schemas.fields import (
    CONSENT,
    CONSENT_DATE,
    COUNTRY,
    EMAIL,
    EXTERNAL_ID,
    FIRST_NAME,
    LAST_NAME,
    METADATA_PREFIX,
    NAME,
    PHONE,
)

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
    take_by_header(free, roles, consent=chosen.consent)
    take_by_contents(free, roles, chosen.region)
    if not roles.has_contact():
        raise _no_contact(headers)
    if not any(roles.columns.get(role) for role in (NAME, FIRST_NAME, LAST_NAME)):
        roles.notes.append(Note("name_column_missing", ""))
    said = Said.of(headers, keys, chosen)
    written = (COUNTRY, EXTERNAL_ID, CONSENT, CONSENT_DATE)
    reserved = [field for field in written if roles.columns.get(field)]
    rest = Rest(reserved=frozenset(reserved))
    for column in sorted(columns, key=lambda one: one.header not in keys):
        if column.header not in roles.taken:
            rest.sort(column, said)
    return _recognition(rest, roles)


def customer_likeness(headers: Sequence[str]) -> int:
    """Return how much a row looks like the headers of a customer table (0: not at all).

    An e-mail or phone column gives 4 points, a name 3, its parts 2, all other fields 1;
    a row that holds an address or a number itself is data and gives 0.
    """
    return 0 if looks_like_data(headers) else likeness(headers)


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


def _recognition(rest: Rest, roles: Roles) -> Recognition:
    columns = ColumnMap(
        name=roles.one(NAME),
        first_name=roles.one(FIRST_NAME),
        last_name=roles.one(LAST_NAME),
        emails=tuple(roles.columns.get(EMAIL, ())),
        phones=tuple(roles.columns.get(PHONE, ())),
        country=roles.one(COUNTRY),
        external_id=roles.one(EXTERNAL_ID),
        consent=roles.one(CONSENT),
        consent_date=roles.one(CONSENT_DATE),
        birth_date=rest.by_kind.get(_BIRTH_DATE),
        national_id=rest.by_kind.get(_NATIONAL_ID),
        metadata=tuple((key, column) for key, column in rest.metadata.items()),
        withheld=tuple(rest.withheld),
        trusted=tuple(rest.trusted),
    )
    evidence = (*roles.evidence, *rest.evidence)
    return Recognition(columns, evidence, (*roles.notes, *rest.notes))


def _no_contact(headers: Sequence[str]) -> InputError:
    hint = "name the columns, as `--map email=COLUMN` or `--map phone=#3` by position"
    if looks_like_data(headers):
        hint = f"the first line looks like data, not headers; {hint}"
    return InputError(
        f"No column holds an e-mail or a phone; the {len(headers)} headers found are "
        f"{show_headers(headers)}",
        hint=hint,
    )
