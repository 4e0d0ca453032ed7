"""The state database where a command may do without it: what is local and there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from pipeline.errors import SettingsError, StateError
from pipeline.settings import Settings

if TYPE_CHECKING:
    # SQLAlchemy and the API's client come late: most checks need neither.
    from pipeline.state.store import State

Remembered: TypeAlias = "tuple[State | None, str | None]"


@contextmanager
def remembered(settings: Settings) -> Iterator[Remembered]:
    """Yield the local state database and the account, each None where it is unknown.

    Nothing is made and nothing is asked: a file can be checked without any of it.
    """
    state = _local(settings)
    if state is None:
        yield None, None
        return
    with state:
        yield state, known_account(state, settings)


def _local(settings: Settings) -> "State | None":
    try:
        url = settings.database_url()
        if not url.startswith("sqlite") or not Path(url.split("///", 1)[-1]).exists():
            return None
        from pipeline.runs.connect import open_database

        return open_database(settings, create=False)
    except (SettingsError, StateError):
        return None


def known_account(state: "State", settings: Settings) -> str | None:
    """Return the account of the key, or the only one there is, without asking the API."""
    from sqlalchemy import select

    from pipeline.runs.connect import key_hash
    from pipeline.state.schema import account_keys, accounts

    with state.db.read() as con:
        try:
            of_key = con.execute(
                select(account_keys.c.account).where(
                    account_keys.c.key_hash == key_hash(settings)
                )
            ).scalar()
        except SettingsError:
            of_key = None
        if of_key is not None:
            return str(of_key)
        known = con.execute(select(accounts.c.account).limit(2)).scalars().all()
    return known[0] if len(known) == 1 else None
