"""The index of existing customers: ids and keyed hashes, nobody in clear.

It lasts between runs, is refreshed by listing, and saves a look-up per row while it is
young. A customer whom we wrote once and who is gone stays as a mark, so that he is
never made again in silence.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)

from pipeline.state.database import Database, insert_into
from pipeline.state.holders import Contact, Holder, holders
from pipeline.state.schema import customers, listings
from pipeline.state.store import State
from pipeline.state.writes import IndexRow

_CONTACTS: tuple[Contact, ...] = ("email", "phone")
_HASHES = ("email_key", "phone_key", "name_key", "fingerprint")
_CHUNK = 20_000
_KEYS_AT_ONCE = 500

_COLUMNS = (
    customers.c.customer_id,
    customers.c.email_key,
    customers.c.phone_key,
    customers.c.name_key,
    customers.c.fingerprint,
    customers.c.written_run,
)

_GET = select(*_COLUMNS).where(
    customers.c.account == bindparam("_account"),
    customers.c.customer_id.in_(bindparam("_ids", expanding=True)),
    customers.c.gone_at.is_(None),
)

_SEEN_AGAIN = (
    update(customers)
    .where(
        customers.c.account == bindparam("_account"),
        customers.c.customer_id.in_(bindparam("_ids", expanding=True)),
    )
    .values(seen_at=bindparam("_now"))
)


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What the index of an account holds; `age` in seconds since its last listing."""

    customers: int
    gone: int
    age: float | None


class CustomerIndex:
    """The index of one account."""

    def __init__(self, state: State, account: str) -> None:
        self._db = state.db
        self.account = account

    def upsert(self, rows: Iterable[IndexRow]) -> int:
        """Store what was seen of customers; return how many. The newest sight wins."""
        stored = 0
        waiting = iter(rows)
        while chunk := list(islice(waiting, _CHUNK)):
            with self._db.write() as con:
                self._store(con, chunk, self._db.now(con))
            stored += len(chunk)
        return stored

    def holders(
        self, kind: Contact, keys: Collection[bytes]
    ) -> dict[bytes, list[Holder]]:
        """Return who has each packed key of this `kind`; unknown keys are absent."""
        with self._db.read() as con:
            return holders(con, self.account, kind, keys)

    def find(self, keys: Iterable[str]) -> Mapping[str, tuple[IndexRow, ...]]:
        """Return the customers of each e-mail or phone key; unknown keys are absent."""
        return self._search(keys, is_gone=False)

    def find_gone(self, keys: Iterable[str]) -> Mapping[str, tuple[IndexRow, ...]]:
        """Return customers of each key whom we wrote once and who are gone."""
        return self._search(keys, is_gone=True)

    def get(self, customer_ids: Iterable[str]) -> Mapping[str, IndexRow]:
        """Return the customers of these ids that are there."""
        with self._db.read() as con:
            return self._known(con, customer_ids)

    def seen_since(self, customer_ids: Iterable[str], time: float) -> frozenset[str]:
        """Return those of the ids who were written or seen at `time` or later."""
        found: set[str] = set()
        with self._db.read() as con:
            for ids in _chunks(customer_ids):
                query = select(customers.c.customer_id).where(
                    customers.c.account == self.account,
                    customers.c.customer_id.in_(ids),
                    customers.c.seen_at >= time,
                )
                found.update(con.execute(query).scalars())
        return frozenset(found)

    def remove(self, customer_id: str) -> None:
        """Take out a customer who is gone; one that we wrote once leaves a mark."""
        with self._db.write() as con:
            self._mark_gone(con, customers.c.customer_id == customer_id)

    def forget(self, customer_id: str) -> None:
        """Take out a customer without a mark, since we deleted him on purpose."""
        with self._db.write() as con:
            con.execute(
                delete(customers).where(
                    customers.c.account == self.account,
                    customers.c.customer_id == customer_id,
                )
            )

    def clear(self) -> None:
        """Trust nothing of the index until the next listing; marks stay."""
        with self._db.write() as con:
            con.execute(
                delete(customers).where(
                    customers.c.account == self.account,
                    customers.c.written_run.is_(None),
                )
            )
            con.execute(delete(listings).where(listings.c.account == self.account))

    def begin_listing(self) -> float:
        """Note that a full listing begins; return the time to hand to its end."""
        with self._db.read() as con:
            return self._db.now(con)

    def end_listing(self, started_at: float) -> None:
        """Note that a full listing is whole: whoever it did not show is gone."""
        with self._db.write() as con:
            self._mark_gone(con, customers.c.seen_at < started_at)
            values = {"started_at": started_at, "finished_at": self._db.now(con)}
            con.execute(
                self._db.insert(listings)
                .values(account=self.account, **values)
                .on_conflict_do_update(index_elements=["account"], set_=values)
            )

    def age(self) -> float | None:
        """Return the seconds since the last whole listing began; None without one."""
        with self._db.read() as con:
            return self._age(con)

    def stats(self) -> IndexStats:
        """Return how many customers the index holds, and its age."""
        query = select(func.count(), func.count(customers.c.gone_at)).where(
            customers.c.account == self.account
        )
        with self._db.read() as con:
            everybody, gone = con.execute(query).one()
            return IndexStats(everybody - gone, gone, self._age(con))

    def is_empty(self) -> bool:
        """Tell whether nothing is known, not even of one who is gone."""
        query = select(customers.c.customer_id).where(
            customers.c.account == self.account
        )
        with self._db.read() as con:
            return con.execute(query.limit(1)).first() is None

    def _store(self, con: Connection, chunk: Sequence[IndexRow], now: float) -> None:
        """Store a chunk; who is there as he was is only marked as seen.

        A listing shows mostly such, and rewriting their index entries costs most.
        """
        known = self._known(con, [row.customer_id for row in chunk])
        fresh = [row for row in chunk if _tells_more(known.get(row.customer_id), row)]
        if fresh:
            see(self._db, con, self.account, fresh, now)
        changed = {row.customer_id for row in fresh}
        same = [row.customer_id for row in chunk if row.customer_id not in changed]
        for ids in _chunks(same):
            asked = {"_account": self.account, "_ids": ids, "_now": now}
            con.execute(_SEEN_AGAIN, asked)

    def _known(
        self, con: Connection, customer_ids: Iterable[str]
    ) -> dict[str, IndexRow]:
        found: dict[str, IndexRow] = {}
        for ids in _chunks(customer_ids):
            rows = con.execute(_GET, {"_account": self.account, "_ids": ids})
            found.update((row[0], _row_of(row)) for row in rows)
        return found

    def _age(self, con: Connection) -> float | None:
        started = con.execute(
            select(listings.c.started_at).where(listings.c.account == self.account)
        ).scalar()
        return None if started is None else max(0.0, self._db.now(con) - started)

    def _mark_gone(self, con: Connection, which: ColumnElement[bool]) -> None:
        mine = and_(customers.c.account == self.account, which)
        con.execute(delete(customers).where(mine, customers.c.written_run.is_(None)))
        con.execute(
            update(customers)
            .where(mine, customers.c.gone_at.is_(None))
            .values(gone_at=self._db.now(con))
        )

    def _search(
        self, keys: Iterable[str], *, is_gone: bool
    ) -> dict[str, tuple[IndexRow, ...]]:
        packed = {bytes.fromhex(key) for key in keys}
        found: dict[str, tuple[IndexRow, ...]] = {}
        with self._db.read() as con:
            for kind in _CONTACTS:
                held = holders(con, self.account, kind, packed, is_gone=is_gone)
                for key, rows in held.items():
                    name = key.hex()
                    found[name] = (*found.get(name, ()), *map(_row_of, rows))
        return found


