"""Bring a state database to the schema of this program, or say why it cannot be."""

from sqlalchemy import Connection, inspect, text

from pipeline.errors import StateError
from pipeline.state.database import Database
from pipeline.state.schema import (
    AUDIT_TRIGGERS,
    HEAD,
    REVISIONS,
    metadata,
)

_VERSION_TABLE = "alembic_version"
_LOCK = 6_620_241  # any number that no other program is likely to lock


def prepare(db: Database, *, create: bool) -> None:
    """Make the tables of a new database; bring an older one up to date.

    Raises:
        StateError: The database is newer than this program, holds other tables, or
            is new while `create` is False.
    """
    with db.read() as con:
        if _revision(con) == HEAD:
            return
    with db.write() as con:
        if not db.is_sqlite:
            con.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        revision = _revision(con)
        if revision is None:
            _create(db, con, create=create)
        elif revision not in REVISIONS:
            raise StateError(
                f"state database `{db.place}` is of a newer version ({revision};"
                f" this program knows up to {HEAD})",
                hint="update notchpay-pipeline",
            )
        elif revision != HEAD:
            _upgrade(con)


def _revision(con: Connection) -> str | None:
    if not inspect(con).has_table(_VERSION_TABLE):
        return None
    found = con.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}"))
    return found.scalar()


def _create(db: Database, con: Connection, *, create: bool) -> None:
    others = set(inspect(con).get_table_names()) & metadata.tables.keys()
    if others:
        raise StateError(
            f"`{db.place}` holds tables of another program ({min(others)})",
            hint="name a database of its own in `NOTCHPAY_STATE_URL`",
        )
    if not create:
        raise StateError(f"`{db.place}` is empty", hint="the first run fills it")
    metadata.create_all(con, checkfirst=False)
    for statement in AUDIT_TRIGGERS[db.dialect]:
        con.exec_driver_sql(statement)
    # What Alembic would do, without the time it takes to import it.
    con.exec_driver_sql(
        f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL,"
        f" CONSTRAINT {_VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    con.execute(
        text(f"INSERT INTO {_VERSION_TABLE} VALUES (:head)"),
        {"head": HEAD},
    )


def _upgrade(con: Connection) -> None:
    from importlib import resources

    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", str(resources.files("pipeline.state") / "migrations")
    )
    config.attributes["connection"] = con
    command.upgrade(config, HEAD)
