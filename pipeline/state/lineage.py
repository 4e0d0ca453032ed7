"""What each source wrote, and which rows were found to need no write; all keyed hashes.

A row of a source whose contact was corrected is thus found by its name, and a row that
changes nothing costs no read while neither side has changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection, delete, select

from pipeline.state.database import Database
from pipeline.state.schema import lineage, settled
from pipeline.state.store import State

_AT_ONCE = 500
_CHUNK = 20_000


class Lineage:
    """The customers whom the sources of one account wrote, by keyed hash."""

    def __init__(self, state: State, account: str) -> None:
        self._db = state.db
        self._account = account

    def find(self, keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return customer ids by key, in their order; unknown keys are absent."""
        found: dict[str, tuple[str, ...]] = {}
        with self._db.read() as con:
            for chunk in _chunks(keys):
                query = select(lineage.c.key, lineage.c.customer_id).where(
                    lineage.c.account == self._account, lineage.c.key.in_(chunk)
                )
                for key, customer_id in sorted(con.execute(query).all()):
                    name = bytes(key).hex()
                    found[name] = (*found.get(name, ()), customer_id)
        return found

    def forget(self, customer_id: str) -> None:
        """Forget that any source wrote this customer."""
        with self._db.write() as con:
            con.execute(
                delete(lineage).where(
                    lineage.c.account == self._account,
                    lineage.c.customer_id == customer_id,
                )
            )


def note_lineage(
    db: Database,
    con: Connection,
    account: str,
    written: Iterable[tuple[str, str | None]],
) -> None:
    """Note (key, customer id) inside the transaction `con`."""
    rows = [
        {"account": account, "key": bytes.fromhex(key), "customer_id": customer_id}
        for key, customer_id in written
        if customer_id is not None
    ]
    if rows:
        con.execute(db.insert(lineage).on_conflict_do_nothing(), rows)


class Settled:
    """Rows of one account that change nothing in a customer as he was then."""

    def __init__(self, state: State, account: str) -> None:
        self._db = state.db
        self._account = account

    def find(self, keys: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the fields in which the customer's own value was kept, by key."""
        found: dict[str, tuple[str, ...]] = {}
        with self._db.read() as con:
            for chunk in _chunks(keys):
                query = select(settled.c.key, settled.c.kept).where(
                    settled.c.account == self._account, settled.c.key.in_(chunk)
                )
                for key, kept in con.execute(query):
                    found[bytes(key).hex()] = tuple(kept.split(",")) if kept else ()
        return found

    def remember(self, keys: Mapping[str, Sequence[str]]) -> None:
        """Keep keys with the fields in which the customer's value was kept."""
        waiting = iter(sorted(keys.items()))
        insert = self._db.insert(settled).on_conflict_do_nothing()
        while chunk := list(islice(waiting, _CHUNK)):
            with self._db.write() as con:
                now = self._db.now(con)
                rows = [
                    {
                        "account": self._account,
                        "key": bytes.fromhex(key),
                        "kept": ",".join(kept),
                        "seen_at": now,
                    }
                    for key, kept in chunk
                ]
                con.execute(insert, rows)

    def clear(self) -> None:
        """Forget all of it; the next run reads the customers again."""
        with self._db.write() as con:
            con.execute(delete(settled).where(settled.c.account == self._account))


def _chunks(keys: Iterable[str]) -> Iterator[list[bytes]]:
    waiting = iter(sorted(set(keys)))
    while chunk := [bytes.fromhex(key) for key in islice(waiting, _AT_ONCE)]:
        yield chunk
