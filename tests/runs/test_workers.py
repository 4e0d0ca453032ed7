"""A worker process that is killed ends a run with one message, not with a traceback."""

import os
import signal

import pytest

from pipeline.errors import WorkerError
from tests.runs.world import World, people

US = os.getpid()


def killed(*_):
    """Stand in for what a worker does when the system kills it."""
    assert os.getpid() != US, "this was to happen in a worker"
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.runs.engines.SMALL_BYTES", 0)
    return World(tmp_path, None, workers=2)


@pytest.mark.parametrize(
    "work",
    [
        "pipeline.runs.staging.prepare",
        "pipeline.dedupe.inside.agreements",
        "pipeline.runs.rejected_book._staged_book",
    ],
)
def test_the_death_of_a_worker_is_told(world, monkeypatch, work):
    monkeypatch.setattr(work, killed)
    monkeypatch.setattr("pipeline.dedupe.inside._WORTH_A_WAY", 0)
    rows = [*people(20), ("Zoé Zang", people(1)[0][1], "", "Douala"), ("Nobody",) * 4]
    with pytest.raises(WorkerError, match="worker process was ended") as told:
        world.check(world.file(rows))
    assert "NOTCHPAY_WORKERS=1" in told.value.hint
    assert world.last().summary["exit_code"] == 5
