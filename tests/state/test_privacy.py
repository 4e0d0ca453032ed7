"""A person's rights and retention, in the state database."""

import pytest

from pipeline.state.journal import Journal
from pipeline.state.lineage import Settled
from pipeline.state.privacy import People, empty_before
from pipeline.state.registry import Run
from pipeline.state.writes import Intent, Result, WriteState
from schemas.outcomes import Outcome, RunState

ADA, BOB, EVE = "a" * 32, "b" * 32, "e" * 32
MARK = "Marked-Person"


@pytest.fixture
def journal(state):
    state.runs.register_run(Run("run-1", "acc", "crm", "import"))
    journal = Journal(state, "acc", "run-1")
    bodies = [(0, ADA, f'{{"name": "{MARK}"}}'), (1, BOB, '{"name": "Bob"}')]
    journal.commit(
        [
            Intent(op, op, "create", None, "k", body, None, (key,))
            for op, key, body in bodies
        ]
    )
    journal.commit(
        [Intent(2, 2, "update", "cus.0", None, "{}", f'{{"name": "{MARK}"}}')],
        [
            Result(0, WriteState.ACKNOWLEDGED, Outcome.CREATED, "cus.0"),
            Result(1, WriteState.REFUSED, Outcome.FAILED, reason="Bob"),
        ],
    )
    return journal


def test_the_writes_of_a_person_are_found_by_id_and_by_key(state, journal):
    people = People(state, "acc")

    def found(ids, keys):
        return [write.op for _, write in people.writes(ids, keys)]

    assert found(["cus.0"], []) == [0, 2]
    assert found([], [ADA]) == [0]
    assert found([], [BOB]) == [1]  # its claim was released when it was refused
    assert found([], [EVE]) == []
    assert found([], []) == []
    assert People(state, "other").writes(["cus.0"], [ADA]) == []


def test_an_erased_person_is_in_no_byte_of_the_files(state, journal, tmp_path):
    assert People(state, "acc").erase(["cus.0"], [ADA]) == 2
    assert {(w.op, w.body, w.before, w.outcome) for w in journal.writes()} == {
        (0, None, None, Outcome.CREATED),
        (1, '{"name": "Bob"}', None, Outcome.FAILED),
        (2, None, None, None),
    }
    if state.db.is_sqlite:
        files = [file.read_bytes() for file in (tmp_path / "runs").iterdir()]
        assert any(b"Bob" in content for content in files)
        assert not any(MARK.encode() in content for content in files)


def test_suppressed_keys_are_remembered(state):
    people = People(state, "acc")
    people.suppress([])
    people.suppress([ADA, BOB])
    people.suppress([ADA])
    assert people.suppressed([ADA, EVE]) == {ADA}
    assert People(state, "other").suppressed([ADA]) == frozenset()


def test_clear_values_go_with_time_but_not_those_of_open_runs(state, journal, clock):
    clock.now += 100
    assert empty_before(state, clock.now) == 0
    state.runs.update_run("run-1", state=RunState.FINISHED)
    assert empty_before(state, clock.now) == 0
    assert empty_before(state, clock.now + 1) == 3
    assert empty_before(state, clock.now + 1) == 0
    assert [(w.body, w.reason, w.outcome) for w in journal.writes()] == [
        (None, None, Outcome.CREATED),
        (None, None, Outcome.FAILED),
        (None, None, None),
    ]
    later = Journal(state, "acc", "run-2")
    assert later.commit([Intent(0, 0, "create", keys=(ADA,))]) == ()


def test_what_was_settled_is_forgotten_with_time(state, clock):
    settled = Settled(state, "acc")
    settled.remember({ADA: ("name",)})
    empty_before(state, clock.now)
    assert settled.find([ADA]) == {ADA: ("name",)}
    empty_before(state, clock.now + 1)
    assert settled.find([ADA]) == {}
