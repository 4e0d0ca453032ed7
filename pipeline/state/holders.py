"""Who in the index has these keys: thousands are looked up at a time.

A file of a million rows asks twice for each. The lines are taken from the driver as it
gives them, since making objects of them in between would take as long as the search.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection

Contact = Literal["email", "phone"]

_AT_ONCE = 900
"""Older builds of SQLite bind 999 values at most."""


class Holder(NamedTuple):
    """A customer as the index has him; the keys are bytes, as in the database."""

    customer_id: str
    email_key: bytes | None
    phone_key: bytes | None
    name_key: bytes | None
    fingerprint: bytes | None
    written_run: str | None


def holders(
    con: Connection,
    account: str,
    kind: Contact,
    keys: Collection[bytes],
    *,
    is_gone: bool = False,
) -> dict[bytes, list[Holder]]:
    """Return who has each key of this `kind`, by id; unknown keys are absent.

    With `is_gone` those whom we wrote once and who are gone.
    """
    place = Holder._fields.index(f"{kind}_key")
    found: dict[bytes, list[Holder]] = {}
    for chunk in _chunks(keys):
        # Sorted here: asked for an order, SQLite walks the whole account in it.
        for line in sorted(_lines(con, account, kind, chunk, is_gone=is_gone)):
            found.setdefault(line[place], []).append(Holder._make(line))
    return found


def _lines(
    con: Connection,
    account: str,
    kind: Contact,
    keys: Sequence[bytes],
    *,
    is_gone: bool,
) -> list[tuple[Any, ...]]:
    if con.dialect.name == "postgresql":
        asked = con.exec_driver_sql(
            _query(kind, "%s", "= ANY(%s)", is_gone=is_gone), (account, list(keys))
        )
    else:
        among = f"IN ({', '.join('?' * len(keys))})"
        asked = con.exec_driver_sql(
            _query(kind, "?", among, is_gone=is_gone), (account, *keys)
        )
    lines = list(asked.cursor.fetchall())
    asked.close()
    return lines


def _query(kind: Contact, account: str, among: str, *, is_gone: bool) -> str:
    mark = "IS NOT NULL" if is_gone else "IS NULL"
    return (
        f"SELECT {', '.join(Holder._fields)} FROM customers"
        f" WHERE account = {account} AND {kind}_key {among} AND gone_at {mark}"
    )


def _chunks(keys: Iterable[bytes]) -> Iterator[Sequence[bytes]]:
    waiting = iter(sorted(set(keys)))
    while chunk := list(islice(waiting, _AT_ONCE)):
        yield chunk
