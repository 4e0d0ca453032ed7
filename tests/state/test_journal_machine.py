"""The journal against a plain model: two runs, a server, crashes at any point."""

import itertools
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from pipeline.errors import BooksError
from pipeline.state.journal import Journal
from pipeline.state.lease import LeaseLostError
from pipeline.state.store import open_state
from pipeline.state.writes import Intent, Result, WriteState
from schemas.outcomes import Outcome

RUNS = ("run-1", "run-2")
OPS = st.integers(0, 5)
KEYS = st.sets(st.sampled_from("abc"), min_size=1, max_size=2)
RUN = st.sampled_from(RUNS)


class Worker:
    """What a process of one run has in its memory: gone with a crash."""

    def __init__(self, url, run_id, clock):
        self.state = open_state(url, clock=clock)
        self.lease = self.state.acquire(
            "acc", run_id, run_id, host="far", pid=1, ttl=60
        )
        # Nothing was matched after the start: every finished claim may conflict.
        self.journal = Journal(self.state, "acc", run_id, self.lease, 0.0)
        self.sent = {}  # op -> customer id: acknowledged by the API, not yet stored


class JournalMachine(RuleBasedStateMachine):
    """Every op of two runs is sent at most once, and nothing that was sent is lost."""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.url = f"sqlite:///{self.folder}/state.db"
        self.now = 1000.0
        self.ids = itertools.count()
        self.workers = {}
        self.api = {}  # (run, op) -> customer ids that the API made
        self.keys = {}  # (run, op) -> keys of the row
        self.over = {run: {} for run in RUNS}  # op -> outcome, as committed
        self.open = {run: set() for run in RUNS}  # ops intended and not over

    def clock(self):
        return self.now

    @initialize()
    def start(self):
        for run in RUNS:
            self.workers[run] = Worker(self.url, run, self.clock)

    def teardown(self):
        for worker in self.workers.values():
            worker.state.close()
        shutil.rmtree(self.folder)

    def claimed_by_other(self, run, keys):
        other = RUNS[1 - RUNS.index(run)]
        ops = self.open[other] | {
            op for op, outcome in self.over[other].items() if outcome is Outcome.CREATED
        }
        return {key for op in ops for key in self.keys[other, op]} & keys

    @rule(run=RUN, op=OPS, keys=KEYS, lose=st.booleans())
    def create(self, run, op, keys, lose):
        """Intend a row that is not begun; send it; the answer may be lost."""
        if op in self.open[run] or op in self.over[run]:
            return
        self.keys[run, op] = keys
        worker = self.workers[run]
        conflicts = worker.journal.commit(
            [Intent(op, op, "create", keys=tuple(sorted(keys)))]
        )
        assert {conflict.key for conflict in conflicts} == self.claimed_by_other(
            run, keys
        )
        if not conflicts:
            self.open[run].add(op)
            self.send(worker, run, op, lose=lose)

    def send(self, worker, run, op, *, lose):
        customer = f"cus.{next(self.ids)}"
        self.api.setdefault((run, op), []).append(customer)
        if not lose:
            worker.sent[op] = customer

    @rule(run=RUN)
    def store_results(self, run):
        worker = self.workers[run]
        done = Outcome.CREATED
        worker.journal.commit(
            [],
            [
                Result(op, WriteState.ACKNOWLEDGED, done, customer)
                for op, customer in worker.sent.items()
            ],
        )
        self.over[run].update(dict.fromkeys(worker.sent, done))
        self.open[run].difference_update(worker.sent)
        worker.sent.clear()

    @rule(run=RUN, op=OPS)
    def refuse(self, run, op):
        """The API refuses an op whose answer is outstanding and that it never made."""
        if op not in self.open[run] or (run, op) in self.api:
            return
        self.workers[run].journal.commit(
            [], [Result(op, WriteState.REFUSED, Outcome.FAILED)]
        )
        self.open[run].remove(op)
        self.over[run][op] = Outcome.FAILED

    @rule(run=RUN, op=OPS, keys=KEYS)
    def intend_and_die(self, run, op, keys):
        """The process dies between the intent's commit and the send."""
        if op in self.open[run] or op in self.over[run]:
            return
        self.keys[run, op] = keys
        conflicts = self.workers[run].journal.commit(
            [Intent(op, op, "create", keys=tuple(sorted(keys)))]
        )
        if not conflicts:
            self.open[run].add(op)
        self.crash(run)

    @rule(run=RUN)
    def crash(self, run):
        """Whatever was not committed is gone; the run goes on with its id."""
        self.workers[run].state.close()
        self.now += 61
        self.workers[run] = Worker(self.url, run, self.clock)

    @rule(run=RUN, resend=st.booleans())
    def settle(self, run, resend):
        """Look every doubt up; what is not there is sent again or left for later."""
        worker = self.workers[run]
        for write in worker.journal.unsettled():
            if write.op in worker.sent:
                continue
            made = self.api.get((run, write.op), [])
            if made:
                found = Result(write.op, WriteState.SETTLED, Outcome.CREATED, made[0])
                worker.journal.commit([], [found])
                self.open[run].remove(write.op)
                self.over[run][write.op] = Outcome.CREATED
            elif resend:
                again = Intent(write.op, write.row, "create", keys=write.keys)
                not_there = Result(write.op, WriteState.SETTLED)
                assert worker.journal.commit([again], [not_there]) == ()
                self.send(worker, run, write.op, lose=False)

    @rule(run=RUN, op=OPS)
    def nothing_that_is_over_can_be_sent(self, run, op):
        if op in self.over[run]:
            with pytest.raises(BooksError):
                self.workers[run].journal.commit([Intent(op, op, "create")])

    @precondition(lambda self: self.workers)
    @rule(run=RUN, op=OPS)
    def who_lost_the_lease_stores_nothing(self, run, op):
        """A worker sleeps past its lease, another one takes over, the first wakes."""
        asleep = self.workers[run]
        self.now += 61
        self.workers[run] = Worker(self.url, run, self.clock)
        with pytest.raises(LeaseLostError):
            asleep.journal.commit([Intent(op, op, "create")])
        asleep.state.close()

    @invariant()
    def nothing_is_made_twice(self):
        assert all(len(made) == 1 for made in self.api.values())

    @invariant()
    def the_journal_knows_what_the_model_knows(self):
        for run, worker in self.workers.items():
            done = worker.journal.done_ops()
            assert {op for op in range(6) if op in done} == set(self.over[run])
            assert {w.op for w in worker.journal.unsettled()} == self.open[run]
            assert {
                w.op: w.outcome for w in worker.journal.writes() if w.outcome
            } == self.over[run]

    @invariant()
    def nothing_that_was_sent_is_lost(self):
        for run, op in self.api:
            assert op in self.open[run] or self.over[run][op] is Outcome.CREATED

    @invariant()
    def one_person_is_made_by_one_run(self):
        held = [
            {key for r, op in self.api if r == run for key in self.keys[r, op]}
            for run in RUNS
        ]
        assert not held[0] & held[1]


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
