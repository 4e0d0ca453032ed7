"""The journal: every write has a durable intent before its first byte leaves.

`docs/journal.md` tells what is durable when, and what a crash at each point means.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Select, bindparam, func, select, update

from pipeline.errors import BooksError
from pipeline.state import claims
from pipeline.state.database import insert_into
from pipeline.state.index import see
from pipeline.state.lease import Lease
from pipeline.state.lineage import note_lineage
from pipeline.state.schema import writes
from pipeline.state.store import State
from pipeline.state.writes import (
    UNSETTLED,
    Conflict,
    Intent,
    OpSet,
    Result,
    Write,
    WriteState,
)
from schemas.outcomes import Outcome

__all__ = [
    "Conflict",
    "Intent",
    "Journal",
    "OpSet",
    "Result",
    "Write",
    "WriteState",
]

_PAGE = 2000

_STORE_RESULT = (
    update(writes)
    .where(writes.c.run_id == bindparam("_run"), writes.c.op == bindparam("_op"))
    .values(
        {
            name: bindparam(f"_{name}")
            for name in ("state", "outcome", "rule", "reason", "after", "finished_at")
        }
        # A refusal tells no id; the one that an update was meant for stays.
        | {"customer_id": func.coalesce(bindparam("_id"), writes.c.customer_id)}
    )
)


class Journal:
    """The writes of one run.

    Args:
        state: The open state database.
        account: The account that the run writes to.
        run_id: The run; a resumed run keeps its id and so goes on in its journal.
        lease: The run's lease, checked in every commit; None for a reader.
        matched_at: When matching began, by the database's clock (`State.now`), less the
            time for which a search of the API may lag behind a create.
    """

    def __init__(
        self,
        state: State,
        account: str,
        run_id: str,
        lease: Lease | None = None,
        matched_at: float = 0.0,
    ) -> None:
        self._db = state.db
        self._account = account
        self._run_id = run_id
        self._lease = lease
        self._matched_at = matched_at

    def commit(
        self, intents: Sequence[Intent], results: Sequence[Result] = ()
    ) -> tuple[Conflict, ...]:
        """Store intents and results in one transaction, durable on return.

        An intent that stands in a returned conflict is not stored and must not be
        sent. The same commit may be repeated after an error of the database.

        Raises:
            LeaseLostError: Another run has the lease; nothing was stored.
            BooksError: An intent is over already, or a result has no intent: a bug.
            StateError: The database is out of reach; nothing may be sent.
            DiskError: There is no room to write.
        """
        with self._db.write() as con:
            if self._lease is not None:
                self._lease.confirm(con)
            now = self._db.now(con)
            # Results first: where an op stands in both, its result ended the attempt
            # before, and the intent is the next one.
            self._settle(con, results, now)
            conflicts = self._intend(con, intents, now)
        return tuple(conflicts)

    def unsettled(self) -> list[Write]:
        """Return the writes that the API may hold without our knowing, in op order."""
        return list(self.writes(states=UNSETTLED))

    def writes(
        self, *, states: Sequence[WriteState] = (), outcomes: Sequence[Outcome] = ()
    ) -> Iterator[Write]:
        """Yield the run's writes in op order, page by page; empty filters mean all."""
        query = select(writes).where(writes.c.run_id == self._run_id)
        if states:
            query = query.where(writes.c.state.in_(states))
        if outcomes:
            query = query.where(writes.c.outcome.in_(outcomes))
        last = -1
        while page := self._page(query, last):
            yield from (write_of(row) for row in page)
            last = page[-1].op

    def counts(self) -> Mapping[tuple[WriteState, Outcome | None], int]:
        """Return how many writes stand in each state and outcome."""
        query = (
            select(writes.c.state, writes.c.outcome, func.count())
            .where(writes.c.run_id == self._run_id)
            .group_by(writes.c.state, writes.c.outcome)
        )
        with self._db.read() as con:
            return Counter(
                {
                    (WriteState(state), outcome and Outcome(outcome)): number
                    for state, outcome, number in con.execute(query)
                }
            )

    def done_ops(self) -> OpSet:
        """Return the ops that have their outcome and are never sent again."""
        done = OpSet()
        query = (
            select(writes.c.op)
            .where(writes.c.run_id == self._run_id, writes.c.outcome.is_not(None))
            .execution_options(yield_per=10_000)
        )
        with self._db.read() as con:
            for (op,) in con.execute(query):
                done.add(op)
        return done

    def release_open_claims(self) -> int:
        """Let go of what a closed run claimed and never wrote; return how many keys."""
        with self._db.write() as con:
            return claims.release_open(con, self._run_id)

    def _page(
        self, query: Select[*tuple[Any, ...]], last: int
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        page = query.where(writes.c.op > last).order_by(writes.c.op).limit(_PAGE)
        with self._db.read() as con:
            return con.execute(page).all()

    def _intend(
        self, con: Connection, intents: Sequence[Intent], now: float
    ) -> list[Conflict]:
        creates = [intent for intent in intents if intent.keys]
        mine = (self._account, self._run_id, self._matched_at)
        conflicts = claims.conflicts_of(self._db, con, creates, mine)
        held_back = {conflict.op for conflict in conflicts}
        free = [intent for intent in intents if intent.op not in held_back]
        if free:
            stored = con.execute(_store_intent(self._db.dialect), self._rows(free, now))
            self._expect(stored.rowcount, len(free), "an intent that is over already")
            claims.claim(self._db, con, self._account, self._run_id, free)
        return conflicts

    def _settle(self, con: Connection, results: Sequence[Result], now: float) -> None:
        if not results:
            return
        rows = [_result_row(self._run_id, result, now) for result in results]
        stored = con.execute(_STORE_RESULT, rows)
        self._expect(stored.rowcount, len(results), "a result without an intent")
        claims.finish(con, self._run_id, results, now)
        seen = [result.seen for result in results if result.seen is not None]
        if seen:
            see(self._db, con, self._account, seen, now)
        note_lineage(
            self._db,
            con,
            self._account,
            ((key, result.customer_id) for result in results for key in result.lineage),
        )

    def _rows(self, intents: Sequence[Intent], now: float) -> list[dict[str, object]]:
        return [
            {
                "run_id": self._run_id,
                "op": intent.op,
                "row": intent.row,
                "action": intent.action,
                "state": WriteState.INTENDED.value,
                "attempts": 1,
                "intended_at": now,
                "customer_id": intent.customer_id,
                "import_key": intent.import_key,
                "keys": json.dumps(intent.keys),
                "body": intent.body,
                "before": intent.before,
            }
            for intent in intents
        ]

    def _expect(self, found: int, wanted: int, what: str) -> None:
        if found != wanted:
            raise BooksError(f"journal of run `{self._run_id}`: {what}")


@cache
def _store_intent(dialect: str) -> Insert:
    """Return the INSERT of an intent; one that stands already is intended again.

    An op that has its outcome is left alone, which the caller sees in the row count.
    """
    insert = insert_into(writes, dialect)
    again = {
        name: insert.excluded[name]
        for name in ("state", "intended_at", "customer_id", "import_key", "keys")
    } | {name: insert.excluded[name] for name in ("body", "before")}
    return insert.on_conflict_do_update(
        index_elements=["run_id", "op"],
        set_=again | {"attempts": writes.c.attempts + 1, "rule": None, "reason": None},
        where=writes.c.outcome.is_(None),
    ).execution_options(preserve_rowcount=True)


def _result_row(run_id: str, result: Result, now: float) -> dict[str, object]:
    return {
        "_run": run_id,
        "_op": result.op,
        "_state": result.state.value,
        "_outcome": result.outcome and result.outcome.value,
        "_rule": result.rule,
        "_reason": result.reason,
        "_after": result.after,
        "_finished_at": None if result.outcome is None else now,
        "_id": result.customer_id,
    }


def write_of(row: Row[*tuple[Any, ...]]) -> Write:
    """Return a row of the table `writes`, all columns in order, as a value."""
    # By position, since a million of them are read at the end of a large run.
    _, op, line, action, state, outcome, attempts, begun, over, *told = row
    customer_id, rule, import_key, keys, reason, body, before, after = told
    return Write(
        op,
        line,
        action,
        WriteState(state),
        outcome and Outcome(outcome),
        attempts,
        begun,
        over,
        customer_id,
        rule,
        import_key,
        tuple(json.loads(keys)),
        reason,
        body,
        before,
        after,
    )
