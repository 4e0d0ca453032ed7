"""The search index over customers: substring or whole value, and late on request."""

import re
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from pipeline.sandbox.dialect import Dialect

_TABLES = {
    # Trigrams find any substring of three or more characters without a scan.
    "partial": """
        CREATE VIRTUAL TABLE temp.search_text USING fts5(body, tokenize='trigram')
    """,
    "exact": """
        CREATE TABLE temp.search_term (term TEXT, seq INTEGER);
        CREATE INDEX temp.search_by_term ON search_term (term, seq);
        CREATE INDEX temp.search_by_seq ON search_term (seq);
    """,
}
_BY_TERM = """
    SELECT seq FROM customers
    WHERE seq IN (SELECT seq FROM search_term WHERE term = ?)
"""
_BY_SCAN = """
    SELECT seq FROM customers
    WHERE seq IN (SELECT rowid FROM search_text WHERE instr(body, ?))
"""
_BY_TRIGRAMS = """
    SELECT seq FROM customers
    WHERE seq IN (
      SELECT rowid FROM search_text WHERE search_text MATCH ? AND instr(body, ?)
    )
"""
_LOCAL_DIGITS = 9
_TRIGRAM = 3
_PROBE = 8


class SearchIndex:
    """What a search of customers sees; it lags `dialect.search_lag` seconds behind."""

    def __init__(
        self, con: sqlite3.Connection, dialect: Dialect, clock: Callable[[], float]
    ) -> None:
        self._con = con
        self._partial = dialect.search == "partial"
        self._dialect = dialect
        self._clock = clock
        self._due: deque[tuple[float, int]] = deque()
        self._built = False

    def rebuild(self) -> None:
        """Take every customer that is there now as if each had been there long.

        An index without lag waits for the first search.
        """
        self._built = False
        if self._dialect.search_lag:
            self._build()

    def _build(self) -> None:
        self._con.execute("DROP TABLE IF EXISTS temp.search_text")
        self._con.execute("DROP TABLE IF EXISTS temp.search_term")
        self._con.executescript(_TABLES[self._dialect.search])
        self._due.clear()
        self._built = True
        rows = self._con.execute("SELECT seq, name, email, phone FROM customers")
        self._con.execute("BEGIN")
        self._insert(rows.fetchall())
        self._con.execute("COMMIT")

    def changed(self, seq: int) -> None:
        """Take note of a customer that came, changed or went."""
        # Before the first search there is nothing to keep up to date.
        if self._built:
            self._due.append((self._clock() + self._dialect.search_lag, seq))

    def find(self, text: str) -> list[int]:
        """Return the keys of the customers that `text` finds, in no order."""
        if not self._built:
            self._build()
        self._catch_up()
        return [seq for (seq,) in self._matches(text.strip().casefold())]

    def _matches(self, text: str) -> Iterable[tuple[int]]:
        # The index may be late: customers who are gone meanwhile are not found.
        if not self._partial:
            return self._con.execute(_BY_TERM, (text,))
        if len(text) < _TRIGRAM:
            return self._con.execute(_BY_SCAN, (text,))
        probe = _probe(text).replace("\0", "").replace('"', '""')
        return self._con.execute(_BY_TRIGRAMS, (f'"{probe}"', text))

    def _catch_up(self) -> None:
        now = self._clock()
        late: set[int] = set()
        while self._due and self._due[0][0] <= now:
            late.add(self._due.popleft()[1])
        if not late:
            return
        table, key = (
            ("search_text", "rowid") if self._partial else ("search_term", "seq")
        )
        query = "SELECT seq, name, email, phone FROM customers WHERE seq = ?"
        keys = [(seq,) for seq in sorted(late)]
        rows = [row for k in keys for row in self._con.execute(query, k)]
        self._con.execute("BEGIN")
        self._con.executemany(f"DELETE FROM {table} WHERE {key} = ?", keys)
        self._insert(rows)
        self._con.execute("COMMIT")

    def _insert(self, rows: Iterable[tuple[int, str, str, str]]) -> None:
        if self._partial:
            self._con.executemany(
                "INSERT INTO search_text (rowid, body) VALUES (?, ?)",
                ((row[0], "\n".join(self._terms(*row[1:]))) for row in rows),
            )
            return
        self._con.executemany(
            "INSERT INTO search_term (term, seq) VALUES (?, ?)",
            ((term, row[0]) for row in rows for term in self._terms(*row[1:])),
        )

    def _terms(
        self, name: str | None, email: str | None, phone: str | None
    ) -> Iterator[str]:
        for value in (name, email):
            if value:
                yield value.casefold()
        if phone:
            yield from phone_forms(phone, self._dialect)


def _probe(text: str) -> str:
    """Return the rarest part of `text`: all customers share domains and prefixes."""
    local, at, _ = text.partition("@")
    part = local if at and len(local) >= _TRIGRAM else text
    return part[-_PROBE:]


def phone_forms(phone: str, dialect: Dialect) -> Iterator[str]:
    """Yield the written forms of `phone` by which a search finds it."""
    digits = re.sub(r"[^0-9]", "", phone)
    forms = {
        "stored": phone if dialect.phone == "plus" else phone.removeprefix("+"),
        "plus": f"+{digits}",
        "digits": digits,
        "local": digits[-_LOCAL_DIGITS:],
    }
    if dialect.search_phone == "any":
        yield from dict.fromkeys(forms.values())
    else:
        yield forms[dialect.search_phone]
