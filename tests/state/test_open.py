"""Opening the state database: files, addresses, versions and what can go wrong."""

import sqlite3
import stat
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import exc, inspect, text
from sqlalchemy.engine import make_url

from pipeline.errors import DiskError, SettingsError, StateError
from pipeline.state import faults, migrate
from pipeline.state.audit import AuditLog
from pipeline.state.database import Database
from pipeline.state.registry import Run
from pipeline.state.schema import HEAD, metadata
from pipeline.state.store import open_state


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_closed_to_others(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/a/b/state.db") as state:
        state.key_of("email", "x")
        state.pace_database()
        folder = tmp_path / "a" / "b"
        assert mode(folder) == 0o700
        assert {f.name: mode(f) for f in folder.iterdir()} == dict.fromkeys(
            [
                *("state.db", "state.db-wal", "state.db-shm", "state.key"),
                *("pace.db", "pace.db-wal", "pace.db-shm"),
            ],
            0o600,
        )


def test_what_was_written_is_there_when_it_is_opened_again(url, tmp_path):
    with open_state(url) as state:
        state.runs.register_run(Run("run-1", "acc", "crm", "import"))
    with open_state(url, create=False) as state:
        assert state.runs.run("run-1").source == "crm"


def test_opening_is_quick(url):
    open_state(url).close()
    started = time.perf_counter()
    open_state(url).close()
    assert time.perf_counter() - started < 1.0


def test_sqlite_writes_are_durable_and_do_not_wait_for_readers(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/state.db") as state:
        with state.db.read() as con:
            found = [
                con.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout")
            ]
            state.runs.register_run(Run("run-1", "acc", "crm", "import"))
        assert found == ["wal", 2, 30000]
        with state.pace_database().read() as con:
            assert con.exec_driver_sql("PRAGMA synchronous").scalar() == 0


def test_a_database_that_must_be_there_is_not_made(tmp_path):
    with pytest.raises(StateError, match="there is no state database at"):
        open_state(f"sqlite:///{tmp_path}/state.db", create=False)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "state.db").touch()
    with pytest.raises(StateError, match="is empty"):
        open_state(f"sqlite:///{tmp_path}/state.db", create=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://h/d",
        "postgresql://h",
    ],
)
def test_other_addresses_are_refused(url):
    with pytest.raises(SettingsError) as refused:
        open_state(url)
    assert "postgresql+psycopg://" in refused.value.hint


def test_a_password_is_never_told():
    for url in (
        "mysql://ada:secret@host/db",
        "postgresql://ada:secret@127.0.0.1:1/db",
        "postgresql+psycopg://ada:secret@127.0.0.1:99999999/db",
    ):
        with pytest.raises((SettingsError, StateError)) as refused:
            open_state(url)
        assert "secret" not in f"{refused.value} {refused.value.hint}"


def test_a_server_that_is_not_there_is_said():
    with pytest.raises(StateError) as refused:
        open_state("postgresql://ada@127.0.0.1:1/db")
    assert refused.value.message == (
        "state database `postgresql+psycopg://ada@127.0.0.1:1/db` is out of reach"
    )


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "state.db").write_text("id;name\n" * 1000)
    with pytest.raises(StateError, match="is damaged or no state database"):
        open_state(f"sqlite:///{tmp_path}/state.db")


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "runs").touch()
    with pytest.raises(DiskError, match="cannot be written"):
        open_state(f"sqlite:///{tmp_path}/runs/state.db")


def test_a_full_disk_is_said_and_nothing_of_the_write_is_kept(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/state.db") as state:
        with state.db.read() as con:
            pages = con.exec_driver_sql("PRAGMA page_count").scalar()
            con.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(DiskError, match=r"cannot be written \(SQLITE_FULL\)"):
            state.runs.register_run(
                Run("run-1", "acc", "crm", "import", summary={"x": "y" * 100_000})
            )
        assert state.runs.run("run-1") is None


def test_a_database_locked_by_others_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.state.database._BUSY_SECONDS", 0)
    with open_state(f"sqlite:///{tmp_path}/state.db") as state:
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="stayed locked by another process"):
            state.acquire("acc", "crm", "run-1")
        other.close()
        assert state.acquire("acc", "crm", "run-1").token == 1


def test_a_newer_database_is_refused(url):
    with open_state(url) as state, state.db.write() as con:
        con.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(
            StateError, match=r"is of a newer version \(9999;"
        ) as refused:
            open_state(url)
        assert refused.value.hint == "update notchpay-pipeline"
    finally:
        db = Database(make_url(url))
        with db.write() as con:
            con.execute(text(f"UPDATE alembic_version SET version_num = '{HEAD}'"))
        db.close()


