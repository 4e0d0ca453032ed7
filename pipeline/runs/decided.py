"""What people decided, brought to a file: which of its rows are meant, and whom.

The state database keeps keyed hashes of the durable keys in review_pairs.csv, so that
it holds nobody in clear; here they meet the rows of a file again.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from pipeline.dedupe import record_key
from pipeline.dedupe.keys import contact_half_sql, email_key_sql, quoted
from pipeline.match.known import Record
from pipeline.report.doubts import Doubt
from pipeline.runs.workbench import Workbench
from pipeline.state.verdicts import Pair, Verdict

if TYPE_CHECKING:
    from pipeline.state.store import State

ANY = "*"
"""Account of decisions that were taken before any account was known."""

RECORD, CUSTOMER, CONTACT = "record/", "customer/", "contact/"

_HALF = 16
_SAID = pa.schema(
    [
        ("kind", pa.string()),
        ("key_a", pa.string()),
        ("key_b", pa.string()),
        ("verdict", pa.string()),
    ]
)
_OF_CUSTOMER = pa.schema(
    [("row", pa.int64()), ("customer_id", pa.string()), ("verdict", pa.string())]
)
_APART = pa.schema([("row_a", pa.int64()), ("row_b", pa.int64())])
_ANSWERED = pa.schema([("key_a", pa.string()), ("key_b", pa.string())])
_TABLES = (
    ("said", _SAID),
    ("said_customer", _OF_CUSTOMER),
    ("said_apart", _APART),
    ("said_answered", _ANSWERED),
)


class Said(NamedTuple):
    """Ids of customers whom a person called the same as a row, and others."""

    same: tuple[str, ...] = ()
    different: tuple[str, ...] = ()


class Keyring:
    """Turns the keys of the review file into those of the state database."""

    def __init__(self, state: "State") -> None:
        self.secret = state.key_of("secret", "decisions")

    def keyed(self, key: str) -> str:
        """Return the keyed form of a record's two halves, or of a contact's one."""
        return "-".join(self._half(half) for half in key.split("-"))

    def keyed_sql(self, half: str) -> str:
        """Return SQL that gives the keyed form of the half in the expression `half`."""
        return f"left(sha256({quoted(self.secret)} || chr(31) || {half}), {_HALF})"

    def _half(self, half: str) -> str:
        told = f"{self.secret}\x1f{half}".encode()
        return hashlib.sha256(told).hexdigest()[:_HALF]


def active(state: "State", account: str | None) -> dict[Pair, Verdict]:
    """Return what holds now for the account, and what was said before it was known."""
    from pipeline.state.decisions import Decisions  # brings SQLAlchemy along

    found = {p: d.verdict for p, d in Decisions(state, ANY).active().items()}
    if account is not None:
        mine = Decisions(state, account).active()
        found |= {p: d.verdict for p, d in mine.items()}
    return {p: v for p, v in found.items() if v is not Verdict.LATER}


def bring_decisions(
    bench: Workbench, state: "State", account: str | None
) -> str | None:
    """Find the rows of `prepared` that decisions mean; None where there are none.

    Leaves `said` (what deduplication reads), `said_customer` (row, customer, verdict)
    and `said_apart` (rows that are not one) on the workbench, and returns `said`.
    """
    decisions = active(state, account)
    if not decisions:
        return None
    for name, schema in _TABLES:
        bench.con.execute(f"CREATE OR REPLACE TABLE {name} AS {_empty(schema)}")
    ring = Keyring(state)
    rows = _rows_of(bench, ring, decisions)
    apart = _apart(decisions, rows)
    pairs = [
        ("pair", rows[a][0][1], rows[b][0][1], str(verdict))
        for (a, b), verdict in decisions.items()
        if a in rows and b in rows
    ]
    pairs += [("pair", a, b, "different") for a, b in apart]
    bench.append("said", _SAID, (*pairs, *_contacts_of(bench, ring, decisions)))
    bench.append("said_customer", _OF_CUSTOMER, _customers_of(decisions, rows))
    bench.append("said_apart", _APART, _rows_apart(pairs, rows))
    bench.append("said_answered", _ANSWERED, _answered(bench, decisions, rows))
    return "said"


def follow_decisions(bench: Workbench, note: Callable[..., str]) -> None:
    """Name the rows that decisions joined or kept apart; `merges` is there by now.

    Decisions about merged rows hold for the row that carries the result.
    """
    joined = "SELECT row FROM merges WHERE rule = 'decided' ORDER BY row"
    for (row,) in bench.con.execute(joined).fetchall():
        note(row, "decided_same", {})
    bench.con.execute("UPDATE merges SET rule = 'decided_same' WHERE rule = 'decided'")
    for table, column in (
        ("said_customer", "row"),
        ("said_apart", "row_a"),
        ("said_apart", "row_b"),
    ):
        bench.con.execute(
            f"UPDATE {table} SET {column} = m.into_row FROM merges m"
            f" WHERE m.row = {table}.{column}"
        )
    apart = "SELECT DISTINCT greatest(row_a, row_b) FROM said_apart ORDER BY 1"
    for (row,) in bench.con.execute(apart).fetchall():
        note(row, "decided_different", {})


def has_decisions(bench: Workbench) -> bool:
    """Tell whether decisions were brought to this workbench."""
    found = bench.scalar(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'said_customer'"
    )
    return bool(found)


def said_of(bench: Workbench) -> Mapping[int, Said]:
    """Return, by golden row, the customers whom people named."""
    if not has_decisions(bench):
        return {}
    found: dict[int, Said] = {}
    for row, customer_id, verdict in bench.con.execute(
        "SELECT DISTINCT row, customer_id, verdict FROM said_customer ORDER BY ALL"
    ).fetchall():
        same, different = found.get(row, Said())
        if verdict == "same":
            found[row] = Said((*same, customer_id), different)
        else:
            found[row] = Said(same, (*different, customer_id))
    return found


def as_said(record: Record, said: Mapping[int, Said]) -> Record:
    """Return the record with what people said about it."""
    if record.row not in said:
        return record
    same, different = said[record.row]
    return replace(record, same_as=same, different_from=different)


def unanswered(bench: Workbench, asked: Iterator[Doubt]) -> Iterator[Doubt]:
    """Yield the doubts that nobody has decided yet."""
    if not has_decisions(bench):
        return asked
    answered = {
        frozenset(pair)
        for pair in bench.con.execute(
            "SELECT key_a, key_b FROM said_answered"
        ).fetchall()
    }
    return (doubt for doubt in asked if frozenset(doubt.keys("")) not in answered)


def _empty(schema: pa.Schema) -> str:
    kinds = {"int64": "BIGINT", "string": "VARCHAR"}
    columns = (f"NULL::{kinds[str(f.type)]} AS {f.name}" for f in schema)
    return f"SELECT {', '.join(columns)} WHERE false"


Rows = Mapping[str, list[tuple[int, str]]]
"""By stored key: the rows that have it, with their key in the review file."""


def _rows_of(bench: Workbench, ring: Keyring, decisions: Iterable[Pair]) -> Rows:
    wanted = {key for pair in decisions for key in pair if key.startswith(RECORD)}
    if not wanted:
        return {}
    halves = sorted({key.removeprefix(RECORD)[:_HALF] for key in wanted})
    listed = ", ".join(quoted(half) for half in halves)
    half = ring.keyed_sql(contact_half_sql(""))
    found: dict[str, list[tuple[int, str]]] = {}
    for row, name, email, phone in bench.con.execute(
        f"SELECT row, name, email, phone FROM prepared WHERE {half} IN ({listed})"
        " ORDER BY row"
    ).fetchall():
        plain = record_key(name, email, phone)
        key = RECORD + ring.keyed(plain)
        if key in wanted:
            found.setdefault(key, []).append((row, plain))
    return found


def _customers_of(
    decisions: Mapping[Pair, Verdict], rows: Rows
) -> Iterable[tuple[int, str, str]]:
    for pair, verdict in decisions.items():
        for key, other in (pair, pair[::-1]):
            if other.startswith(CUSTOMER):
                customer_id = other.removeprefix(CUSTOMER)
                for row, _ in rows.get(key, ()):
                    yield row, customer_id, str(verdict)


def _apart(decisions: Mapping[Pair, Verdict], rows: Rows) -> set[tuple[str, str]]:
    """Return pairs of rows that are apart since one is a customer and the other not."""
    by_customer: dict[str, tuple[set[str], set[str]]] = {}
    for pair, verdict in decisions.items():
        for key, other in (pair, pair[::-1]):
            if other.startswith(CUSTOMER) and key in rows:
                said = by_customer.setdefault(other, (set(), set()))
                said[verdict is Verdict.DIFFERENT].add(key)
    return {
        (rows[one][0][1], rows[another][0][1])
        for same, different in by_customer.values()
        for one in same
        for another in different
        if decisions.get(Pair.of(one, another)) is not Verdict.SAME
    }


def _rows_apart(
    pairs: Iterable[tuple[str, str, str, str]], rows: Rows
) -> Iterable[tuple[int, int]]:
    by_plain: dict[str, list[int]] = {}
    for found in rows.values():
        for row, plain in found:
            by_plain.setdefault(plain, []).append(row)
    for _, a, b, verdict in pairs:
        if verdict == "different":
            yield from ((x, y) for x in by_plain[a] for y in by_plain[b] if x != y)


def _answered(
    bench: Workbench, decisions: Iterable[Pair], rows: Rows
) -> list[tuple[str, str]]:
    """Return the pairs that were decided, under the keys of the review file."""
    found = bench.con.execute("SELECT key_a, key_b FROM said").fetchall()
    for pair in decisions:
        plain = [
            key.removeprefix(CUSTOMER) if key.startswith(CUSTOMER)
            else rows[key][0][1] if key in rows else ""
            for key in pair
        ]  # fmt: skip
        if all(plain):
            found.append(tuple(plain))
    return found


def _contacts_of(
    bench: Workbench, ring: Keyring, decisions: Mapping[Pair, Verdict]
) -> list[tuple[str, str, str, str]]:
    """Return the shared contacts of this file that need not be shown again."""
    wanted = sorted(
        quoted(key.removeprefix(CONTACT))
        for pair, verdict in decisions.items()
        for key in pair
        if key.startswith(CONTACT) and verdict is Verdict.DIFFERENT
    )
    if not wanted:
        return []
    folded = email_key_sql(fold_gmail=True)
    found: list[tuple[Any, ...]] = bench.con.execute(
        f"""WITH contacts AS (
            SELECT DISTINCT 'email' AS kind, lower(email) AS value FROM prepared
            UNION SELECT DISTINCT 'email', {folded} FROM prepared
            UNION SELECT DISTINCT 'phone', phone FROM prepared),
        keyed AS (SELECT left(sha256(chr(31) || kind || chr(31) || value), {_HALF}) AS key
            FROM contacts WHERE value IS NOT NULL)
        SELECT key FROM keyed WHERE {ring.keyed_sql("key")} IN ({", ".join(wanted)})"""
    ).fetchall()
    return [("contact", key, "", "different") for (key,) in found]
