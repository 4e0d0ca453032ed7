"""Claims: a create takes its keys in the state database before it is sent.

Two runs that overlap can hold the same person; the second one to claim a key learns
of the first, waits for its outcome and matches the row again.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from sqlalchemy import Connection, Insert, bindparam, delete, or_, select, text, update

from pipeline.state.database import Database, insert_into
from pipeline.state.lease import is_run_alive
from pipeline.state.schema import claims
from pipeline.state.writes import Conflict, Intent, Result, WriteState

_OF_OTHERS = (
    select(claims.c.key, claims.c.run_id, claims.c.customer_id, claims.c.finished_at)
    .where(
        claims.c.account == bindparam("_account"),
        claims.c.key.in_(bindparam("_keys", expanding=True)),
        claims.c.run_id != bindparam("_run"),
        or_(
            claims.c.finished_at.is_(None),
            claims.c.finished_at >= bindparam("_matched_at"),
        ),
    )
    .order_by(claims.c.key, claims.c.run_id, claims.c.op)
)

_FINISH = (
    update(claims)
    .where(claims.c.run_id == bindparam("_run"), claims.c.op == bindparam("_op"))
    .values(customer_id=bindparam("_customer"), finished_at=bindparam("_now"))
)


def conflicts_of(
    db: Database,
    con: Connection,
    intents: Sequence[Intent],
    mine: tuple[str, str, float],
) -> list[Conflict]:
    """Return the keys of `intents` that another run has claimed.

    `mine` is account, run id and the time at which matching began: what another run
    finished before that was seen by the matching and is no conflict.
    """
    account, run_id, matched_at = mine
    wanted: dict[str, list[Intent]] = {}
    for intent in intents:
        for key in intent.keys:
            wanted.setdefault(key, []).append(intent)
    if not wanted:
        return []
    _lock_account(db, con, account)
    rows = con.execute(
        _OF_OTHERS,
        {
            "_account": account,
            "_keys": list(wanted),
            "_run": run_id,
            "_matched_at": matched_at,
        },
    ).all()
    alive = {row.run_id: is_run_alive(db, con, row.run_id) for row in rows}
    found = (
        (intent, Conflict(intent.op, key, run, end is None, alive[run], customer))
        for key, run, customer, end in rows
        for intent in wanted[key]
    )
    return [conflict for intent, conflict in found if not _is_known(intent, conflict)]


def _is_known(intent: Intent, found: Conflict) -> bool:
    """Say whether the row was matched against that claim's end already.

    A claim that is open can be known only when nobody lives who could end it.
    """
    if found.is_open:
        return found.run_id in intent.known and not found.holder_alive
    return (found.customer_id or found.run_id) in intent.known


def _lock_account(db: Database, con: Connection, account: str) -> None:
    # Between looking for claims and making them no other run may make any. SQLite has
    # one writer anyway.
    if not db.is_sqlite:
        con.execute(
            text(
                "SELECT pg_advisory_xact_lock(hashtext('claims'), hashtext(:account))"
            ),
            {"account": account},
        )


def claim(
    db: Database, con: Connection, account: str, run_id: str, intents: Iterable[Intent]
) -> None:
    """Claim every key of `intents`; keys that they have already stay theirs."""
    rows = [
        {"account": account, "key": key, "run_id": run_id, "op": intent.op}
        for intent in intents
        for key in intent.keys
    ]
    if rows:
        con.execute(_make(db.dialect), rows)


@cache
def _make(dialect: str) -> Insert:
    return insert_into(claims, dialect).on_conflict_do_nothing()


def finish(con: Connection, run_id: str, results: Sequence[Result], now: float) -> None:
    """End the claims of results that are over, release those of refused ones."""
    refused = [r.op for r in results if r.state is WriteState.REFUSED]
    if refused:
        con.execute(
            delete(claims).where(claims.c.run_id == run_id, claims.c.op.in_(refused))
        )
    over = [r for r in results if is_over(r)]
    if over:
        con.execute(
            _FINISH,
            [
                {"_run": run_id, "_op": r.op, "_customer": r.customer_id, "_now": now}
                for r in over
            ],
        )


def is_over(result: Result) -> bool:
    """Say whether the API is known to hold the write (or nobody will look again)."""
    return result.outcome is not None and result.state in (
        WriteState.ACKNOWLEDGED,
        WriteState.SETTLED,
    )


def release_open(con: Connection, run_id: str) -> int:
    """Delete the claims of a closed run that are not over; return how many."""
    gone = con.execute(
        delete(claims).where(claims.c.run_id == run_id, claims.c.finished_at.is_(None))
    )
    return gone.rowcount
