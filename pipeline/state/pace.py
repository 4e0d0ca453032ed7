"""The pace of a key, shared by every process that uses the same state database."""

import json
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from sqlalchemy import Connection, Insert, bindparam, select, text

from pipeline.api.governor import PaceState
from pipeline.state.database import Database, insert_into
from pipeline.state.schema import pace
from pipeline.state.store import State

T = TypeVar("T")

_READ = select(pace.c.body).where(pace.c.key_id == bindparam("_key"))

# One round trip. A row lock would not do for a key that has no row yet.
_LOCK = text(
    "SELECT set_config('synchronous_commit', 'off', true),"
    " pg_advisory_xact_lock(hashtext('pace'), hashtext(:key)),"
    " extract(epoch FROM clock_timestamp()) AS now"
)


class DatabasePaceStore:
    """Keeps the pace of the key `key_id` (a hash of the key) for all its users.

    SQLite keeps it in `pace.db` beside the state database and PostgreSQL commits it
    without waiting for the disk: a pace that is lost costs nothing.
    """

    def __init__(self, state: State, key_id: str) -> None:
        self._db = state.pace_database()
        self._key_id = key_id

    def transact(self, fn: Callable[[PaceState, float], tuple[PaceState, T]]) -> T:
        """Apply `fn(state, now)` atomically and return its second value.

        `now` is in seconds since 1970 by the database's clock.

        Raises:
            StateError: The database is out of reach.
        """
        with self._db.write() as con:
            now = self._begin(con)
            body = con.execute(_READ, {"_key": self._key_id}).scalar()
            old = PaceState() if body is None else PaceState.from_dict(json.loads(body))
            new, answer = fn(old, now)
            if new != old:
                _store(self._db, con, self._key_id, new, now)
            return answer

    def _begin(self, con: Connection) -> float:
        """Wait for other users of the key; return the time after that."""
        if self._db.is_sqlite:
            return self._db.now(con)
        row = con.execute(_LOCK, {"key": self._key_id}).one()
        return float(row.now) if self._db.clock is None else self._db.clock()


def _store(
    db: Database, con: Connection, key_id: str, state: PaceState, now: float
) -> None:
    body = json.dumps(state.as_dict())
    con.execute(
        _replace(db.dialect), {"key_id": key_id, "body": body, "updated_at": now}
    )


@cache
def _replace(dialect: str) -> Insert:
    insert = insert_into(pace, dialect)
    return insert.on_conflict_do_update(
        index_elements=["key_id"],
        set_={name: insert.excluded[name] for name in ("body", "updated_at")},
    )
