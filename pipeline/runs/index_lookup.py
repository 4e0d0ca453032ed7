"""Tell the rows of a batch apart by the index: known, unchanged or new.

A worker process can do it for itself: it is told where the state database lies.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from pipeline.cycles import without_cycle_search
from pipeline.existing.hashes import Hashes
from pipeline.match.known import email_key
from pipeline.runs.plan_tables import metadata_of
from pipeline.state.holders import Holder
from pipeline.state.index import CustomerIndex
from pipeline.state.lineage import Settled
from pipeline.state.store import StatePlace

MOST = 12
"""Customers read for one row; of a contact that more have, those of its name come first."""

HIT = pa.schema([("row", pa.int64()), ("customer_id", pa.string())])
SETTLED = pa.schema(
    [
        ("row", pa.int64()),
        ("customer_id", pa.string()),
        ("rule", pa.string()),
        ("kept", pa.string()),
    ]
)

_Keys = tuple[bytes, bytes]
"""Keys of e-mail and phone; empty where a row has none."""

_Single = tuple[tuple[Any, ...], str, Holder]
"""A golden record, the one customer it hits, and by which rule."""


@dataclass(frozen=True, slots=True)
class How:
    """How the index may be used: `max_age` in seconds, `prefer` as in the contract."""

    prefer: str
    max_age: float
    key_name: str


@dataclass(frozen=True, slots=True)
class Desk:
    """Where an account's index is asked; picklable, so that a worker can ask too."""

    place: StatePlace
    account: str
    how: How


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks rows up in one account's index."""

    index: CustomerIndex
    settled: Settled
    hashes: Hashes
    how: How

    def look_up(
        self, batch: pa.RecordBatch, said: frozenset[int]
    ) -> tuple[pa.Table, pa.Table]:
        """Return whom each row hits, and which rows are settled as far as one can tell.

        `batch` has the columns of `plan_tables.GOLDEN`; the rows in `said` are never
        settled, since a person spoke of them. The tables are of `HIT` and `SETTLED`.
        """
        with without_cycle_search():
            hits, settled = self._told(batch, said)
            return _table(hits, HIT), _table(settled, SETTLED)

    def _told(
        self, batch: pa.RecordBatch, said: frozenset[int]
    ) -> tuple[list[tuple[int, str]], list[tuple[int, str, str, str]]]:
        lines = list(zip(*(c.to_pylist() for c in batch.columns), strict=True))
        keys = self._keys(lines)
        by_email = self.index.holders("email", {e for e, _ in keys if e})
        by_phone = self.index.holders("phone", {p for _, p in keys if p})
        hits: list[tuple[int, str]] = []
        single: list[_Single] = []
        for line, (email, phone) in zip(lines, keys, strict=True):
            held = (*by_email.get(email, ()), *by_phone.get(phone, ()))
            people = {found.customer_id: found for found in held}
            row = line[0]
            hits += [(row, i) for i in self._nearest(people, line[1])]
            if len(people) == 1 and row not in said and held[0].fingerprint:
                single.append((line, _rule(email, phone, held[0]), held[0]))
        return hits, self._unchanged(single)

    def _keys(self, lines: Sequence[tuple[Any, ...]]) -> list[_Keys]:
        return [
            (self._key("email", email_key(line[2])), self._key("phone", line[3]))
            for line in lines
        ]

    def _key(self, kind: str, value: str | None) -> bytes:
        return bytes.fromhex(self.hashes.key_of(kind, value)) if value else b""

    def _nearest(self, people: Mapping[str, Holder], name: str | None) -> Iterable[str]:
        if len(people) <= MOST:
            return people
        mine = bytes.fromhex(self.hashes.name(name) or "")
        return sorted(people, key=lambda i: (people[i].name_key != mine, i))[:MOST]

    def _unchanged(self, single: Sequence[_Single]) -> list[tuple[int, str, str, str]]:
        """Return the rows that are as their customer is, or were found to be before."""
        settled: list[tuple[int, str, str, str]] = []
        doubtful: dict[str, tuple[int, str, str]] = {}
        for line, rule, found in single:
            theirs = found.fingerprint.hex() if found.fingerprint else ""
            row, name, email, phone, country, external_id, *_, metadata = line
            values = metadata_of(country, external_id, metadata)
            mine = self.hashes.of_values(name, email_key(email), phone, values)
            told = row, found.customer_id, rule
            if mine == theirs:
                settled.append((*told, ""))
            else:
                key = self.hashes.settled(
                    found.customer_id, mine, theirs, self.how.prefer
                )
                doubtful[key] = told
        for key, kept in self.settled.find(doubtful).items():
            settled.append((*doubtful[key], ",".join(kept)))
        return settled


def look_up_elsewhere(
    desk: Desk, batch: pa.RecordBatch, said: frozenset[int]
) -> tuple[pa.Table, pa.Table]:
    """Look up in a worker process, which opens the state database once."""
    return _lookup_at(desk).look_up(batch, said)


@lru_cache(maxsize=1)
def _lookup_at(desk: Desk) -> Lookup:
    state = desk.place.open()
    return Lookup(
        CustomerIndex(state, desk.account),
        Settled(state, desk.account),
        Hashes(state.key_of, desk.how.key_name),
        desk.how,
    )


def _rule(email: bytes, phone: bytes, found: Holder) -> str:
    by_email = found.email_key == email
    by_phone = found.phone_key == phone
    return "R1" if by_email and by_phone else ("R2" if by_email else "R3")


def _table(rows: Sequence[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = [
        pa.array(column, field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
