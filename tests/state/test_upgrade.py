"""A state database of every earlier revision is opened by today's program, whole."""

from importlib import resources

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import LargeBinary, MetaData, Table, text
from sqlalchemy.engine import make_url

from pipeline.state.audit import AuditLog
from pipeline.state.database import Database
from pipeline.state.schema import HEAD, REVISIONS, metadata
from pipeline.state.store import open_state

OLDER = REVISIONS[:-1]
FIRST = OLDER[0]


def bring_to(db, revision):
    """Make the tables as the program of that revision made them."""
    config = Config()
    config.set_main_option(
        "script_location", str(resources.files("pipeline.state") / "migrations")
    )
    with db.write() as con:
        config.attributes["connection"] = con
        command.upgrade(config, revision)


def tables_of(db):
    """Return the tables as the database has them, without those of the program."""
    found = MetaData()
    with db.read() as con:
        found.reflect(con)
    return {n: t for n, t in found.tables.items() if n != "alembic_version"}


def value_of(column, number):
    """Return a value that the column takes, another for each number."""
    kind = column.type.python_type
    if isinstance(column.type, LargeBinary) or kind in (bytes, memoryview):
        return f"{column.name}{number}".encode()
    return f"é{column.name}{number}" if kind is str else kind(number)


def fill(db, tables):
    """Write three lines into every table; return them."""
    lines = {
        name: [
            {c.name: value_of(c, number) for c in table.columns} for number in (1, 2, 3)
        ]
        for name, table in tables.items()
    }
    with db.write() as con:
        for name, table in tables.items():
            con.execute(table.insert(), lines[name])
    return lines


def lines_of(db, table: Table):
    names = [column.name for column in table.columns]
    with db.read() as con:
        found = con.execute(table.select().order_by(*table.primary_key)).all()
    return [
        {
            n: bytes(v) if isinstance(v, memoryview) else v
            for n, v in zip(names, line, strict=True)
        }
        for line in found
    ]


@pytest.fixture
def old(fresh_url, request):
    """A database of an earlier revision."""
    db = Database(make_url(fresh_url))
    bring_to(db, request.param)
    yield db
    db.close()


@pytest.mark.parametrize("old", OLDER, indirect=True)
def test_nothing_that_an_older_program_wrote_is_lost(old):
    tables = tables_of(old)
    written = fill(old, tables)
    with open_state(old.url.render_as_string(hide_password=False)) as state:
        for name, table in tables.items():
            now = lines_of(state.db, metadata.tables[name])
            there = [{c.name: line[c.name] for c in table.columns} for line in now]
            assert there == written[name], name


@pytest.mark.parametrize("old", OLDER, indirect=True)
def test_it_has_the_schema_of_today(old):
    fill(old, tables_of(old))
    url = old.url.render_as_string(hide_password=False)
    with open_state(url) as state, state.db.read() as con:
        context = MigrationContext.configure(con, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


@pytest.mark.parametrize("old", [FIRST], indirect=True)
def test_the_work_of_an_older_program_goes_on(old):
    """An unfinished run, the account and an audit chain of the first schema."""
    with old.write() as con:
        con.execute(
            text("INSERT INTO accounts VALUES ('acc', 'https://x', '', 'm', 1.0)")
        )
        con.execute(
            text(
                "INSERT INTO runs (run_id, account, source, command, file_sha256,"
                " state, started_at) VALUES"
                " ('run-1', 'acc', 'crm', 'import', 'f00', 'interrupted', 5.0)"
            )
        )
    with open_state(old.url.render_as_string(hide_password=False)) as state:
        run = state.runs.run("run-1")
        assert (run.source, run.file_sha256) == ("crm", "f00")
        assert state.account("https://x", "m", "k", None) == "acc"
        log = AuditLog(state)
        log.append("init", actor="ada")
        assert log.verify() is None
