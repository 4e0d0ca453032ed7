"""A part of the fault matrix in the suite; `make chaos` plays all of it."""

import time

import pytest

from tests.apply.runs import Desk, emails, people
from tests.chaos.faults import FAULTS
from tests.chaos.matrix import chosen, play
from tests.servers.odd import OddServer

MIX = {"commit_drop": 0.1, "commit_500": 0.1, "429": 0.1, "drop": 0.1}


@pytest.mark.parametrize("fault", [f.name for f in FAULTS])
def test_each_fault_once(fault):
    verdict, _ = play(fault, 7)
    assert verdict.is_good, verdict.notes


def test_the_matrix_is_repeatable_and_holds_2000_runs_with_200_kills():
    plays = chosen(2000, 1)
    assert plays == chosen(2000, 1)
    assert 1990 <= len(plays) <= 2010
    assert sum("kill -9" in name for name, _ in plays) >= 200


@pytest.mark.slow
def test_a_larger_part():
    until = time.monotonic() + 50
    for name, seed in chosen(200, 5000):
        if time.monotonic() > until:
            break
        verdict, _ = play(name, seed)
        assert verdict.is_good, (name, seed, verdict.notes)


def requests_of(seed, folder):
    """Import 100 rows under the mix; return how many requests that took."""
    rows = people(100)
    with OddServer(faults=MIX, seed=seed) as server:
        desk = Desk(folder, server.url)
        assert desk.imports(desk.file(rows)) == 0
        assert desk.rows() == {"created": 100}
        assert emails(server) == sorted(email for _, email, _ in rows)
        return len(server.log)


@pytest.mark.slow
def test_the_mix_costs_at_most_140_requests_for_100_rows(tmp_path):
    counts = []
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        counts.append(requests_of(seed, folder))
    assert sum(counts) / len(counts) <= 140
    assert max(counts) <= 165
