"""One run at a time per account and source: a lease with a fencing token.

The token grows with every holder. Whatever a run writes is checked against it in
the same transaction, so a run that lost its lease can write nothing more.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select, update

from pipeline.errors import LockedError
from pipeline.state.database import Database
from pipeline.state.processes import (
    Holder,
    holder_of,
    is_dead,
    is_here,
    is_of_earlier_boot,
    this_process,
)
from pipeline.state.schema import leases

_RENEW_PART = 4  # a lease is renewed once a quarter of its life is over

_HELD_BY = (
    select(leases.c.token, leases.c.run_id)
    .where(
        leases.c.account == bindparam("_account"),
        leases.c.source == bindparam("_source"),
    )
    .with_for_update()
)

_held_here: set[tuple[str, int]] = set()
"""Run and token of every lease that an open `State` of this process holds: a lease
of this very process that is not among them was left behind by a run that failed."""


class LeaseLostError(LockedError):
    """Another run took the lease: nothing more may be sent or written."""


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """Who holds an account and source, as the database has it."""

    account: str
    source: str
    token: int
    run_id: str
    holder: Holder
    since: float
    expires_at: float


class Lease:
    """The right to write for one account and source, until it is released or lost."""

    def __init__(self, db: Database, row: LeaseRow, ttl: float) -> None:
        self._db = db
        self._row = row
        self._ttl = ttl
        self._confirmed = _ticks()
        _held_here.add((row.run_id, row.token))

    @property
    def run_id(self) -> str:
        """The run that holds the lease."""
        return self._row.run_id

    @property
    def token(self) -> int:
        """The fencing token: larger than that of every holder before."""
        return self._row.token

    def check(self) -> None:
        """Make sure that the lease is still held; cheap enough before each send.

        Asks the database only when a quarter of the lease's life has passed since it
        was last confirmed: until it expires nobody may take it from a living process.

        Raises:
            LeaseLostError: Another run has it.
        """
        if _ticks() - self._confirmed >= self._ttl / _RENEW_PART:
            self.renew()

    def renew(self) -> None:
        """Prolong the lease by its whole life.

        Raises:
            LeaseLostError: Another run has it.
        """
        with self._db.write() as con:
            self._prolong(con)

    def confirm(self, con: Connection) -> None:
        """Check the token inside the transaction `con`; renew where it is time.

        Raises:
            LeaseLostError: Another run has it.
        """
        if _ticks() - self._confirmed >= self._ttl / _RENEW_PART:
            self._prolong(con)
            return
        row = self._row
        asked = {"_account": row.account, "_source": row.source}
        if con.execute(_HELD_BY, asked).first() != (row.token, row.run_id):
            raise self._lost()

    def release(self) -> None:
        """Give the lease back; without effect when another run has it already."""
        _held_here.discard((self.run_id, self.token))
        with self._db.write() as con:
            con.execute(
                update(leases).where(*self._mine()).values(run_id=None, expires_at=0)
            )

    def forget(self) -> None:
        """Stop counting as a living holder in this process, as after a failure."""
        _held_here.discard((self.run_id, self.token))

    def _prolong(self, con: Connection) -> None:
        until = self._db.now(con) + self._ttl
        done = con.execute(update(leases).where(*self._mine()).values(expires_at=until))
        if done.rowcount != 1:
            raise self._lost()
        self._confirmed = _ticks()

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        row = self._row
        return (
            leases.c.account == row.account,
            leases.c.source == row.source,
            leases.c.token == row.token,
            leases.c.run_id == row.run_id,
        )

    def _lost(self) -> LeaseLostError:
        return LeaseLostError(
            f"run `{self.run_id}` lost its lock on source `{self._row.source}`"
            " to another run",
            hint="see `notchpay-pipeline runs`, then resume the run",
        )


def acquire(
    db: Database,
    account: str,
    source: str,
    run_id: str,
    *,
    wanted_by: Holder,
    ttl: float,
) -> Lease:
    """Take the lease of `account` and `source` for `run_id`.

    Raises:
        LockedError: A living run has it.
    """
    with db.write() as con:
        now = db.now(con)
        old = _locked_row(db, con, account, source)
        if old.run_id is not None:
            held = _lease_row(old)
            if is_alive(db, held, now):
                raise _locked(held)
        taken = LeaseRow(
            account, source, old.token + 1, run_id, wanted_by, now, now + ttl
        )
        con.execute(
            update(leases)
            .where(leases.c.account == account, leases.c.source == source)
            .values(
                token=taken.token,
                run_id=run_id,
                host=wanted_by.host,
                pid=wanted_by.pid,
                place=wanted_by.place,
                started=wanted_by.started,
                since=now,
                expires_at=taken.expires_at,
            )
        )
    return Lease(db, taken, ttl)


def is_run_alive(db: Database, con: Connection, run_id: str) -> bool:
    """Say whether a living process holds a lease for `run_id`."""
    rows = con.execute(select(leases).where(leases.c.run_id == run_id)).all()
    now = db.now(con) if rows else 0.0
    return any(is_alive(db, _lease_row(row), now) for row in rows)


def is_alive(db: Database, held: LeaseRow, now: float) -> bool:
    """Say whether a holder still has its right: this process cannot rule it out."""
    holder = held.holder
    if db.is_sqlite and is_of_earlier_boot(holder):
        # A SQLite file has one machine, and that machine has started anew.
        return False
    if not is_here(holder):
        return now < held.expires_at
    if is_dead(holder):
        return False
    # Living on this host: its clock may have jumped, so expiry says nothing.
    return holder != this_process() or (held.run_id, held.token) in _held_here


def wanting(host: str | None, pid: int | None) -> Holder:
    """Return the process that wants a lease; this one where nothing is named."""
    mine = this_process()
    if host is None and pid is None:
        return mine
    return holder_of(host or mine.host, mine.pid if pid is None else pid)


def _locked_row(
    db: Database, con: Connection, account: str, source: str
) -> Row[*tuple[Any, ...]]:
    con.execute(
        db.insert(leases)
        .values(account=account, source=source, token=0)
        .on_conflict_do_nothing()
    )
    return con.execute(
        select(leases)
        .where(leases.c.account == account, leases.c.source == source)
        .with_for_update()
    ).one()


def _lease_row(row: Row[*tuple[Any, ...]]) -> LeaseRow:
    return LeaseRow(
        account=row.account,
        source=row.source,
        token=row.token,
        run_id=row.run_id,
        holder=Holder(row.host, row.pid, row.place, row.started),
        since=row.since,
        expires_at=row.expires_at,
    )


def _locked(held: LeaseRow) -> LockedError:
    since = datetime.fromtimestamp(held.since, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return LockedError(
        f"run `{held.run_id}` works on source `{held.source}` since {since} UTC"
        f" (host {held.holder.host}, pid {held.holder.pid})",
        hint="wait for it with `--wait SECONDS`, or see `notchpay-pipeline runs`",
    )


def _ticks() -> float:
    """Return seconds that also pass while the machine sleeps, where it tells them."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)
