"""The register of runs."""

import dataclasses

import pytest

from pipeline.errors import StateError
from pipeline.state.registry import Run, RunFilter
from schemas.outcomes import RunState


def run(run_id, **fields):
    return Run(run_id, "acc", fields.pop("source", "crm"), "import", **fields)


def test_a_run_is_kept_whole(state, clock):
    given = run(
        "run-1", file="a b.csv", file_sha256="f" * 64, plan_digest="d", actor="ada",
        approved_by="bob", reason="monthly", parent_run="run-0",
        summary={"read": 3}, settings={"dedupe": "strict"},
    )  # fmt: skip
    stored = state.runs.register_run(given)
    assert stored == dataclasses.replace(given, started_at=clock.now)
    assert state.runs.run("run-1") == stored
    assert state.runs.run("run-2") is None


def test_a_run_id_is_taken_once_and_the_refusal_quotes_no_values(state):
    state.runs.register_run(run("run-1", actor="ada"))
    with pytest.raises(StateError) as refused:
        state.runs.register_run(run("run-1", actor="ada"))
    assert "ada" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_end_of_a_run_is_its_state_or_named(state, clock):
    for number in (1, 2, 3):
        state.runs.register_run(run(f"run-{number}"))
    clock.now += 5
    state.runs.update_run("run-1", state=RunState.FINISHED, summary={"read": 1})
    state.runs.update_run("run-2", state=RunState.REFUSED, finished_at=7.0)
    state.runs.update_run("run-3", plan_digest="abc")
    ends = [state.runs.run(f"run-{n}").finished_at for n in (1, 2, 3)]
    assert ends == [clock.now, 7.0, None]
    assert state.runs.run("run-1").summary == {"read": 1}


def test_a_run_that_is_not_there_cannot_be_changed(state):
    with pytest.raises(KeyError):
        state.runs.update_run("run-9", actor="x")


def test_the_latest_unfinished_run_is_found(state, clock):
    state.runs.register_run(run("run-1"))
    clock.now += 1
    state.runs.register_run(run("run-2"))
    clock.now += 1
    state.runs.register_run(run("run-3", source="shop"))
    assert state.runs.latest_unfinished("acc", "crm").run_id == "run-2"
    state.runs.close_run("run-2")
    assert state.runs.run("run-2").state is RunState.INTERRUPTED
    assert state.runs.latest_unfinished("acc", "crm").run_id == "run-1"
    assert state.runs.latest_unfinished("acc", "crm", command="undo") is None


def test_runs_are_found_newest_first(state, clock):
    for number in range(4):
        state.runs.register_run(run(f"run-{number}", source=f"s{number % 2}"))
        clock.now += 10
    state.runs.update_run("run-2", state=RunState.FINISHED)

    def found(*args, **fields):
        return [r.run_id for r in state.runs.find_runs(*args, **fields)]

    assert found() == ["run-3", "run-2", "run-1", "run-0"]
    assert found(limit=1) == ["run-3"]
    assert found(RunFilter(source="s0")) == ["run-2", "run-0"]
    assert found(RunFilter(state=RunState.FINISHED)) == ["run-2"]
    assert found(RunFilter(since=clock.now - 15)) == ["run-3"]
    assert found(RunFilter(account="elsewhere")) == []
