"""The index of existing customers: ids and keyed hashes, nobody in clear."""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection, Insert, func

from pipeline.state.database import Database, insert_into
from pipeline.state.schema import customers
from pipeline.state.writes import IndexRow

_HASHES = ("email_key", "phone_key", "name_key", "fingerprint")


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
        },
    )


def _values(account: str, row: IndexRow, now: float) -> dict[str, object]:
    hashes = {name: _packed(getattr(row, name)) for name in _HASHES}
    return {
        "account": account,
        "customer_id": row.customer_id,
        "seen_at": now,
        "written_run": row.written_run,
        **hashes,
    }


def _packed(key: str | None) -> bytes | None:
    return None if key is None else bytes.fromhex(key)