def see(
    db: Database, con: Connection, account: str, rows: Iterable[IndexRow], now: float
) -> None:
    """Put `rows` into the index inside the transaction `con`; the newest sight wins."""
    con.execute(_see(db.dialect), [_values(account, row, now) for row in rows])


@cache
def _see(dialect: str) -> Insert:
    insert = insert_into(customers, dialect)
    # Having been written by us once is kept, whatever is seen later.
    written = func.coalesce(insert.excluded.written_run, customers.c.written_run)
    return insert.on_conflict_do_update(
        index_elements=["account", "customer_id"],
        set_={
            **{name: insert.excluded[name] for name in (*_HASHES, "seen_at")},
            "written_run": written,
            "gone_at": None,
        },
    )


def _tells_more(known: IndexRow | None, row: IndexRow) -> bool:
    """Say whether `row` tells anything that `known` does not."""
    if known is None:
        return True
    written = row.written_run or known.written_run
    return row._replace(written_run=written) != known


def _chunks(keys: Iterable[str]) -> Iterator[Sequence[str]]:
    waiting = iter(sorted(set(keys)))
    while chunk := list(islice(waiting, _KEYS_AT_ONCE)):
        yield chunk


def _values(account: str, row: IndexRow, now: float) -> dict[str, object]:
    return {
        "account": account,
        "customer_id": row.customer_id,
        "email_key": _packed(row.email_key),
        "phone_key": _packed(row.phone_key),
        "name_key": _packed(row.name_key),
        "fingerprint": _packed(row.fingerprint),
        "seen_at": now,
        "written_run": row.written_run,
    }


def _packed(key: str | None) -> bytes | None:
    return None if key is None else bytes.fromhex(key)


def _row_of(row: Sequence[Any]) -> IndexRow:
    """Return the entry of a line of `_COLUMNS`; by place, which is quick."""
    email, phone, name, fingerprint = (key and key.hex() for key in row[1:5])
    return IndexRow(row[0], email, phone, name, fingerprint, row[5])