def test_tables_of_another_program_are_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "state.db") as con:
        con.execute("CREATE TABLE runs (distance REAL)")
    con.close()
    with pytest.raises(StateError, match=r"holds tables of another program \(runs\)"):
        open_state(f"sqlite:///{tmp_path}/state.db")


@pytest.fixture
def migrated(fresh_url):
    """A database that went through every revision, on both kinds."""
    db = Database(make_url(fresh_url))
    with db.write() as con:
        migrate._upgrade(con)
    yield db
    db.close()


def test_the_revisions_lead_to_the_schema(migrated):
    with migrated.read() as con:
        context = MigrationContext.configure(con, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD
        made = {
            table: sorted(index["name"] for index in inspect(con).get_indexes(table))
            for table in metadata.tables
        }
    assert made == {
        name: sorted(index.name for index in table.indexes)
        for name, table in metadata.tables.items()
    }


def test_a_migrated_database_is_as_good_as_a_new_one(migrated):
    with open_state(migrated.url.render_as_string(hide_password=False)) as state:
        log = AuditLog(state)
        log.append("init", actor="ada")
        with pytest.raises(StateError), state.db.write() as con:
            con.execute(text("UPDATE audit SET actor = 'eve'"))
        assert log.verify() is None


def test_an_older_database_is_brought_up_to_date(fresh_url, monkeypatch):
    """With a revision before the first one, opening runs Alembic up to the head."""
    db = Database(make_url(fresh_url))
    with db.write() as con:
        con.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        con.execute(text("INSERT INTO alembic_version VALUES ('0000')"))
    asked = []
    monkeypatch.setattr(migrate, "REVISIONS", ("0000", HEAD))
    monkeypatch.setattr(
        migrate, "_upgrade", lambda con: asked.append(con.in_transaction())
    )
    migrate.prepare(db, create=True)
    db.close()
    assert asked == [True]


@pytest.mark.postgres
def test_a_missing_driver_is_said(monkeypatch):
    def absent(*args, **kwargs):
        raise ModuleNotFoundError("psycopg")

    monkeypatch.setattr("pipeline.state.database.create_engine", absent)
    with pytest.raises(StateError, match="is not installed") as refused:
        open_state("postgresql://ada@127.0.0.1:1/db")
    assert refused.value.hint == "install `notchpay-pipeline[postgres]`"


@pytest.mark.postgres
def test_a_server_that_was_lost_and_is_back_is_used_again(shared_database, monkeypatch):
    with open_state(shared_database) as state:
        assert state.now() > 0
        drop = "SELECT pg_terminate_backend({})"
        with open_state(shared_database) as other:
            with state.db.read() as con:
                pid = con.execute(text("SELECT pg_backend_pid()")).scalar()
            with other.db.read() as con:
                con.execute(text(drop.format(pid)))
        with pytest.raises(StateError, match="is out of reach"):
            state.now()
        assert state.now() > 0
        with state.db.read() as con:
            pid = con.execute(text("SELECT pg_backend_pid()")).scalar()
        with open_state(shared_database) as other, other.db.read() as con:
            con.execute(text(drop.format(pid)))
        monkeypatch.setattr("pipeline.state.database._IDLE_SECONDS", 0.0)
        assert state.now() > 0


class _ToldError(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "error", "words"),
    [
        ("53100", DiskError, "the disk of state database `db` is full"),
        ("25006", StateError, "state database `db` is read-only"),
        ("55P03", StateError, "stayed locked by another process"),
        ("57P01", StateError, r"is out of reach \(57P01\)"),
    ],
)
def test_what_a_server_says_is_told(sqlstate, error, words):
    with pytest.raises(error, match=words), faults.told("db"):
        raise exc.OperationalError("SELECT 1", {}, _ToldError(sqlstate))


def test_a_missing_right_is_told():
    with (
        pytest.raises(StateError, match="refuses a statement to this user"),
        faults.told("db"),
    ):
        raise exc.ProgrammingError("SELECT 1", {}, _ToldError("42501"))


def test_other_failures_of_sqlite_are_told():
    with (
        pytest.raises(StateError, match=r"`db` failed \(OperationalError\)"),
        faults.told("db"),
    ):
        raise exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError("x"))
    with (
        pytest.raises(StateError, match="gave no connection in time"),
        faults.told("db"),
    ):
        raise exc.TimeoutError
    with pytest.raises(exc.ResourceClosedError), faults.told("db"):
        raise exc.ResourceClosedError
