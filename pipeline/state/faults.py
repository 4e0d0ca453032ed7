"""Tell a database's failure in the project's own errors, without any row's values."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    TimeoutError,  # noqa: A004  SQLAlchemy's own: no connection of the pool came free
)

from pipeline.errors import DiskError, PipelineError, StateError

_NO_ROOM = ("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN")
_BROKEN = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")

# PostgreSQL's classes of SQLSTATE: 53100 is a full disk, 25006 a read-only server,
# 55P03 a lock that did not come free, 28xxx and 42501 a missing right.
_PG_DISK = ("53100",)
_PG_TEXTS = {
    "25006": ("is read-only", "name the primary server in `NOTCHPAY_STATE_URL`"),
    "55P03": ("stayed locked by another process", "try again in a moment"),
    "42501": ("refuses a statement to this user", "grant the user its own schema"),
}


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn driver errors inside the block into `StateError` or `DiskError`.

    `place` is the database's address without a password.
    """
    try:
        yield
    except (IntegrityError, DataError, ProgrammingError) as exc:
        # The driver's text may quote a whole row, and rows hold people: no chain.
        raise _statement_failed(exc, place) from None
    except DBAPIError as exc:
        raise _failed(exc, place) from exc
    except sqlite3.Error as exc:  # while lines are taken from the driver itself
        raise _of_sqlite(exc, place) from exc
    except TimeoutError as exc:
        raise StateError(
            f"state database `{place}` gave no connection in time"
        ) from exc


@contextmanager
def told_disk(place: str) -> Iterator[None]:
    """Turn an `OSError` inside the block, which writes `place`, into `DiskError`."""
    try:
        yield
    except OSError as exc:
        raise DiskError(
            f"`{place}` cannot be written: {exc.strerror}",
            hint="make room, or give this user the right to write there",
        ) from exc


def _statement_failed(exc: DBAPIError, place: str) -> PipelineError:
    name = getattr(exc.orig, "sqlite_errorname", None)
    code = name or getattr(exc.orig, "sqlstate", None) or type(exc.orig).__name__
    if code in _PG_TEXTS:
        return _of_server(code, place)
    return StateError(
        f"state database `{place}` refused a statement ({code})",
        hint="run `notchpay-pipeline doctor`",
    )


def _failed(exc: DBAPIError, place: str) -> PipelineError:
    if isinstance(exc.orig, sqlite3.Error):
        return _of_sqlite(exc.orig, place)
    code = getattr(exc.orig, "sqlstate", None) or ""
    if code in _PG_DISK:
        return DiskError(f"the disk of state database `{place}` is full")
    if code in _PG_TEXTS:
        return _of_server(code, place)
    return StateError(
        f"state database `{place}` is out of reach" + (f" ({code})" if code else ""),
        hint="check that the server runs, then `notchpay-pipeline resume`",
    )


def _of_server(code: str, place: str) -> StateError:
    fact, hint = _PG_TEXTS[code]
    return StateError(f"state database `{place}` {fact}", hint=hint)


def _of_sqlite(orig: sqlite3.Error, place: str) -> PipelineError:
    name = getattr(orig, "sqlite_errorname", None) or type(orig).__name__
    if name.startswith(_NO_ROOM):
        return DiskError(
            f"state database `{place}` cannot be written ({name})",
            hint="make room or give the right to write, then resume the run",
        )
    if name.startswith(_BROKEN):
        return StateError(
            f"`{place}` is damaged or no state database ({name})",
            hint="put back a copy of it, or name another `NOTCHPAY_STATE_URL`",
        )
    if name.startswith(_BUSY):
        return StateError(
            f"state database `{place}` stayed locked by another process",
            hint="try again in a moment; WAL does not work on network folders",
        )
    return StateError(
        f"state database `{place}` failed ({name})",
        hint="run `notchpay-pipeline doctor`",
    )
