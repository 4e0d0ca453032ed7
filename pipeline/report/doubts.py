"""What a person is asked about: pairs in the file, shared contacts, known customers.

Reads what deduplication and matching left on the workbench; each line has the durable
keys by which an answer is found again in a later run.
"""

import heapq
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.dedupe.keys import contact_key, record_key
from pipeline.dedupe.names import Agreement, compare
from pipeline.report.words import Words

_SCORES = {
    "existing_duplicates": 0.9,
    "name_uncertain": 0.75,
    "contact_conflict": 0.6,
    "external_id_contradicts": 0.5,
    "name_contradicts": 0.45,
}
_TAKEN = 0.3
_SHARED = 0.2
_MOST_CANDIDATES = 12
_BATCH = 1000
_CONTACTS = ("household_contact", "shared_contact")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two: a row of the file, or a customer who exists (`customer_id`)."""

    row: int | None = None
    customer_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None

    def key(self, secret: str) -> str:
        """Return the durable key: the customer's id, else that of the record."""
        if self.customer_id is not None:
            return self.customer_id
        return record_key(self.name, self.email, self.phone, secret=secret)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One line of the review file.

    `kind` is `pair` (two who may be one), `contact` (several carry it) or `existing`
    (two customers of the API). `written` names what happens meanwhile. `contact` is
    the shared contact as (email or phone, value), `people` how many carry it.
    """

    kind: str
    score: float
    rule: str
    reason_en: str
    reason_fr: str
    written: str
    a: Side
    b: Side
    contact: tuple[str, str] | None = None
    people: int | None = None
    rows: tuple[int, ...] = ()

    def keys(self, secret: str) -> tuple[str, str]:
        """Return the keys of both sides; a contact has one."""
        if self.kind == "contact" and self.contact is not None:
            return contact_key(*self.contact, secret=secret), ""
        return self.a.key(secret), self.b.key(secret)


def keep_doubts(con: Any) -> None:
    """Set aside whom matching was unsure about, before a later match takes its tables.

    Leaves `doubt` (lines of `verdict` with candidates) and `doubt_customer`.
    """
    con.execute(
        """CREATE OR REPLACE TABLE doubt AS
        SELECT row, action, customer_id, rule, candidates FROM verdict
        WHERE candidates IS NOT NULL"""
    )
    con.execute(
        """CREATE OR REPLACE TABLE doubt_customer AS
        SELECT DISTINCT ON (e.id) e.id, e.name, e.email, e.phone, e.email_key,
            e.phone_key
        FROM existing e JOIN (
            SELECT DISTINCT unnest(from_json(candidates, '["VARCHAR"]')) AS id
            FROM doubt) d ON d.id = e.id ORDER BY e.id, e.read_at DESC"""
    )


def doubts(con: Any) -> Iterator[Doubt]:
    """Yield every line of the review file, best first.

    Until the end `con` is busy: nothing else may be asked of it.
    """
    known: list[Doubt] = []
    if _has(con, "doubt"):
        known += _against_customers(con)
        known += _shared_with_customers(con)
    known.sort(key=_best_first)
    in_file = _in_file(con) if _has(con, "pairs") else iter(())
    return heapq.merge(in_file, known, key=_best_first)


def _best_first(doubt: Doubt) -> tuple[object, ...]:
    a, b = doubt.a, doubt.b
    return (
        -doubt.score,
        doubt.rule,
        a.row or 0,
        a.customer_id or "",
        b.row or 0,
        b.customer_id or "",
    )


def _has(con: Any, table: str) -> bool:
    found = con.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?", [table]
    ).fetchall()
    return bool(found[0][0])


def _in_file(con: Any) -> Iterator[Doubt]:
    found = con.execute(
        """SELECT p.kind, p.score, p.rule, p.reason_en, p.reason_fr, p.holds,
            p.key_kind, p.key_value, p.names_on_key, p.rows,
            a.row, a.name, a.email, a.phone, b.row, b.name, b.email, b.phone
        FROM pairs p LEFT JOIN prepared a ON a.row = p.row_a
        LEFT JOIN prepared b ON b.row = p.row_b
        ORDER BY p.score DESC, p.rule, p.row_a, p.row_b"""
    )
    while lines := found.fetchmany(_BATCH):
        yield from map(_pair, lines)


def _pair(line: Sequence[Any]) -> Doubt:
    kind, score, name, english, french, holds = line[:6]
    key_kind, value, people, rows = line[6:10]
    is_contact = kind == "contact"
    written = "held" if holds else ("contact" if is_contact else "go_on")
    return Doubt(
        "contact" if is_contact else "pair",
        score,
        name,
        english,
        french,
        written,
        Side(line[10], None, *line[11:14]),
        Side(line[14], None, *line[15:18]),
        (key_kind, value) if value and key_kind in ("email", "phone") else None,
        people,
        tuple(json.loads(rows)) if rows else (),
    )


def _against_customers(con: Any) -> Iterator[Doubt]:
    """Yield rows held or attached although other customers carry their contacts."""
    customers = {
        line[0]: Side(None, *line)
        for line in con.execute(
            "SELECT id, name, email, phone FROM doubt_customer"
        ).fetchall()
    }
    told: set[tuple[str, str]] = set()
    lines = con.execute(
        """SELECT d.action, d.customer_id, d.rule, d.candidates,
            g.row, g.name, g.email, g.phone
        FROM doubt d JOIN prepared g USING (row) WHERE d.action <> 'create'
        ORDER BY g.row"""
    ).fetchall()
    for action, customer_id, name, candidates, *row in lines:
        side = Side(row[0], None, *row[1:])
        others = [customers[i] for i in json.loads(candidates) if i in customers]
        if action == "hold":
            yield from _held(side, others, name)
        yield from _duplicates(side, others, customer_id, told)


def _held(side: Side, others: Sequence[Side], name: str) -> Iterator[Doubt]:
    score = _SCORES.get(name, _TAKEN)
    for other in others[:_MOST_CANDIDATES]:
        yield _doubt("pair", score, name, "update", side, other)


def _duplicates(
    side: Side, others: Sequence[Side], taken: str | None, told: set[tuple[str, str]]
) -> Iterator[Doubt]:
    """Yield customers who look like one, and contacts that stayed with another."""
    equal = [o for o in others if compare(side.name, o.name) is Agreement.EQUAL]
    first = next((o for o in others if o.customer_id == taken), None)
    if first is None and equal:
        first = equal[0]
    if first is None or first.customer_id is None:
        return
    for other in others[:_MOST_CANDIDATES]:
        if other.customer_id in (None, first.customer_id):
            continue
        low, high = sorted((first.customer_id, str(other.customer_id)))
        if other in equal and first in equal:
            if (low, high) not in told:
                told.add((low, high))
                score = _SCORES["existing_duplicates"]
                yield _doubt(
                    "existing", score, "existing_duplicates", "existing", first, other
                )
        elif taken is not None:
            yield _doubt("pair", _TAKEN, "contact_conflict", "attached", side, other)


def _shared_with_customers(con: Any) -> Iterator[Doubt]:
    """Yield one line for each contact that new rows share with customers."""
    lines = con.execute(
        """WITH shared AS (
            SELECT g.row, g.name, g.email, g.phone, c.id, c.name AS other,
                c.email AS their_email, c.phone AS their_phone,
                CASE WHEN c.email_key = lower(g.email) THEN 'email' ELSE 'phone' END
                    AS kind,
                CASE WHEN c.email_key = lower(g.email) THEN lower(g.email)
                    ELSE g.phone END AS value
            FROM doubt d JOIN prepared g USING (row)
            JOIN doubt_customer c ON c.id IN (
                SELECT unnest(from_json(d.candidates, '["VARCHAR"]')))
            WHERE d.action = 'create')
        SELECT kind, value, count(DISTINCT id), list(DISTINCT row ORDER BY row),
            arg_min(struct_pack(row, name, email, phone), row),
            arg_min(struct_pack(id, other, their_email, their_phone), id)
        FROM shared WHERE value IS NOT NULL GROUP BY kind, value"""
    ).fetchall()
    for kind, value, customers, rows, first, other in lines:
        people = customers + len(rows)
        name = _CONTACTS[kind == "email"]
        yield _doubt(
            "contact",
            round(_SHARED / people, 3),
            name,
            "contact",
            Side(first["row"], None, first["name"], first["email"], first["phone"]),
            Side(None, *other.values()),
            contact=(kind, value),
            people=people,
            rows=tuple(rows),
        )


def _doubt(
    kind: str, score: float, name: str, written: str, a: Side, b: Side, **more: Any
) -> Doubt:
    return Doubt(
        kind,
        score,
        name,
        Words("en").rule(name),
        Words("fr").rule(name),
        written,
        a,
        b,
        **more,
    )
