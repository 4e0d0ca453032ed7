"""One state database on SQLite and one on a real PostgreSQL server for each test."""

import itertools
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from pipeline.state.schema import metadata
from pipeline.state.store import open_state

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_numbers = itertools.count()


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self):
        self.now = 1_790_000_000.0

    def __call__(self):
        return self.now


def _as_postgres(folder, *command):
    """Run a server command; root hands it to the user of Debian's package."""
    if os.geteuid() == 0:
        drop = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
        command = (*drop, *command)
    subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60)


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """URL of a PostgreSQL server of this session, without a database name."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given.rstrip("/")
        return
    if not _BINARIES:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    # Under /tmp itself: the folders of pytest are closed to the user postgres.
    folder = Path("/tmp") / f"notchpay-pg-{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        yield from _serve(_BINARIES[-1].parent, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(bin_folder, folder):
    data, port = folder / "data", _free_port()
    _as_postgres(
        folder, str(bin_folder / "initdb"), "-D", str(data), "-U", "tests",
        "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
    )  # fmt: skip
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = (str(bin_folder / "pg_ctl"), "-D", str(data), "-w")
    _as_postgres(folder, *control, "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://tests@127.0.0.1:{port}"
    finally:
        _as_postgres(folder, *control, "-m", "immediate", "stop")


def new_database(server):
    """Make an empty database on the server; return its URL."""
    name = f"state_{os.getpid()}_{next(_numbers)}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as con:
        con.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def shared_database(server):
    """URL of one PostgreSQL database for the session; each test empties it first."""
    return new_database(server)


def _emptied(url):
    engine = create_engine(url)
    with engine.begin() as con:
        if inspect(con).has_table("audit"):
            con.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
            for table in metadata.tables.values():
                con.execute(table.delete())  # quicker than TRUNCATE on small tables
            con.execute(text("ALTER TABLE audit ENABLE TRIGGER ALL"))
    engine.dispose()
    return url


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def url(request, tmp_path):
    """URL of an empty state database, on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/runs/state.db"
    return _emptied(request.getfixturevalue("shared_database"))


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def fresh_url(request, tmp_path):
    """URL of a database without a single table, on both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/fresh.db"
    return new_database(request.getfixturevalue("server"))


@pytest.fixture
def clock():
    """The clock of `state`."""
    return Clock()


@pytest.fixture
def state(url, tmp_path, clock):
    """An open state database of both kinds."""
    with open_state(
        url, secret_path=tmp_path / "keys" / "state.key", clock=clock
    ) as it:
        yield it
