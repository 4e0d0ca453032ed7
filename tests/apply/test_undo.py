"""Undo: what was written is put back, unless somebody changed it since."""

import signal
import threading

import pytest

from tests.apply.runs import Desk, people
from tests.chaos.clock import ScaledClock
from tests.chaos.worlds import HookedOdd, Hooks

COLUMNS = ("name", "email", "phone", "city", "level")


@pytest.fixture
def desk(tmp_path):
    rows = people(6)
    # The phone is missing in the first two; metadata holds JSON types of their own.
    records = [
        {"name": n, "email": e, "phone": None if i < 2 else p,
         "metadata": {"level": 30, "tags": ["a", 1], "old": None}}
        for i, (n, e, p) in enumerate(rows)
    ]  # fmt: skip
    hooks = Hooks()
    with HookedOdd(hooks, ScaledClock(1.0), customers=records) as server:
        it = Desk(tmp_path, server.url)
        it.server, it.hooks = server, hooks
        it.before = {i: dict(c) for i, c in server.customers.items()}
        it.path = it.file(
            [(*row, "Douala", 31) for row in (*rows, *people(4, first=10))],
            columns=COLUMNS,
        )
        assert it.imports(it.path) == 0
        assert it.rows() == {"updated": 6, "created": 4}
        it.run_id = it.last()
        yield it


def same(one, other):
    return {k: v for k, v in one.items() if k != "updated_at"} == {
        k: v for k, v in other.items() if k != "updated_at"
    }


def test_every_field_gets_its_old_value_and_type_back(desk):
    assert desk.undoes(desk.run_id) == 0
    assert desk.rows() == {"updated": 6}
    assert set(desk.outcomes().values()) == {("updated", "reversed")}
    for ident, old in desk.before.items():
        now = desk.server.customers[ident]
        assert now["phone"] == old["phone"]  # an empty field is restored by null
        assert now["name"] == old["name"]
        assert now["metadata"]["level"] == 30
        assert now["metadata"]["tags"] == ["a", 1]
        assert "city" not in now["metadata"]
    assert len(desk.server.customers) == 10


def test_a_second_undo_does_nothing(desk):
    assert desk.undoes(desk.run_id) == 0
    before = {i: dict(c) for i, c in desk.server.customers.items()}
    sent = desk.server.operations()
    assert desk.undoes(desk.run_id) == 0
    assert desk.rows() == {"unchanged": 6}
    assert desk.server.operations()["update"] == sent["update"]
    assert all(same(before[i], c) for i, c in desk.server.customers.items())


def test_what_somebody_changed_since_is_kept_with_both_values(desk):
    ident = next(iter(desk.before))
    desk.server.customers[ident]["phone"] = "+237690000099"
    gone = list(desk.before)[3]
    desk.server._forget(gone)
    assert desk.undoes(desk.run_id) == 3
    assert desk.rows() == {"updated": 4, "review": 2}
    text = (desk.folder / "runs" / desk.last() / "review.csv").read_text("utf-8-sig")
    assert "+237690000099" in text
    assert people(1)[0][2] in text
    assert desk.server.customers[ident]["phone"] == "+237690000099"


def test_what_the_api_refuses_is_failed(desk):
    desk.server.o.faults = {"500": 1.0}
    desk.server.o.faults_on = ("update",)
    assert desk.undoes(desk.run_id) == 3
    assert desk.rows() == {"failed": 6}
    assert set(desk.outcomes().values()) == {("failed", "api_error")}


def test_creates_are_deleted_where_nobody_uses_or_changed_them(desk):
    made = [i for i in desk.server.customers if i not in desk.before]
    desk.server.payments.append(
        {"reference": "trx.1", "customer": made[0], "amount": 100, "created_at": "2026"}
    )
    desk.server.customers[made[1]]["name"] = "Somebody Else"
    desk.server._forget(made[2])
    assert desk.undoes(desk.run_id, delete_created=True) == 3
    outcomes = list(desk.outcomes().values())
    assert sorted(outcomes) == sorted(
        [("updated", "reversed")] * 6
        + [("review", "has_payments"), ("review", "kept")]
        + [("unchanged", "deleted"), ("updated", "deleted")]
    )
    assert [i for i in made if i in desk.server.customers] == made[:2]
    assert desk.undoes(desk.run_id, delete_created=True) == 3
    assert desk.rows() == {"unchanged": 8, "review": 2}


def test_too_much_kept_refuses_and_may_be_passed(tmp_path):
    rows = people(25)
    records = [{"name": n, "email": e} for n, e, _ in rows]
    with HookedOdd(Hooks(), ScaledClock(1.0), customers=records) as server:
        desk = Desk(tmp_path, server.url)
        assert desk.imports(desk.file(rows)) == 0
        run_id = desk.last()
        for ident in list(server.customers)[:10]:
            server.customers[ident]["phone"] = "+237690000099"
        sent = server.operations()["update"]
        assert desk.undoes(run_id) == 4
        assert "max_kept_rate" in desk.error.message
        assert server.operations()["update"] == sent
        assert desk.undoes(run_id, passed=("max_kept_rate",)) == 3
        assert desk.rows() == {"updated": 15, "review": 10}
        assert desk.summary()["guards"][0]["passed_by"] == "--pass max_kept_rate"


def test_an_interrupted_undo_goes_on(desk):
    main = threading.main_thread().ident
    server, updates = desk.server, []
    plain = server.answer

    def answer(method, target, headers, body):
        if method in ("PUT", "POST") and "/customers/" in target:
            updates.append(target)
            if len(updates) == 2:
                signal.pthread_kill(main, signal.SIGTERM)
        return plain(method, target, headers, body)

    server.answer = answer
    desk.with_settings(concurrency=1)
    assert desk.undoes(desk.run_id) == 143
    stopped = desk.last()
    del server.answer
    assert desk.undoes(desk.run_id) == 0
    assert desk.last() == stopped
    assert desk.rows() == {"updated": 6}
    assert len(set(updates)) == len(updates)
    assert all(
        c["phone"] == desk.before[i]["phone"]
        for i, c in server.customers.items()
        if i in desk.before
    )


def test_only_a_finished_import_of_this_account_is_undone(desk):
    assert desk.undoes("20200101T000000Z-000000") == 2
    assert desk.undoes(desk.run_id) == 0
    assert desk.undoes(desk.last()) == 2
