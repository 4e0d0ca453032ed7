"""How a task ends, and what a try that follows does: with a real Airflow and sandbox."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from pipeline.airflow.connection import from_environment, settings_of
from pipeline.errors import InterruptedRunError
from tests.airflow.world import bad, people, xcom

pytest.importorskip("airflow", reason="no Airflow here: `make test-airflow`")
# Airflow's own libraries warn of each other; of ours, `test_provider.py` has a test.
pytestmark = pytest.mark.filterwarnings("default")

ROOT = Path(__file__).parents[2]
SMALL = Path(__file__).parent / "dags" / "small.py"


@pytest.fixture(scope="session")
def small(airflow_home):
    """The module of the small DAGs."""
    spec = importlib.util.spec_from_file_location("small", SMALL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tried(run, task="work"):
    """Return (state, number of tries) of the one task."""
    ti = run.get_task_instance(task)
    return str(ti.state), ti.try_number


def test_task_flow_functions_run_in_a_task(small, world):
    here = world()
    run = small.flows.test(run_conf={"file": str(here.file([*people(3), *bad(1)]))})
    assert xcom(run, "work") == [3, 3]
    (summary,) = here.summaries()
    assert summary["actor"] == "notchpay_test_taskflow.work"


@pytest.mark.skipif(
    not (ROOT / ".venv/bin/python").exists(), reason="no .venv: `make setup`"
)
def test_a_python_without_airflow_does_it_too(small, world):
    here = world()
    run = small.external.test(run_conf={"file": str(here.file(people(3)))})
    told = xcom(run, "work_elsewhere")
    assert (told["rows"]["created"], told["has_airflow"]) == (3, False)


@pytest.mark.parametrize(
    ("lines", "extra", "text"),
    [
        ([*people(20), *bad(20)], {}, "guard"),
        (people(2), {"rat": "off"}, "setting"),
        (people(2), {"expect_env": "live"}, "account"),
    ],
    ids=["guard", "setting", "account"],
)
def test_what_needs_a_person_is_not_tried_again(small, world, lines, extra, text):
    here = world(**extra)
    run = small.imports.test(run_conf={"file": str(here.file(lines))})
    assert tried(run) == ("failed", 1)
    assert here.emails() == []
    if text == "guard":
        left = xcom(run, "work", key="summary")
        assert (left["state"], left["exit_code"]) == ("refused", 4)
        assert [g["name"] for g in left["guards"] if g["refused"]] == [
            "max_reject_rate"
        ]


def test_an_outage_is_tried_again(small, world, monkeypatch):
    here = world()
    file = str(here.file(people(2)))
    text = here.connection.replace(here.url, "http://127.0.0.1:9")
    monkeypatch.setenv("AIRFLOW_CONN_NOTCHPAY_DEFAULT", text)
    assert tried(small.imports.test(run_conf={"file": file})) == ("failed", 2)


@pytest.fixture
def held(world):
    """A world in which another run holds the lock of the file's source."""
    import asyncio

    from pipeline.runs.connect import connect, open_database
    from pipeline.runs.talk import Silence

    here = world()
    settings = settings_of(from_environment("notchpay_default"))

    async def account():
        async with connect(settings, Silence()) as connection:
            return connection.account_id

    with ExitStack() as stack:
        state = stack.enter_context(open_database(settings))
        lease = state.acquire(asyncio.run(account()), "customers.csv", "other")
        yield here, lease.release


def test_a_task_that_finds_the_lock_held_comes_back(small, held):
    here, release = held
    small.LET_GO.append(release)
    run = small.waits.test(run_conf={"file": str(here.file(people(2)))})
    assert small.LET_GO == [], "it came back"
    assert tried(run) == ("success", 1)
    assert [s["exit_code"] for s in here.summaries()] == [6, 0]


def test_patience_ends(small, held):
    here, _ = held
    run = small.impatient.test(run_conf={"file": str(here.file(people(2)))})
    assert tried(run) == ("failed", 2)
    assert here.emails() == []


AT = "2026-11-01T02:00:00+00:00"
GO = """
import importlib.util, sys
from datetime import datetime
spec = importlib.util.spec_from_file_location("small", sys.argv[1])
small = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small)
at = datetime.fromisoformat(sys.argv[3])
small.imports.test(logical_date=at, run_conf={"file": sys.argv[2]})
"""


def wait_for_creates(here, count, goes_on):
    """Wait until `count` customers are there while the import still runs."""
    until = time.monotonic() + 120
    while len(here.emails()) < count:
        assert time.monotonic() < until
        assert goes_on()
        time.sleep(0.05)  # another process works, and tells nobody


def test_a_task_that_is_killed_and_tried_again_creates_nobody_twice(small, world):
    here = world(rate="40/1", concurrency=4)
    file, log = here.file(people(120)), here.folder / "first.log"
    with log.open("w") as told:
        first = subprocess.Popen(
            [sys.executable, "-c", GO, str(SMALL), str(file), AT],
            cwd=ROOT, stdout=told, stderr=told,
        )  # fmt: skip
    wait_for_creates(here, 30, lambda: first.poll() is None)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    (left,) = here.summaries()
    assert left["state"] == "interrupted"
    assert 30 <= len(here.emails()) < 120

    run = small.imports.test(
        logical_date=datetime.fromisoformat(AT), run_conf={"file": str(file)}
    )
    assert tried(run)[0] == "success"
    (done,) = here.summaries()
    assert (done["run_id"], done["state"]) == (left["run_id"], "finished")
    assert done["rows"]["created"] == 120
    assert here.emails() == sorted(f"person{n:04d}@example.com" for n in range(1, 121))


def test_a_task_that_is_told_to_stop_goes_on_when_tried_again(small, world):
    here = world(rate="40/1", concurrency=4)
    file = str(here.file(people(80)))

    def tell():
        wait_for_creates(here, 20, lambda: True)
        os.kill(os.getpid(), signal.SIGTERM)

    teller = threading.Thread(target=tell)
    teller.start()
    run = small.imports.test(run_conf={"file": file})
    teller.join()
    assert tried(run) == ("success", 2), "the first try stopped, the second went on"
    (done,) = here.summaries()
    assert done["rows"]["created"] == 80
    assert "run_resumed" in (here.runs / done["run_id"] / "run.log").read_text()
    assert len(here.emails()) == 80


def test_on_kill_stops_a_run_and_nothing_else(small):
    task = small.imports.get_task("work")
    task.on_kill()
    stopper = task.stopper()
    with pytest.raises(InterruptedRunError), stopper.armed():
        _killed(task)


def _killed(task):
    task.on_kill()
    signal.pause()


def test_a_task_that_runs_out_of_time_goes_on_when_tried_again(small, world):
    here = world(rate="20/1", concurrency=4)
    run = small.timed.test(run_conf={"file": str(here.file(people(160)))})
    state, tries = tried(run)
    assert (state, tries > 1) == ("success", True)
    assert here.emails() == sorted(f"person{n:04d}@example.com" for n in range(1, 161))
    # Where the time is over while the page is drawn, the next try finds nothing to do.
    runs = here.summaries()
    assert runs[-1]["state"] == "finished"
    assert sum(run["rows"]["created"] for run in runs) == 160
