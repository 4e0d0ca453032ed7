"""A person's rights, and how long clear values stay in the state database.

The journal's bodies, before-images and reasons are the only clear values it holds.
Keyed hashes, outcomes and counts stay, so that the books of old runs still balance.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update

from pipeline.state.journal import write_of
from pipeline.state.schema import claims, runs, settled, suppressed, writes
from pipeline.state.store import State
from pipeline.state.writes import Write

_CHUNK = 200
_PAGE = 2000
_CLEAR = ("body", "before", "after", "reason", "import_key")


class People:
    """Finds, erases and suppresses persons of one account by ids and keyed hashes."""

    def __init__(self, state: State, account: str) -> None:
        self._db = state.db
        self._account = account

    def writes(
        self, customer_ids: Iterable[str], keys: Iterable[str]
    ) -> list[tuple[str, Write]]:
        """Return every journalled write of a person with its run id, oldest first."""
        query = (
            select(writes)
            .where(self._of(list(customer_ids), list(keys)))
            .order_by(writes.c.intended_at, writes.c.run_id, writes.c.op)
        )
        with self._db.read() as con:
            return [(row.run_id, write_of(row)) for row in con.execute(query)]

    def erase(self, customer_ids: Iterable[str], keys: Iterable[str]) -> int:
        """Empty the clear values of a person's writes for good; return how many.

        A write that is not over loses its body too and must not be sent again.
        """
        with self._db.write() as con:
            emptied = con.execute(
                update(writes)
                .where(self._of(list(customer_ids), list(keys)))
                .values(dict.fromkeys(_CLEAR))
            )
        self._db.scrub()
        return emptied.rowcount

    def clear_writes(self) -> Iterator[tuple[str, Write]]:
        """Yield every write of the account that still holds a clear value."""
        mine = select(runs.c.run_id).where(runs.c.account == self._account)
        held = or_(*(writes.c[name].is_not(None) for name in _CLEAR))
        last = ("", -1)
        while True:
            after = tuple_(writes.c.run_id, writes.c.op) > tuple_(*last)
            query = (
                select(writes)
                .where(writes.c.run_id.in_(mine), held, after)
                .order_by(writes.c.run_id, writes.c.op)
                .limit(_PAGE)
            )
            with self._db.read() as con:
                found = con.execute(query).all()
            if not found:
                return
            yield from ((row.run_id, write_of(row)) for row in found)
            last = (found[-1].run_id, found[-1].op)

    def erase_writes(self, places: Iterable[tuple[str, int]]) -> int:
        """Empty the clear values of the writes at (run id, op); return how many."""
        emptied = 0
        with self._db.write() as con:
            for run_id, op in places:
                emptied += con.execute(
                    update(writes)
                    .where(writes.c.run_id == run_id, writes.c.op == op)
                    .values(dict.fromkeys(_CLEAR))
                ).rowcount
        self._db.scrub()
        return emptied

    def open_runs(self) -> frozenset[str]:
        """Return the runs of the account that can still go on."""
        query = select(runs.c.run_id).where(
            runs.c.account == self._account, runs.c.finished_at.is_(None)
        )
        with self._db.read() as con:
            return frozenset(con.execute(query).scalars())

    def suppress(self, keys: Iterable[str]) -> None:
        """Put keyed hashes on the list of those who are never imported again."""
        rows = [{"account": self._account, "key": key} for key in sorted(set(keys))]
        if not rows:
            return
        with self._db.write() as con:
            now = self._db.now(con)
            insert = self._db.insert(suppressed).on_conflict_do_nothing()
            con.execute(insert, [{**row, "since": now} for row in rows])

    def suppressed(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of `keys` that are on the list."""
        found: set[str] = set()
        with self._db.read() as con:
            waiting = iter(set(keys))
            while chunk := list(islice(waiting, _CHUNK)):
                query = select(suppressed.c.key).where(
                    suppressed.c.account == self._account, suppressed.c.key.in_(chunk)
                )
                found.update(con.execute(query).scalars())
        return frozenset(found)

    def readmit(self, keys: Iterable[str]) -> int:
        """Take keyed hashes off the list again; return how many stood on it."""
        with self._db.write() as con:
            return con.execute(
                delete(suppressed).where(
                    suppressed.c.account == self._account,
                    suppressed.c.key.in_(sorted(set(keys))),
                )
            ).rowcount

    def all_suppressed(self) -> frozenset[str]:
        """Return every keyed hash on the list of the account."""
        query = select(suppressed.c.key).where(suppressed.c.account == self._account)
        with self._db.read() as con:
            return frozenset(con.execute(query).scalars())

    def _of(self, customer_ids: list[str], keys: list[str]) -> ColumnElement[bool]:
        mine = select(runs.c.run_id).where(runs.c.account == self._account)
        claimed = select(claims.c.run_id, claims.c.op).where(
            claims.c.account == self._account, claims.c.key.in_(keys)
        )
        return writes.c.run_id.in_(mine) & or_(
            writes.c.customer_id.in_(customer_ids),
            tuple_(writes.c.run_id, writes.c.op).in_(claimed),
            *_named(keys),
        )


def _named(keys: list[str]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions that find keys of writes whose claims were released."""
    for key in keys:
        yield writes.c["keys"].contains(key, autoescape=True)


def empty_before(state: State, time: float) -> int:
    """Empty the clear values of writes of runs that ended before `time`.

    Open runs keep theirs, since they are needed to go on; claims of the ended ones go,
    and so does what was noted before `time` of rows that changed nothing: a later run
    reads those customers once more. Returns how many writes.
    """
    ended = select(runs.c.run_id).where(runs.c.finished_at < time)
    held = or_(*(writes.c[name].is_not(None) for name in _CLEAR))
    with state.db.write() as con:
        emptied = con.execute(
            update(writes)
            .where(writes.c.run_id.in_(ended), held)
            .values(dict.fromkeys(_CLEAR))
        )
        # They matter to runs that overlap with theirs, and those have ended too.
        con.execute(delete(claims).where(claims.c.run_id.in_(ended)))
        con.execute(delete(settled).where(settled.c.seen_at < time))
    if emptied.rowcount:
        state.db.scrub()
    return emptied.rowcount


def is_emptied(state: State, run_id: str) -> bool:
    """Tell whether a run wrote something, and no write of it has its values any more."""
    held = or_(*(writes.c[name].is_not(None) for name in ("body", "before", "after")))
    done = select(func.count()).where(
        writes.c.run_id == run_id, writes.c.outcome.in_(("created", "updated"))
    )
    with state.db.read() as con:
        wrote = con.execute(done).scalar_one()
        return bool(wrote) and not con.execute(done.where(held)).scalar_one()
