"""The index of existing customers."""

from pipeline.state.index import CustomerIndex, IndexStats
from pipeline.state.writes import IndexRow

E1, E2, P1, P2, N1 = (digit * 32 for digit in "12345")
ADA = IndexRow("cus.ada", E1, P1, N1, "aa", None)
BOB = IndexRow("cus.bob", E2, P1, None, "bb", "run-1")


def index_of(state, account="acc"):
    return CustomerIndex(state, account)


def test_customers_are_found_by_either_key(state):
    index = index_of(state)
    assert index.upsert([ADA, BOB]) == 2
    assert index.find([E1, P1, P2, P1]) == {E1: (ADA,), P1: (ADA, BOB)}
    assert index.get(["cus.bob", "cus.eve"]) == {"cus.bob": BOB}
    assert index_of(state, "other").find([E1]) == {}


def test_the_newest_sight_wins_and_our_writing_is_kept(state):
    index = index_of(state)
    index.upsert([BOB])
    index.upsert([IndexRow("cus.bob", E1, None, None, "cc", None)])
    assert index.get(["cus.bob"]) == {
        "cus.bob": IndexRow("cus.bob", E1, None, None, "cc", "run-1")
    }


def test_more_keys_than_one_question_holds(state, monkeypatch):
    monkeypatch.setattr("pipeline.state.holders._AT_ONCE", 2)
    monkeypatch.setattr("pipeline.state.index._CHUNK", 2)
    rows = [IndexRow(f"cus.{n}", f"{n:032x}") for n in range(5)]
    index = index_of(state)
    assert index.upsert(rows) == 5
    assert index.find([f"{n:032x}" for n in range(7)]) == {
        row.email_key: (row,) for row in rows
    }


def test_a_customer_whom_we_wrote_leaves_a_mark(state):
    index = index_of(state)
    index.upsert([ADA, BOB])
    index.remove("cus.ada")
    index.remove("cus.bob")
    assert index.find([E1, E2]) == {}
    assert index.find_gone([E1, E2]) == {E2: (BOB,)}
    assert index.stats() == IndexStats(0, 1, None)
    index.upsert([BOB])
    assert index.find_gone([E2]) == {}


def test_a_customer_whom_we_deleted_leaves_no_mark(state):
    index = index_of(state)
    index.upsert([BOB])
    index.forget("cus.bob")
    assert index.find_gone([E2]) == {}


def test_a_whole_listing_shows_who_is_gone_and_gives_an_age(state, clock):
    index = index_of(state)
    eve = IndexRow("cus.eve", P2, written_run="run-1")
    index.upsert([ADA, BOB, eve])
    assert index.age() is None
    clock.now += 10
    started = index.begin_listing()
    clock.now += 5
    index.upsert([ADA])
    index.end_listing(started)
    clock.now += 20
    assert index.stats() == IndexStats(1, 2, 25.0)
    assert index.age() == 25.0
    assert set(index.find([E1, E2, P2])) == {E1}
    clock.now -= 1000
    assert index.age() == 0.0


def test_a_cleared_index_has_no_age_and_keeps_marks(state):
    index = index_of(state)
    index.upsert([ADA, BOB])
    index.end_listing(index.begin_listing())
    index.remove("cus.bob")
    index.clear()
    assert index.stats() == IndexStats(0, 1, None)
