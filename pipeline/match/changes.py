"""What an import would change in an existing customer, field by field.

What the server rewrites is no difference: e-mail compares without case, phone as
E.164, name by NFC and blanks, metadata values as text. Nothing is ever emptied.
"""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.dedupe.names import is_better_spelling
from pipeline.match.known import JSON, Known, Record, email_key, phone_key
from schemas.fields import EMAIL, METADATA_PREFIX, NAME, PHONE

UPDATED_AT = "updated_at"
"""Metadata key that `--prefer newest` compares with the customer's own date."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one customer: from `old` to `new`, both as text; None is empty.

    `value` is the JSON value to write where that is not text, as when an undo puts a
    number back.
    """

    field: str
    old: str | None
    new: str | None
    rule: str
    value: JSON = None

    @property
    def overwrites(self) -> bool:
        """Whether a name, e-mail or phone that is there is replaced by another."""
        return self.rule == "overwritten"


@dataclass(frozen=True, slots=True)
class Difference:
    """The changes to write, and the fields whose existing value was kept."""

    changes: tuple[FieldChange, ...]
    kept: tuple[str, ...] = ()


def as_text(value: JSON) -> str | None:
    """Return a metadata value as the text it is compared by; empty values are None."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def plain_name(value: str | None) -> str:
    """Return a name in NFC with its blanks collapsed."""
    return " ".join(unicodedata.normalize("NFC", value or "").split())


def difference(
    record: Record, known: Known, prefer: str, *, skip: frozenset[str] = frozenset()
) -> Difference:
    """Return what `record` changes in `known` under `prefer` (existing, file, newest).

    Fields in `skip` are left alone: a contact that belongs to somebody else is not
    moved.
    """
    takes = prefer == "file" or (prefer == "newest" and _is_newer(record, known))
    changes: list[FieldChange] = []
    kept: list[str] = []
    for field, old, new, same in _api_fields(record, known):
        if new is None or same or field in skip:
            continue
        if not old:
            changes.append(FieldChange(field, None, new, "filled"))
        elif field == NAME and is_better_spelling(old, new):
            changes.append(FieldChange(field, old, new, "better_spelling"))
        elif takes:
            changes.append(FieldChange(field, old, new, "overwritten"))
        else:
            kept.append(field)
    changes.extend(_metadata_changes(record.metadata, known.customer.metadata or {}))
    return Difference(tuple(changes), tuple(kept))


def _api_fields(
    record: Record, known: Known
) -> tuple[tuple[str, str | None, str | None, bool], ...]:
    customer = known.customer
    return (
        (
            NAME,
            customer.name,
            record.name,
            plain_name(customer.name) == plain_name(record.name),
        ),
        (EMAIL, customer.email, record.email, known.email == email_key(record.email)),
        (PHONE, customer.phone, record.phone, known.phone == record.phone),
    )


def _metadata_changes(
    incoming: Mapping[str, str], existing: Mapping[str, JSON]
) -> list[FieldChange]:
    changes = []
    for key in sorted(incoming):
        old = as_text(existing.get(key))
        if old != incoming[key]:
            rule = "filled" if old is None else "metadata"
            changes.append(
                FieldChange(f"{METADATA_PREFIX}{key}", old, incoming[key], rule)
            )
    return changes


def _is_newer(record: Record, known: Known) -> bool:
    mine = _moment(record.metadata.get(UPDATED_AT))
    theirs = _moment(known.customer.updated_at or known.customer.created_at)
    return mine is not None and (theirs is None or mine > theirs)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def update_body(
    changes: tuple[FieldChange, ...], metadata: Mapping[str, JSON] | None
) -> dict[str, JSON]:
    """Return the body of an update: changed fields, and the whole metadata if any of it.

    An update replaces the stored metadata, so what is there is merged and sent along.
    """
    body: dict[str, JSON] = {}
    merged: dict[str, JSON] = dict(metadata or {})
    for change in changes:
        value = change.new if change.value is None else change.value
        if not change.field.startswith(METADATA_PREFIX):
            body[change.field] = value
            continue
        body["metadata"] = merged
        key = change.field.removeprefix(METADATA_PREFIX)
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return body


def create_body(record: Record) -> dict[str, JSON]:
    """Return the body of a create; empty fields are left out."""
    body: dict[str, JSON] = {
        field: value
        for field, value in (
            (NAME, record.name),
            (EMAIL, record.email),
            (PHONE, record.phone),
        )
        if value
    }
    if record.metadata:
        body["metadata"] = dict(record.metadata)
    return body


def still_equal(changes: tuple[FieldChange, ...], live: Known, region: str) -> bool:
    """Tell whether the live record still holds each change's `old` value."""
    return all(holds(live, change.field, change.old, region) for change in changes)


def is_written(changes: tuple[FieldChange, ...], live: Known, region: str) -> bool:
    """Tell whether the live record holds each change's `new` value already."""
    return all(holds(live, change.field, change.new, region) for change in changes)


def holds(live: Known, field: str, value: str | None, region: str) -> bool:
    """Tell whether `live` holds `value` in `field`, compared as the contract says."""
    customer = live.customer
    if field == NAME:
        return plain_name(customer.name) == plain_name(value)
    if field == EMAIL:
        return live.email == email_key(value)
    if field == PHONE:
        return live.phone == phone_key(value, region)
    stored = (customer.metadata or {}).get(field.removeprefix(METADATA_PREFIX))
    return as_text(stored) == value


def before_image(body: Mapping[str, JSON], live: Known) -> dict[str, JSON]:
    """Return the old values of the fields that `body` writes; metadata whole."""
    customer = live.customer
    old = {
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "metadata": dict(customer.metadata or {}),
    }
    return {field: old[field] for field in body}
