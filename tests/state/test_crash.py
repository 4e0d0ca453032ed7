"""Real processes: killed in the middle of a commit, and racing for one key."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline.state.journal import Journal
from pipeline.state.store import open_state

ROOT = Path(__file__).resolve().parents[2]


def start(program, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


WRITER = """
    import sys
    from pipeline.state.journal import Intent, Journal, Result, WriteState
    from pipeline.state.store import open_state
    from schemas.outcomes import Outcome

    state = open_state(sys.argv[1])
    lease = state.acquire("acc", "crm", "run-1")
    journal = Journal(state, "acc", "run-1", lease)
    done = []
    for first in range(0, 100_000, 8):
        ops = range(first, first + 8)
        journal.commit([Intent(op, op, "create", keys=(f"{op:032x}",)) for op in ops], done)
        print(ops[-1], flush=True)
        made = WriteState.ACKNOWLEDGED, Outcome.CREATED
        done = [Result(op, *made, f"cus.{op}") for op in ops]
"""


@pytest.mark.parametrize("groups", [1, 5, 17])
def test_what_a_killed_process_was_told_is_durable_is_there(url, groups):
    with start(WRITER, url) as writer:
        for _ in range(groups):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        told = max(told, *(int(line) for line in writer.stdout), 0)
    with open_state(url) as state:
        lease = state.acquire("acc", "crm", "run-1")
        journal = Journal(state, "acc", "run-1", lease)
        ops = [write.op for write in journal.writes()]
        # One more group may have been durable before the process could say so.
        assert len(ops) in (told + 1, told + 9)
        assert ops == list(range(len(ops)))
        assert [w.op for w in journal.unsettled()] == ops[-8:]
        assert len(journal.done_ops()) == len(ops) - 8


RACER = """
    import sys
    from pipeline.state.journal import Intent, Journal
    from pipeline.state.store import open_state

    url, run = sys.argv[1:]
    state = open_state(url)
    journal = Journal(state, "acc", run, state.acquire("acc", run, run), 0.0)
    print("ready", flush=True)
    sys.stdin.readline()
    order = range(60) if run == "run-1" else range(59, -1, -1)
    won = [
        op for op in order
        if not journal.commit([Intent(op, op, "create", keys=(f"{op:032x}",))])
    ]
    print(*won, flush=True)
"""


def test_of_two_processes_that_claim_a_key_exactly_one_wins(url):
    open_state(url).close()
    with start(RACER, url, "run-1") as one, start(RACER, url, "run-2") as two:
        for racer in (one, two):
            racer.stdout.readline()
        for racer in (one, two):
            racer.stdin.write("go\n")
            racer.stdin.flush()
        won = [
            [int(op) for op in racer.stdout.readline().split()] for racer in (one, two)
        ]
    assert sorted(won[0] + won[1]) == list(range(60))
