"""The SQLite file of the pace: quick, never synced, and made anew when damaged."""

import os
from pathlib import Path

from pipeline.errors import DiskError, StateError
from pipeline.state.database import Database
from pipeline.state.faults import told_disk
from pipeline.state.schema import pace


def open_pace_file(beside: Database) -> Database:
    """Open `pace.db` in the folder of the SQLite database `beside`.

    Raises:
        StateError: Another process keeps it locked.
        DiskError: It cannot be written.
    """
    file = Path(beside.url.database or "").with_name("pace.db")
    try:
        return _opened(beside, file)
    except DiskError:
        raise
    except StateError:
        # It is never synced, so a power failure can leave it in pieces. Nothing in it
        # is worth an error: the pace is learnt anew.
        for end in ("", "-wal", "-shm"):
            file.with_name(file.name + end).unlink(missing_ok=True)
        return _opened(beside, file)


def _opened(beside: Database, file: Path) -> Database:
    if not file.exists():
        with told_disk(str(file)):
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    db = Database(
        beside.url.set(database=str(file)), clock=beside.clock, synchronous="OFF"
    )
    try:
        _make_table(db)
    except BaseException:
        db.close()
        raise
    return db


def _make_table(db: Database) -> None:
    with db.write() as con:
        pace.create(con, checkfirst=True)
        if con.exec_driver_sql("PRAGMA quick_check").scalar() != "ok":
            raise StateError(f"`{db.place}` is damaged")
