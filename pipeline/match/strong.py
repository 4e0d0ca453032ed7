"""Values that tell one person from another: external id, national id, birth date.

An earlier import wrote them into the customer's metadata, under the key of the column.
"""

from collections.abc import Iterator

from pipeline.match.known import Known, Record

_EXTERNAL_ID = "external_id"


def same_strong_id(record: Record, known: Known) -> str | None:
    """Return which id of the record the customer has too; a birth date is none."""
    for kind, mine, theirs in _values(record, known):
        if kind != "birth_date" and _plain(mine) == _plain(theirs):
            return kind
    return None


def contradiction(record: Record, known: Known) -> str | None:
    """Return which value the customer has otherwise than the record, or None."""
    for kind, mine, theirs in _values(record, known):
        if _plain(mine) != _plain(theirs):
            return kind
    return None


def _values(record: Record, known: Known) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, record's value, customer's value) where both have one."""
    metadata = known.customer.metadata or {}
    for kind, value in (
        (_EXTERNAL_ID, record.external_id),
        ("national_id", record.national_id),
        ("birth_date", record.birth_date),
    ):
        if not value:
            continue
        for key in _keys(record, kind, value):
            theirs = metadata.get(key)
            if theirs not in (None, "", [], {}):
                yield kind, value, str(theirs)
                break


def _keys(record: Record, kind: str, value: str) -> Iterator[str]:
    """Yield the metadata keys under which an import of this column writes the value."""
    if kind == _EXTERNAL_ID:
        yield _EXTERNAL_ID
        return
    yield from (k for k, v in record.metadata.items() if _plain(v) == _plain(value))
    yield kind


def _plain(value: str) -> str:
    return " ".join(value.split()).casefold()
