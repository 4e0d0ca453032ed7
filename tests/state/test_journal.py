"""The journal: what is stored when, and what a second run may do meanwhile."""

import pytest

from pipeline.errors import BooksError
from pipeline.state.journal import Journal
from pipeline.state.lease import LeaseLostError
from pipeline.state.writes import Conflict, IndexRow, Intent, Result, WriteState
from schemas.outcomes import Outcome

ADA, BOB, FAMILY = "a" * 32, "b" * 32, "f" * 32


def create(op, *keys, known=()):
    body = f'{{"name": "N{op}"}}'
    return Intent(op, op + 1, "create", None, f"key-{op}", body, None, keys, known)


def created(op, customer=None):
    customer = customer or f"cus.{op}"
    return Result(op, WriteState.ACKNOWLEDGED, Outcome.CREATED, customer)


@pytest.fixture
def journal(state):
    return Journal(state, "acc", "run-1", state.acquire("acc", "crm", "run-1"), 0.0)


@pytest.fixture
def other(state):
    return Journal(state, "acc", "run-2", state.acquire("acc", "shop", "run-2"), 0.0)


def test_an_intent_is_there_before_its_result(journal):
    assert journal.commit([create(0, ADA), create(1, BOB)]) == ()
    assert [(w.op, w.state, w.keys) for w in journal.unsettled()] == [
        (0, WriteState.INTENDED, (ADA,)),
        (1, WriteState.INTENDED, (BOB,)),
    ]
    journal.commit([], [created(0)])
    assert [w.op for w in journal.unsettled()] == [1]
    done = journal.done_ops()
    assert (0 in done, 1 in done, len(done)) == (True, False, 1)


def test_a_write_is_kept_whole(journal, clock):
    journal.commit(
        [Intent(7, 9, "update", "cus.7", None, '{"name": "New"}', '{"name": "Old"}')]
    )
    clock.now += 3
    after = '{"name": "New"}'
    journal.commit(
        [], [Result(7, WriteState.ACKNOWLEDGED, Outcome.UPDATED, after=after)]
    )
    (write,) = journal.writes()
    assert (write.row, write.action, write.customer_id) == (9, "update", "cus.7")
    assert (write.body, write.before) == ('{"name": "New"}', '{"name": "Old"}')
    assert (write.after, write.outcome, write.attempts) == (after, Outcome.UPDATED, 1)
    assert write.finished_at - write.intended_at == 3


def test_a_write_may_be_sent_again_until_it_is_over(journal):
    journal.commit([create(0, ADA)])
    journal.commit([], [Result(0, WriteState.SETTLED, rule="not_found")])
    assert journal.unsettled() == []
    assert len(journal.done_ops()) == 0
    journal.commit([create(0, ADA)])
    (write,) = journal.unsettled()
    assert write.attempts == 2
    journal.commit([], [created(0)])
    with pytest.raises(BooksError, match="over already"):
        journal.commit([create(0, ADA)])


def test_a_result_and_the_next_attempt_may_share_a_commit(journal):
    journal.commit([create(0, ADA)])
    journal.commit([create(0, ADA)], [Result(0, WriteState.REFUSED, rule="throttled")])
    (write,) = journal.unsettled()
    assert (write.state, write.attempts) == (WriteState.INTENDED, 2)
    assert journal.release_open_claims() == 1


def test_a_result_without_an_intent_is_a_bug_and_stores_nothing(journal):
    with pytest.raises(BooksError, match="a result without an intent"):
        journal.commit([create(0, ADA)], [created(5)])
    assert list(journal.writes()) == []


def test_the_same_commit_may_be_repeated(journal):
    journal.commit([create(0, ADA)])
    again = ([create(1, BOB)], [created(0)])
    assert journal.commit(*again) == journal.commit(*again) == ()
    assert [w.attempts for w in journal.writes()] == [1, 2]


def test_members_of_a_family_in_one_run_share_a_phone(journal):
    assert journal.commit([create(0, ADA, FAMILY), create(1, BOB, FAMILY)]) == ()
    journal.commit([], [Result(0, WriteState.REFUSED, Outcome.FAILED)])
    assert journal.release_open_claims() == 2


