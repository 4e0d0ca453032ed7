"""The append-only audit."""

import sqlite3

import pytest
from sqlalchemy import text

from pipeline.errors import StateError
from pipeline.state.audit import AuditLog
from pipeline.state.store import open_state


def fill(state, lines=3):
    log = AuditLog(state)
    for number in range(lines):
        log.append(
            "import",
            actor="ada",
            account="acc",
            source="crm",
            run_id=f"run-{number % 2}",
            details={"rows": number, "guards": ["café"]},
        )
    return log


def test_lines_chain(state):
    log = fill(state)
    rows = list(log.rows())
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.prev_hash for row in rows] == ["0" * 64, rows[0].hash, rows[1].hash]
    assert rows[0].at == "2026-09-21T14:13:20+00:00"
    assert rows[0].details == '{"guards": ["café"], "rows": 0}'
    assert log.verify() is None


def test_an_empty_audit_is_whole(state):
    assert AuditLog(state).verify() is None
    assert AuditLog(state).append("init", actor="ada").details == "{}"


def test_lines_are_found_by_run_and_event(state, monkeypatch):
    monkeypatch.setattr("pipeline.state.audit._PAGE", 1)
    log = fill(state)
    log.append("undo", actor="bob", run_id="run-0")
    assert [row.seq for row in log.rows(run_id="run-0")] == [1, 3, 4]
    assert [row.seq for row in log.rows(event="undo")] == [4]


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit SET actor = 'eve' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"],
)
def test_the_database_forbids_changes(state, change):
    log = fill(state)
    with pytest.raises(StateError), state.db.write() as con:
        con.execute(text(change))
    assert log.verify() is None


def without_triggers(state, change):
    with state.db.write() as con:
        if state.db.is_sqlite:
            con.execute(text("DROP TRIGGER audit_no_update"))
            con.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            con.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        con.execute(text(change))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 2", 2),
        ("UPDATE audit SET run_id = NULL WHERE seq = 3", 3),
        ("UPDATE audit SET hash = prev_hash WHERE seq = 1", 1),
        ("UPDATE audit SET seq = 9 WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET at = '2026-09-21T14:13:21+00:00' WHERE seq = 1", 1),
    ],
)
def test_a_change_is_found(state, change, found):
    log = fill(state)
    without_triggers(state, change)
    assert log.verify() == found


def test_every_changed_byte_of_the_file_is_found(tmp_path, clock):
    url, file = f"sqlite:///{tmp_path}/state.db", tmp_path / "state.db"
    with open_state(url, clock=clock) as state:
        fill(state, 1)
    with sqlite3.connect(file) as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    con.close()
    whole = file.read_bytes()
    start = whole.index(b"2026-09-21T14")
    end = whole.index(b"0" * 64) + 128
    for place in range(start, end, 3):
        file.write_bytes(
            whole[:place] + bytes([whole[place] ^ 0x85]) + whole[place + 1 :]
        )
        with open_state(url) as state:
            assert AuditLog(state).verify() == 1, whole[place : place + 20]
