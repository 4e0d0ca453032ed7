"""How long clear values stay, and what a pruned run can still tell."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from tests.privacy.sweeping import found_in

HEADER = "Nom,E-mail,Téléphone"
ROWS = [
    "Awandeline Sowmba,awandeline@sowmba.example.com,+237670000041",
    "Benjamas Fotsofa,nowhere,12",
]
CLEAR = ("awandeline", "sowmba", "670000041", "benjamas", "nowhere")


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """Draw no page: it has tests of its own."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)


@pytest.fixture
def file(here):
    path = here / "customers.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    return path


def aged(here, run_id, days):
    """Make a run look as if it had begun and ended `days` ago; return its new id."""
    import sqlite3

    moment = datetime.now(UTC) - timedelta(days=days)
    new = f"{moment:%Y%m%dT%H%M%SZ}-{run_id.rpartition('-')[2]}"
    folder = (here / "runs" / run_id).rename(here / "runs" / new)
    summary = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps(summary | {"run_id": new}))
    with sqlite3.connect(here / "runs" / "state.db") as con:
        for table in ("runs", "writes", "claims"):
            con.execute(
                f"UPDATE {table} SET run_id = ? WHERE run_id = ?", (new, run_id)
            )
        con.execute(
            "UPDATE runs SET started_at = ?, finished_at = ? WHERE run_id = ?",
            (moment.timestamp(), moment.timestamp(), new),
        )
    con.close()
    return new


def imported(run, here, file, days):
    ended = run("import", file, "--force", "--json", "--allow-leftovers")
    assert ended.code == 0, ended.said
    return aged(here, ended.json["run_id"], days)


def test_a_run_prunes_what_is_older_than_the_retention(run, here, api, file):
    old, young = imported(run, here, file, 91), imported(run, here, file, 89)
    (here / "other.csv").write_text("Nom,E-mail\nEtoa,etoa@example.com\n")
    assert run("check", "other.csv").code == 0
    assert found_in(here / "runs" / old, CLEAR) == []
    assert found_in(here / "runs" / young, CLEAR)
    left = {path.name for path in (here / "runs" / old).iterdir()}
    assert left == {"summary.json", "run.log", "outcomes.parquet"}
    table = pq.read_table(here / "runs" / old / "outcomes.parquet")
    told = json.loads((here / "runs" / old / "summary.json").read_text())
    assert sorted(table["outcome"].to_pylist()) == ["created", "rejected"]
    assert table["reason"].null_count == 2
    assert told["rows"]["read"] == 2
    assert told["pruned_at"]
    events = run("runs", "--json")
    assert {old, young} <= {r["run_id"] for r in events.json}


def test_undo_of_a_pruned_run_says_why(run, here, api, file):
    old = imported(run, here, file, 200)
    assert run("runs", "prune", "--json").json["runs"] == 1
    for argv in (["undo", old], ["undo", old, "--delete-created"]):
        ended = run(*argv)
        assert ended.code == 5
        assert "NOTCHPAY_RETENTION" in ended.err
        assert "cannot be undone" in ended.err
    assert len(api.customers) == 1
    assert found_in(here / "runs", CLEAR) == []


@pytest.mark.slow
def test_off_and_other_ages(run, here, api, file, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RETENTION", "off")
    old = imported(run, here, file, 200)
    assert run("check", file, "--allow-leftovers").code == 0
    assert found_in(here / "runs" / old, CLEAR)
    ended = run("runs", "prune")
    assert ended.code == 2
    assert "needs an age" in ended.err
    monkeypatch.setenv("NOTCHPAY_RETENTION", "a while")
    assert run("check", file).code == 5


def test_what_an_inbox_dealt_with_goes_too(run, here, api, file, monkeypatch):
    for name in ("done", "failed", "waiting", "outbox", ""):
        (here / "in" / name).mkdir(parents=True, exist_ok=True)
        (here / "in" / name / "c.csv").write_text(file.read_text())
    assert run("runs", "prune", "--inbox", "in", "--json").json["inbox_files"] == 0
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 91 * 86400)
    assert run("runs", "prune", "--inbox", "in", "--json").json["inbox_files"] == 4
    assert [p.name for p in (here / "in").rglob("*") if p.is_file()] == ["c.csv"]
    assert run("runs", "prune", "--inbox", "nowhere").code == 2
    assert run("runs", "--inbox", "in").code == 2


def exported(here, days):
    """Return the exports, the oldest finished `days` ago."""
    manifests = sorted((here / "exports").glob("2*/manifest.json"))
    told = json.loads(manifests[0].read_text())
    told["finished"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    manifests[0].write_text(json.dumps(told))
    return [path.parent for path in manifests]


def test_exports_go_by_ages_of_their_own(run, here, api, file):
    api._store({"name": "Awandeline Sowmba", "email": "awandeline@sowmba.example.com"})
    assert run("export").code == 0
    first = (here / "exports" / "latest").resolve()
    exported(here, 100)
    ended = run("exports", "prune", "--customers", "90d", "--json")
    assert ended.json == {"removed": [], "kept": [first.name]}
    os.utime(first)
    assert run("export").code == 0
    ended = run(
        "exports", "prune", "--customers", "90d", "--payments", "3650d", "--json"
    )
    assert ended.json == {"removed": ["customers"], "kept": []}
    assert not (first / "customers").exists()
    told = json.loads((first / "manifest.json").read_text())
    assert set(told["tables"]) >= {"payments"}
    assert "customers" not in told["tables"]
    assert list(told["pruned"]) == ["customers"]
    assert found_in(first, ("awandeline",)) == []
    run("exports", "prune", "--payments", "90d")
    assert not first.exists()
    assert (here / "exports" / "latest" / "_SUCCESS").exists()
    assert run("exports", "prune").code == 2
