"""Keyed hashes of customers and rows: what the index keeps instead of people.

A fingerprint has two halves of 16 hex digits: name and contacts, then the metadata;
the second is zeros where a reading did not show any metadata.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.dedupe.names import name_key
from pipeline.match.changes import as_text, plain_name
from pipeline.match.known import JSON, Known, Record, email_key
from pipeline.state.writes import IndexRow

_HALF = 16
UNSEEN = "0" * _HALF
"""Second half of a fingerprint whose metadata was not shown."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """Makes keyed hashes with `key_of(kind, value)`; `key_name` is our import key."""

    key_of: Callable[[str, str], str]
    key_name: str

    def contacts(self, email: str | None, phone: str | None) -> tuple[str, ...]:
        """Return the keys of a comparable e-mail and an E.164 phone, where given."""
        kinds = (("email", email_key(email)), ("phone", phone))
        return tuple(self.key_of(kind, value) for kind, value in kinds if value)

    def name(self, name: str | None) -> str | None:
        """Return the key of a name, whatever its order, accents and case."""
        plain = name_key(name)
        return self.key_of("name", plain) if plain else None

    def row(self, known: Known, run_id: str | None = None) -> IndexRow:
        """Return what the index keeps of a customer; `run_id` wrote him."""
        return IndexRow(
            known.id,
            known.email and self.key_of("email", known.email),
            known.phone and self.key_of("phone", known.phone),
            self.name(known.customer.name),
            self.fingerprint(known),
            run_id,
        )

    def fingerprint(self, known: Known) -> str:
        """Return the fingerprint of a customer as he was read."""
        customer = known.customer
        seen = self._visible(customer.name, known.email, known.phone)
        if customer.metadata is None:
            return seen + UNSEEN
        return seen + self._metadata(customer.metadata)

    def of_record(self, record: Record) -> str:
        """Return the fingerprint of a customer who is exactly this record."""
        return self.of_values(
            record.name, email_key(record.email), record.phone, record.metadata
        )

    def of_values(
        self,
        name: str | None,
        email: str | None,
        phone: str | None,
        metadata: Mapping[str, JSON],
    ) -> str:
        """Return the same of a record's values; `email` in its comparable form."""
        return self._visible(name, email, phone) + self._metadata(metadata)

    def settled(self, customer_id: str, row: str, customer: str, prefer: str) -> str:
        """Return the key of: this row changes nothing in this customer as he is."""
        return self.key_of("settled", f"{customer_id}\0{row}\0{customer}\0{prefer}")

    def source(self, source: str, record: Record) -> tuple[str, ...]:
        """Return the keys of what a source calls a customer: its number and name."""
        external = self.external(source, record)
        return tuple(k for k in (external, self.named(source, record)) if k)

    def external(self, source: str, record: Record) -> str | None:
        """Return the key of the external id that a source gives."""
        if not record.external_id:
            return None
        return self.key_of("source", f"{source}\0id\0{record.external_id}")

    def named(self, source: str, record: Record) -> str | None:
        """Return the key of the name that a source gives."""
        plain = name_key(record.name)
        return self.key_of("source", f"{source}\0name\0{plain}") if plain else None

    def _visible(self, name: str | None, email: str | None, phone: str | None) -> str:
        told = _joined([plain_name(name), email, phone])
        return self.key_of("visible", told)[:_HALF]

    def _metadata(self, metadata: Mapping[str, JSON]) -> str:
        told = [
            part
            for key in sorted(metadata)
            if key != self.key_name and (text := as_text(metadata[key])) is not None
            for part in (key, text)
        ]
        return self.key_of("metadata", _joined(told))[:_HALF]


def _joined(texts: Iterable[str | None]) -> str:
    """Return texts as one, each behind its length, so that no two lists are alike."""
    return "".join(["-" if t is None else f"{len(t)}:{t}" for t in texts])


def with_metadata_kept(row: IndexRow, before: IndexRow | None) -> IndexRow:
    """Return `row` with the metadata's half as it was, where this reading shows none.

    A list may leave the metadata out; what it shows being unchanged, the rest is
    trusted to be, until the customer is read.
    """
    if before is None or row.fingerprint is None or before.fingerprint is None:
        return row
    if not row.fingerprint.endswith(UNSEEN):
        return row
    if row.fingerprint[:_HALF] != before.fingerprint[:_HALF]:
        return row
    return row._replace(fingerprint=before.fingerprint)
