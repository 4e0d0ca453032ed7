"""The shared pace: atomic, quick, and worth nothing when lost."""

import dataclasses
import threading

import pytest

from pipeline.api.governor import PaceState
from pipeline.errors import DiskError
from pipeline.state.pace import DatabasePaceStore
from pipeline.state.store import open_state


def count(state, now):
    return dataclasses.replace(state, granted=state.granted + 1), state.granted


def test_a_key_begins_anew_and_goes_on_where_it_was(url, tmp_path, clock):
    for expected in ((0, 1), (2, 3)):
        with open_state(url, clock=clock) as state:
            store = DatabasePaceStore(state, "key-a")
            assert (store.transact(count), store.transact(count)) == expected
            assert store.transact(lambda s, now: (s, now)) == clock.now
    with open_state(url, clock=clock) as state:
        fresh = DatabasePaceStore(state, "key-b").transact(lambda s, now: (s, s))
        assert fresh == PaceState()


def test_time_is_the_databases(url):
    with open_state(url) as state:
        store = DatabasePaceStore(state, "key-a")
        before = state.now()
        assert before <= store.transact(lambda s, now: (s, now)) <= state.now()


def test_many_users_of_a_key_count_every_request(url):
    states = [open_state(url) for _ in range(3)]
    seen = []

    def use(state):
        store = DatabasePaceStore(state, "key-a")
        seen.extend(store.transact(count) for _ in range(40))

    threads = [threading.Thread(target=use, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for state in states:
        state.close()
    assert sorted(seen) == list(range(120))


def test_a_failure_keeps_the_state_as_it_was(state):
    store = DatabasePaceStore(state, "key-a")
    store.transact(count)

    def fail(pace, now):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.transact(fail)
    assert store.transact(count) == 1


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_a_damaged_pace_file_is_made_anew(tmp_path, damage):
    url, file = f"sqlite:///{tmp_path}/state.db", tmp_path / "pace.db"
    with open_state(url) as state:
        DatabasePaceStore(state, "key-a").transact(count)
    file.write_bytes((damage * 1000) or file.read_bytes()[:5000] + b"\xff" * 3000)
    with open_state(url) as state:
        assert DatabasePaceStore(state, "key-a").transact(count) == 0


def test_a_pace_file_that_cannot_be_written_is_said(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/state.db") as state:
        (tmp_path / "pace.db").mkdir()
        with pytest.raises(DiskError, match="cannot be written"):
            DatabasePaceStore(state, "key-a")
