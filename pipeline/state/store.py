"""The door of the state database: open it, and reach everything that is in it."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import SettingsError, StateError
from pipeline.state import accounts, lease, migrate
from pipeline.state.database import Database
from pipeline.state.faults import told_disk
from pipeline.state.keyed import KeyedHash, load_keyed_hash
from pipeline.state.lease import Lease
from pipeline.state.pacefile import open_pace_file
from pipeline.state.registry import RunRegistry
from pipeline.state.schema import meta

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
LEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where a state database lies and its secret; another process opens it by this."""

    url: URL
    secret_path: Path | None

    def open(self) -> "State":
        """Open the state database, which is there.

        Raises:
            StateError: It is out of reach, damaged or absent.
        """
        url = self.url.render_as_string(hide_password=False)
        return open_state(url, create=False, secret_path=self.secret_path)


class State:
    """An open state database; thread-safe, to be closed by its opener.

    `runs` is the register of runs, `db` the transactions for the rooms beside.
    """

    def __init__(self, db: Database, secret_path: Path | None) -> None:
        self.db = db
        self.runs = RunRegistry(db)
        self._secret_path = secret_path
        self._keyed: KeyedHash | None = None
        self._opening = threading.Lock()
        self._pace: Database | None = None
        self._leases: list[Lease] = []

    @property
    def place(self) -> StatePlace:
        """Where this database lies, for a process that opens it for itself."""
        return StatePlace(self.db.url, self._secret_path)

    def now(self) -> float:
        """Return the seconds since 1970 by the database's clock."""
        with self.db.read() as con:
            return self.db.now(con)

    def key_of(self, kind: str, normalised: str) -> str:
        """Return the keyed hash of a normalised value: 32 hex digits.

        Raises:
            StateError: The secret is missing, damaged or not that of this database.
        """
        if self._keyed is None:
            self._keyed = self._load_keyed()
        return self._keyed.key_of(kind, normalised)

    def account(
        self, base_url: str, merchant: str | None, key_hash: str, sync: str | None
    ) -> str:
        """Return the id of the account, made on first sight (see `accounts`)."""
        return accounts.account_id(self.db, base_url, merchant, key_hash, sync)

    def acquire(
        self,
        account: str,
        source: str,
        run_id: str,
        host: str | None = None,
        pid: int | None = None,
        ttl: float = LEASE_SECONDS,
    ) -> Lease:
        """Take the lease of `account` and `source` for `run_id`; `ttl` in seconds.

        Raises:
            LockedError: A living run has it; the message names run, host, pid, since.
        """
        wanted_by = lease.wanting(host, pid)
        taken = lease.acquire(
            self.db, account, source, run_id, wanted_by=wanted_by, ttl=ttl
        )
        self._leases.append(taken)
        return taken

    def pace_database(self) -> Database:
        """Return where the pace is kept: this database, or a file beside a SQLite one.

        Raises:
            StateError: It is out of reach.
            DiskError: The file cannot be written.
        """
        if not self.db.is_sqlite:
            return self.db
        with self._opening:
            if self._pace is None:
                self._pace = open_pace_file(self.db)
            return self._pace

    def close(self) -> None:
        """Close the database; a lease that was not released counts as left behind."""
        for held in self._leases:
            held.forget()
        self._leases.clear()
        if self._pace is not None:
            self._pace.close()
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _load_keyed(self) -> KeyedHash:
        if self._secret_path is None:
            raise StateError(
                "no file is named for the key of the keyed hashes",
                hint="set `NOTCHPAY_STATE_KEY_FILE`",
            )
        known = self._known_secret()
        keyed = load_keyed_hash(self._secret_path, may_create=lambda: known is None)
        if known is None:
            known = self._remember_secret(keyed.fingerprint())
        if known != keyed.fingerprint():
            raise StateError(
                f"the key file `{self._secret_path}` is not that of this database",
                hint="copy `state.key` from where the database was first used",
            )
        return keyed

    def _known_secret(self) -> str | None:
        with self.db.read() as con:
            query = select(meta.c.value).where(meta.c.name == "secret")
            return con.execute(query).scalar()

    def _remember_secret(self, fingerprint: str) -> str | None:
        with self.db.write() as con:
            con.execute(
                self.db.insert(meta)
                .values(name="secret", value=fingerprint)
                .on_conflict_do_nothing()
            )
        return self._known_secret()


def open_state(
    url: str,
    *,
    create: bool = True,
    secret_path: Path | None = None,
    clock: Callable[[], float] | None = None,
) -> State:
    """Open the state database at `url`, made or brought up to date where needed.

    `secret_path` is the file of the keyed hashes' secret; on SQLite it is `state.key`
    beside the database where it is not named. `clock` replaces the database's clock.

    Raises:
        SettingsError: The URL is not one of SQLite or PostgreSQL.
        StateError: The database is out of reach, damaged, newer than this program,
            or absent while `create` is False.
        DiskError: The file cannot be made.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        file = Path(parsed.database or "")
        _prepare_file(file, create=create)
        secret_path = secret_path or file.with_name("state.key")
    db = Database(parsed, clock=clock)
    try:
        migrate.prepare(db, create=create)
    except BaseException:
        db.close()
        raise
    return State(db, secret_path)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "`NOTCHPAY_STATE_URL` is no database URL",
            hint="use `sqlite:///PATH` or `postgresql+psycopg://USER@HOST/NAME`",
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None or parsed.database in (None, "", ":memory:"):
        raise SettingsError(
            f"state database `{parsed.render_as_string()}` cannot be used",
            hint="use `sqlite:///PATH` or `postgresql+psycopg://USER@HOST/NAME`",
        )
    return parsed.set(drivername=driver)


def _prepare_file(file: Path, *, create: bool) -> None:
    """Make the empty file with mode 0600 before SQLite makes one that all may read."""
    if file.exists():
        return
    if not create:
        raise StateError(
            f"there is no state database at `{file}`",
            hint="the first run makes it; check `NOTCHPAY_RUNS_DIR`",
        )
    with told_disk(str(file)):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
