"""Transactions on the state database: one durable write or one read at a time."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.errors import StateError
from pipeline.state.faults import told

_BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_IDLE_SECONDS = 5.0
_CACHE_KIB = 32_000  # at most; what a large index is filled and searched in

_SCRUB = {
    "sqlite": ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"),
    "postgresql": ("VACUUM (FULL) writes",),
}

Clock = Callable[[], float]


class _Cursor(Protocol):
    def execute(self, sql: str, /) -> object: ...

    def close(self) -> None: ...


class _DriverConnection(Protocol):
    def cursor(self) -> _Cursor: ...


class Database:
    """One state database: an engine, its clock and its two kinds of transaction.

    Thread-safe: every transaction takes a connection of its own, and writers of one
    process wait for each other here rather than in SQLite's busy handler.
    """

    def __init__(
        self, url: URL, *, clock: Clock | None = None, synchronous: str = "FULL"
    ) -> None:
        self.url = url
        self.place = url.render_as_string(hide_password=True)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.clock = clock
        self._clock = clock or (time.time if self.is_sqlite else None)
        self._lock: AbstractContextManager[object] = (
            threading.Lock() if self.is_sqlite else nullcontext()
        )
        with told(self.place):
            self._engine = _engine(url, synchronous)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in one transaction that is durable when the block ends.

        SQLite takes its write lock at the start (BEGIN IMMEDIATE).

        Raises:
            StateError: The database is out of reach, locked or damaged.
            DiskError: There is no room or no right to write.
        """
        with self._lock, told(self.place), self._engine.begin() as con:
            yield con

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection in one reading transaction.

        Raises:
            StateError: The database is out of reach or damaged.
        """
        with (
            told(self.place),
            self._engine.connect() as con,
            con.execution_options(sqlite_begin="BEGIN").begin(),
        ):
            yield con

    def now(self, con: Connection) -> float:
        """Return the seconds since 1970 by the database's clock.

        The clock of SQLite is the machine's, that of PostgreSQL the server's.
        """
        if self._clock is not None:
            return self._clock()
        stamp = func.extract("epoch", func.clock_timestamp())
        return float(con.execute(select(stamp)).scalar_one())

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT of this database's dialect, for its ON CONFLICT clause."""
        return insert_into(table, self.dialect)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @property
    def engine(self) -> Engine:
        """The engine, for migrations only."""
        return self._engine

    def scrub(self) -> None:
        """Rewrite the database's files, so that erased values are in no free page.

        Waits for other users; on SQLite it needs as much free disk as the file has.

        Raises:
            StateError: Another process did not let go in time.
            DiskError: There is no room.
        """
        outside: dict[str, Any] = (
            {"sqlite_begin": None}
            if self.is_sqlite
            else {"isolation_level": "AUTOCOMMIT"}
        )
        with self._lock, told(self.place), self._engine.connect() as con:
            con.execution_options(**outside)
            for statement in _SCRUB[self.dialect]:
                con.exec_driver_sql(statement)

    def close(self) -> None:
        """Give every connection back; what was not committed is gone."""
        self._engine.dispose()


def insert_into(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT of `dialect`, for statements that are built once and kept."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def _engine(url: URL, synchronous: str) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, synchronous)
    try:
        return _postgres_engine(url)
    except ModuleNotFoundError as exc:
        raise StateError(
            f"the driver of `{url.drivername}` is not installed",
            hint="install `notchpay-pipeline[postgres]`",
        ) from exc


def _sqlite_engine(url: URL, synchronous: str) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        # Sorting in memory: a temporary file would hold people outside the folder.
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(con: Connection) -> None:
        # A deferred transaction that later writes fails at once where another one
        # wrote in between; one that begins as a writer waits its turn.
        begin = con.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE")
        if begin is not None:
            con.exec_driver_sql(begin)

    return engine


def _postgres_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: _DriverConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = '{_BUSY_SECONDS}s'")
        # A server may have it off; an intent that is not on disk is no intent.
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("COMMIT")
        cursor.close()

    _ping_after_idling(engine)
    return engine


def _ping_after_idling(engine: Engine) -> None:
    """Try a connection that lay idle before it is used: the server may have gone.

    The pool's own ping would cost a round trip for every transaction.
    """

    @event.listens_for(engine, "checkin")
    def _put_back(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _take(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        since = record.info.get("idle_since")
        if since is None or time.monotonic() - since < _IDLE_SECONDS:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            alive = False
        if not alive:
            raise DisconnectionError
