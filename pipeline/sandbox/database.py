"""The tables of the sandbox: opening them, and filling them in bulk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
  name TEXT, email TEXT, phone TEXT, metadata TEXT NOT NULL, more TEXT NOT NULL,
  blocked INTEGER NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,
  email_key TEXT, phone_key TEXT);
CREATE TABLE IF NOT EXISTS payments (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL,
  merchant_reference TEXT NOT NULL, customer TEXT, amount NUMERIC NOT NULL,
  fee NUMERIC NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL,
  channel TEXT NOT NULL, charge TEXT NOT NULL, description TEXT,
  sandbox INTEGER NOT NULL, created_us INTEGER NOT NULL, completed_us INTEGER);
"""
_INDICES = {
    "customers": {
        "customers_id": ("UNIQUE INDEX", "id"),
        "customers_email": ("INDEX", "email_key"),
        "customers_phone": ("INDEX", "phone_key"),
    },
    "payments": {
        "payments_reference": ("UNIQUE INDEX", "reference"),
        "payments_customer": ("INDEX", "customer"),
    },
}
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    # A killed process loses nothing; only a power cut may cost the last writes.
    "PRAGMA synchronous = NORMAL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
)


def connect(path: Path | None) -> sqlite3.Connection:
    """Return a connection to the database at `path`, or to one in memory (None).

    It commits each statement by itself and may be used by any thread, one at a time.
    """
    con = sqlite3.connect(
        path or ":memory:",
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    for pragma in _PRAGMAS:
        con.execute(pragma)
    con.executescript(_SCHEMA)
    for table in _INDICES:
        _create_indices(con, table)
    return con


@contextmanager
def bulk(con: sqlite3.Connection, table: str) -> Iterator[None]:
    """Make one transaction without the indices of `table`, sorted once at its end."""
    con.execute("BEGIN")
    try:
        for name in _INDICES[table]:
            con.execute(f"DROP INDEX {name}")
        yield
        _create_indices(con, table)
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _create_indices(con: sqlite3.Connection, table: str) -> None:
    for name, (sort, column) in _INDICES[table].items():
        con.execute(f"CREATE {sort} IF NOT EXISTS {name} ON {table} ({column})")