def test_a_key_of_another_run_is_a_conflict_and_stores_no_intent(journal, other):
    journal.commit([create(0, ADA, FAMILY)])
    conflicts = other.commit([create(0, BOB), create(1, FAMILY)])
    assert conflicts == (Conflict(1, FAMILY, "run-1", True, True, None),)
    assert [w.op for w in other.writes()] == [0]


def test_a_finished_claim_tells_its_customer(journal, other):
    journal.commit([create(0, ADA)])
    journal.commit([], [created(0, "cus.ada")])
    assert other.commit([create(3, ADA)]) == (
        Conflict(3, ADA, "run-1", False, True, "cus.ada"),
    )
    assert other.commit([create(3, ADA, known=("cus.ada",))]) == ()


def test_what_matching_has_seen_is_no_conflict(journal, state, clock):
    journal.commit([create(0, ADA)])
    journal.commit([], [created(0)])
    clock.now += 1
    later = Journal(state, "acc", "run-3", None, matched_at=state.now())
    assert later.commit([create(0, ADA)]) == ()


def test_a_refused_create_releases_its_keys(journal, other):
    journal.commit([create(0, ADA)])
    journal.commit([], [Result(0, WriteState.REFUSED, Outcome.FAILED, rule="x")])
    assert other.commit([create(0, ADA)]) == ()


def test_a_claim_of_a_dead_run_can_be_passed_once_it_was_looked_up(state, journal):
    journal.commit([create(0, ADA)])
    orphan = Journal(state, "acc", "run-9")
    orphan.commit([create(0, BOB)])
    assert journal.commit([create(1, BOB)]) == (
        Conflict(1, BOB, "run-9", True, False, None),
    )
    assert journal.commit([create(1, BOB, known=("run-9",))]) == ()


def test_a_claim_of_a_living_run_cannot_be_passed(journal, other):
    journal.commit([create(0, ADA)])
    assert len(other.commit([create(0, ADA, known=("run-1",))])) == 1


def test_a_claim_that_stayed_in_doubt_can_be_passed_by_its_run(journal, other):
    journal.commit([create(0, ADA)])
    doubt = Result(0, WriteState.SETTLED, Outcome.FAILED, rule="in_doubt")
    journal.commit([], [doubt])
    assert len(other.commit([create(0, ADA)])) == 1
    assert other.commit([create(0, ADA, known=("run-1",))]) == ()


def test_accounts_do_not_meet(state, journal):
    journal.commit([create(0, ADA)])
    assert Journal(state, "elsewhere", "run-2").commit([create(0, ADA)]) == ()


def test_who_lost_the_lease_writes_nothing(state, clock):
    old = state.acquire("acc", "crm", "run-1", host="far", pid=1, ttl=60)
    journal = Journal(state, "acc", "run-1", old)
    journal.commit([create(0, ADA)])
    clock.now += 61
    state.acquire("acc", "crm", "run-2", host="near", pid=2)
    with pytest.raises(LeaseLostError, match="`run-1` lost its lock on source `crm`"):
        journal.commit([create(1, BOB)], [created(0)])
    assert [(w.op, w.state) for w in journal.writes()] == [(0, WriteState.INTENDED)]


def test_writes_are_read_page_by_page_and_counted(journal, monkeypatch):
    monkeypatch.setattr("pipeline.state.journal._PAGE", 3)
    journal.commit([create(op) for op in range(10)])
    journal.commit([], [created(op) for op in range(0, 10, 2)])
    assert [w.op for w in journal.writes()] == list(range(10))
    over = journal.writes(outcomes=[Outcome.CREATED])
    assert [w.op for w in over] == [0, 2, 4, 6, 8]
    assert journal.counts() == {
        (WriteState.INTENDED, None): 5,
        (WriteState.ACKNOWLEDGED, Outcome.CREATED): 5,
    }


def test_what_was_seen_goes_to_the_index_with_the_result(journal, state):
    from pipeline.state.index import CustomerIndex

    journal.commit([create(0, ADA)])
    seen = IndexRow("cus.0", ADA, None, None, BOB, "run-1")
    journal.commit([], [created(0)._replace(seen=seen)])
    assert CustomerIndex(state, "acc").find([ADA]) == {ADA: (seen,)}
