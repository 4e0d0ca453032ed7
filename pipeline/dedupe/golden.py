"""The golden record: one row out of several of one person, field by field.

Nothing is emptied and nothing overwritten silently: second contacts go to numbered
metadata keys, and every other value that is not taken is told as a difference.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.dedupe.names import is_better_spelling
from pipeline.dedupe.policy import DedupePolicy

_PLAIN = range(3, 9)
_CONTACTS = (3, 4)
_PAIR = 2
_encode = json.JSONEncoder(sort_keys=True).encode


class Record(NamedTuple):
    """A PREPARED row with the rule that brought it into its cluster.

    `identity` is the identity of its name, which SQL knows already.
    """

    row: int
    line: int
    name: str | None
    email: str | None
    phone: str | None
    country: str | None
    external_id: str | None
    birth_date: str | None
    national_id: str | None
    metadata: str | None
    rule: str
    identity: str


class Difference(NamedTuple):
    """A value that was not taken: it stands in `row`, another was kept."""

    row: int
    into_row: int
    field: str
    kept: str
    other: str


class Golden(NamedTuple):
    """One merged record: the surviving row's number and line with the best values.

    `provenance` is JSON, field -> {row, rule}, for values of other rows only.
    """

    record: Record
    survivor: Record
    provenance: str | None
    members: tuple[Record, ...]
    differences: tuple[Difference, ...]


def merge(records: Sequence[Record], policy: DedupePolicy) -> Golden:
    """Merge rows of one person; the first by content survives, whatever their order.

    The fullest row comes first, then its normalised content, then its raw text, and
    the row number only between rows that are equal. With `prefer='newest'` and a
    date key the newest row's values come first, and the same row still survives.
    """
    ranked = _ranked(records)
    survivor = ranked[0]
    said = survivor[2:10]
    if all([r[2:10] == said for r in ranked]):  # noqa: C419 - quicker on a few rows
        return Golden(survivor, survivor, None, tuple(ranked[1:]), ())
    sources = _newest_first(ranked, policy)
    merging = _Merging(survivor.row, {}, [])
    name = merging.name(sources)
    email, phone, country, external_id, birth_date, national_id = (
        merging.plain(index, sources) for index in _PLAIN
    )
    metadata = merging.metadata(sources, {"email": email, "phone": phone})
    record = Record(
        survivor.row,
        survivor.line,
        name,
        email,
        phone,
        country,
        external_id,
        birth_date,
        national_id,
        metadata,
        survivor.rule,
        survivor.identity,
    )
    return Golden(
        record,
        survivor,
        _encode(merging.provenance) if merging.provenance else None,
        tuple(ranked[1:]),
        tuple(merging.differences),
    )


def _ranked(records: Sequence[Record]) -> list[Record]:
    if len(records) == _PAIR:
        one, two = records
        gap = one[2:10].count(None) - two[2:10].count(None)
        if gap and "" not in one and "" not in two:
            return [one, two] if gap < 0 else [two, one]
    return sorted(records, key=_content_order)


def _content_order(record: Record) -> tuple[object, ...]:
    texts = [value or "" for value in record[2:10]]
    return (
        texts.count(""),
        record.identity,
        # Of one name in two cases the one that is not shouted comes first.
        texts[0].isupper(),
        [text.casefold() for text in texts[1:]],
        texts,
        record.row,
    )


def _newest_first(ranked: list[Record], policy: DedupePolicy) -> list[Record]:
    if policy.prefer != "newest" or policy.date_key is None:
        return ranked
    key = policy.date_key
    return sorted(
        ranked, key=lambda r: str(_loads(r.metadata).get(key, "")), reverse=True
    )


def _loads(metadata: str | None) -> dict[str, object]:
    return json.loads(metadata) if metadata else {}


@dataclass(slots=True)
class _Merging:
    """The work on one record: collects where values came from and what differed."""

    into_row: int
    provenance: dict[str, dict[str, object]]
    differences: list[Difference]

    def _from(self, field: str, record: Record) -> None:
        if record.row != self.into_row:
            self.provenance[field] = {"row": record.row, "rule": record.rule}

    def name(self, records: list[Record]) -> str | None:
        """Return the first name, or a better spelling of it that another row has."""
        named = [r for r in records if r.name]
        if not named:
            return None
        best = named[0]
        for record in named[1:]:
            if _may_be_better(best, record) and is_better_spelling(
                best.name, record.name
            ):
                best = record
        self._from("name", best)
        for record in named:
            if record.identity != best.identity:
                self._differs("name", record, best.name, record.name)
        return best.name

    def plain(self, index: int, records: list[Record]) -> str | None:
        """Return the first value of a field; tell the others, but for contacts.

        A second e-mail or phone is not lost: it goes to the metadata.
        """
        kept: str | None = None
        for record in records:
            value: Any = record[index]
            if not value or value == kept:
                continue
            if kept is None:
                kept = value
                self._from(Record._fields[index], record)
            elif index not in _CONTACTS:
                self._differs(Record._fields[index], record, kept, value)
        return kept

    def metadata(
        self, records: list[Record], values: dict[str, str | None]
    ) -> str | None:
        """Return the union of all metadata, with second contacts in numbered keys."""
        first = records[0].metadata
        if len({r.metadata for r in records}) == 1 and not _second_contact(records):
            return first
        merged: dict[str, object] = {}
        for record in records:
            for key, value in _loads(record.metadata).items():
                if _is_blank(value):
                    continue
                if key not in merged:
                    merged[key] = value
                    self._from(f"metadata.{key}", record)
                elif isinstance(merged[key], list) and isinstance(value, list):
                    merged[key] = _union(merged[key], value)
                else:
                    self._differs(f"metadata.{key}", record, merged[key], value)
        self._second_contacts("email", records, values, merged, str.lower)
        self._second_contacts("phone", records, values, merged, str)
        if not merged:
            return first
        return json.dumps(merged, ensure_ascii=False, sort_keys=True)

    def _second_contacts(
        self,
        field: str,
        records: list[Record],
        values: dict[str, str | None],
        merged: dict[str, object],
        same: Callable[[str], str],
    ) -> None:
        seen = {same(values[field] or "")}
        seen |= {
            same(v)
            for k, v in merged.items()
            if isinstance(v, str) and k.startswith(f"{field}_")
        }
        for record in records:
            value = getattr(record, field)
            if not value or same(value) in seen:
                continue
            seen.add(same(value))
            number = next(n for n in range(2, 1000) if f"{field}_{n}" not in merged)
            merged[f"{field}_{number}"] = value
            self._from(f"metadata.{field}_{number}", record)

    def _differs(self, field: str, record: Record, kept: object, other: object) -> None:
        if _text(kept) != _text(other):
            self.differences.append(
                Difference(record.row, self.into_row, field, _text(kept), _text(other))
            )


def _may_be_better(best: Record, other: Record) -> bool:
    """Say cheaply whether asking for the better spelling is worth while."""
    if other.identity != best.identity:
        return True
    old, new = best.name or "", other.name or ""
    plain = old.isupper() or old.islower()
    return new != old and (plain or not new.isascii())


def _second_contact(records: list[Record]) -> bool:
    """Whether the rows have two e-mails or two phones between them."""
    phones = {r.phone for r in records if r.phone}
    emails = {r.email.lower() for r in records if r.email}
    return len(phones) > 1 or len(emails) > 1


def _is_blank(value: object) -> bool:
    return value is None or value in ("", [], {})


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _union(kept: object, added: list[object]) -> list[object]:
    out = list(kept) if isinstance(kept, list) else [kept]
    return out + [item for item in added if item not in out]
