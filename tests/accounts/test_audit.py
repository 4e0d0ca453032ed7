"""Who did what: every command leaves a line, and a changed line is found."""

import csv
import io
import json
import sqlite3

import pytest

from tests.runs.world import AWA, BEN, csv_text


@pytest.fixture
def file(here):
    path = here / "customers.csv"
    path.write_text(csv_text([AWA, BEN]), encoding="utf-8")
    return path


def lines(run):
    return run("runs", "audit", "--json").json


def flush(here):
    with sqlite3.connect(here / "runs" / "state.db") as con:
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    con.close()
    return here / "runs" / "state.db"


def without_guards(here, *statements):
    with sqlite3.connect(here / "runs" / "state.db") as con:
        con.execute("DROP TRIGGER audit_no_update")
        con.execute("DROP TRIGGER audit_no_delete")
        for statement in statements:
            con.execute(statement)
    con.close()


def test_every_command_says_who_did_it(run, api, here, file, monkeypatch):
    assert run("plan", file, "--actor", "Ada").code == 0
    done = run("import", file, "--actor", "Bob", "--reason", "ticket 7", "--json").json
    assert done["reason"] == "ticket 7"
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "nightly")
    monkeypatch.setenv("AIRFLOW_CTX_TASK_ID", "export")
    assert run("export", "customers").code == 0
    monkeypatch.delenv("AIRFLOW_CTX_DAG_ID")
    undone = run("undo", done["run_id"], "--delete-created", "--actor", "Eve", "--json")
    assert undone.code == 0
    assert run("runs", "prune", "--older-than", "0", "--actor", "Cleo").code == 0
    told = lines(run)
    assert [(line["event"], line["actor"]) for line in told] == [
        ("plan", "Ada"), ("import", "Bob"), ("import_ended", "Bob"),
        ("export", "nightly.export"), ("export_ended", "nightly.export"),
        ("undo", "Eve"), ("undo_ended", "Eve"), ("runs_pruned", "Cleo"),
    ]  # fmt: skip
    begun, ended = told[1]["details"], told[2]["details"]
    assert begun["merchant"] == "Odd Shop"
    assert (begun["env"], begun["rows"], begun["reason"]) == ("test", 2, "ticket 7")
    assert begun["digest"] == done["plan_digest"]
    assert begun["file_sha256"] == done["file_sha256"]
    assert ended["rows"] == {"read": 2, "created": 2}
    assert told[3]["details"]["airflow"] is True
    assert {line["account"] for line in told[:7]} == {done["account"]}
    text = json.dumps(told)
    assert "Awa" not in text
    assert "example.com" not in text


@pytest.mark.slow
def test_a_refused_import_and_a_passed_guard_are_told(run, api, file):
    refused = run("import", file, "--approve", "0" * 64)
    assert refused.code == 4
    api._store({"name": "Awa Sowe", "email": AWA[1], "phone": "+237670000009"})
    rows = [AWA] + [(f"X Y{n}", f"bad{n}", "12", "") for n in range(30)]
    file.write_text(csv_text(rows), encoding="utf-8")
    assert run("import", file, "--pass", "max_reject_rate").code == 3
    told = {line["event"]: line["details"] for line in lines(run)}
    assert told["import"]["guards_passed"] == {
        "max_reject_rate": "--pass max_reject_rate"
    }
    assert "import_refused" in told


def test_the_audit_as_table_and_csv(run, api, file):
    run("import", file, "--actor", "=cmd|' /C calc'!A0")
    table = run("runs", "audit")
    assert "import_ended" in table.out
    read = list(csv.DictReader(io.StringIO(run("runs", "audit", "--csv").out)))
    assert [line["event"] for line in read] == ["import", "import_ended"]
    assert read[0]["actor"] == "'=cmd|' /C calc'!A0"
    assert run("runs", "audit", "--csv", "--verify").code == 2
    assert run("runs", "--csv").code == 2
    assert run("runs", "audit", "--quiet").out == ""
    whole = run("runs", "audit", "--verify")
    assert (whole.code, whole.out) == (0, "the audit is whole: 2 lines\n")
    assert run("runs", "audit", "--verify", "--json").json == {
        "lines": 2,
        "wrong": None,
    }


def test_one_changed_byte_is_found(run, api, here, file):
    run("import", file, "--actor", "Bob")
    database = flush(here)
    whole = database.read_bytes()
    place = whole.index(b"+00:00import")  # a line begins with when and what
    for offset in (0, 7, 14, 40, 90, 200):
        at = place + offset
        database.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        (here / "runs" / "state.db-wal").unlink(missing_ok=True)
        ended = run("runs", "audit", "--verify")
        assert ended.code == 1, whole[at - 5 : at + 5]
        assert "of the audit was changed or is missing" in ended.err
    database.write_bytes(whole)
    assert run("runs", "audit", "--verify").code == 0


@pytest.mark.slow
def test_a_changed_line_is_named(run, api, here, file):
    for _ in range(2):
        run("import", file)
    without_guards(here, "UPDATE audit SET actor = 'nobody' WHERE seq = 3")
    ended = run("runs", "audit", "--verify", "--lang", "fr")
    assert ended.code == 1
    assert "la ligne 3 de l'audit a été modifiée ou manque" in ended.err
    told = run("runs", "audit", "--verify", "--json")
    assert (told.code, told.json) == (1, {"lines": 4, "wrong": 3})


@pytest.mark.slow
def test_lines_cut_off_with_their_head_are_missed_by_the_summaries(
    run, api, here, file
):
    run("import", file)
    run("import", file)
    with sqlite3.connect(here / "runs" / "state.db") as con:
        (older,) = con.execute("SELECT hash FROM audit WHERE seq = 2").fetchone()
    con.close()
    without_guards(
        here,
        "DELETE FROM audit WHERE seq > 2",
        f"UPDATE meta SET value = '2:{older}' WHERE name = 'audit_head'",
    )
    ended = run("runs", "audit", "--verify")
    assert ended.code == 1
    assert "line 4 of the audit, which run 2" in ended.err


def test_without_a_state_database(run, here):
    assert run("runs", "audit").code == 5
    assert run("runs", "prune", "--older-than", "1d").code == 0
