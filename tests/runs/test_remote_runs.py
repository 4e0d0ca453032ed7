"""A runs folder in an object store: nothing stays here, anybody there can go on."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from pipeline.files import mirror
from pipeline.runs.history import history, prune
from tests.apply.runs import Desk, people
from tests.chaos.clock import ScaledClock
from tests.chaos.worlds import HookedOdd, Hooks
from tests.servers.s3 import bucket, s3  # noqa: F401 - fixtures

RUNS = "s3://shop-exports/runs"


@pytest.fixture
def desk(tmp_path, bucket):
    hooks = Hooks()
    with HookedOdd(hooks, ScaledClock(1.0)) as server:
        it = Desk(tmp_path, server.url, state_url=f"sqlite:///{tmp_path}/state.db")
        it.with_settings(runs_dir=RUNS)
        it.server, it.hooks, it.bucket = server, hooks, bucket
        another_machine()
        yield it
    another_machine()


def another_machine():
    """Forget what this process holds of the store."""
    mirror._mirror.cache_clear()


def there(desk):
    """Names of the files of the newest run in the store, and its summary."""
    paths = desk.bucket.find("shop-exports/runs")
    desk.bucket.invalidate_cache()
    newest = max(p.split("/")[2] for p in paths)
    root = f"shop-exports/runs/{newest}/"
    names = {p.removeprefix(root) for p in paths if p.startswith(root)}
    return names, json.loads(desk.bucket.cat_file(f"{root}summary.json"))


def test_a_run_lies_in_the_store_and_not_here(desk):
    assert desk.imports(desk.file([*people(3), ("Nobody", "", "")])) == 3
    names, summary = there(desk)
    assert {"summary.json", "outcomes.parquet", "rejected.csv"} <= names
    assert not any(name.startswith("staging") for name in names)
    assert summary["state"] == "finished"
    assert not (desk.folder / "runs").exists()
    another_machine()
    assert [run.run_id for run in history(desk.settings, 0.0)] == [summary["run_id"]]


def test_another_machine_goes_on(desk):
    file = desk.file(people(40))
    main = threading.main_thread().ident
    desk.hooks.plan(5, "committed", lambda: signal.pthread_kill(main, signal.SIGTERM))
    desk.hooks.delay = 0.02
    assert desk.imports(file) == 143
    desk.hooks.at, desk.hooks.delay = None, 0.0
    names, summary = there(desk)
    assert summary["state"] == "interrupted"
    assert any(name.startswith("staging/") for name in names)
    another_machine()
    assert desk.resumes() == 0
    assert there(desk)[1]["rows"]["created"] == len(desk.server.customers) == 40
    assert desk.server.count("POST") == 40


def test_what_is_pruned_goes_from_the_store(desk):
    desk.imports(desk.file([*people(3), ("Nobody", "", "")]))
    another_machine()
    assert prune(desk.settings, -9.0, time.time()).runs == 1
    names, summary = there(desk)
    assert names - {"report.html"} == {"summary.json", "run.log", "outcomes.parquet"}
    assert summary["pruned_at"]


@pytest.mark.parametrize("url", ["", "sqlite:///{folder}/state.db"])
def test_the_command_names_the_place_and_leaves_nothing(desk, url, monkeypatch):
    file = desk.file([*people(3), ("Nobody", "", "")])
    temporary = desk.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", RUNS)
    monkeypatch.setenv("NOTCHPAY_STATE_URL", url.format(folder=desk.folder))
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "check", str(file), "--lang", "en"],
        cwd=desk.folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert not list(temporary.glob("notchpay-pipeline-*"))
    assert not (desk.folder / "s3:").exists()
    if not url:
        assert done.returncode == 5
        assert "NOTCHPAY_STATE_URL" in done.stderr
        return
    assert done.returncode == 3, done.stderr
    assert f"{RUNS}/" in done.stdout + done.stderr
    assert tempfile.gettempdir() not in done.stdout


def test_a_store_that_is_not_there_is_said(desk, monkeypatch):
    desk.with_settings(runs_dir="s3://no-such-bucket/runs")
    another_machine()
    assert desk.plans(desk.file(people(2))) == 5
    assert "no-such-bucket" in desk.error.message
    assert not Path("s3:").exists()
