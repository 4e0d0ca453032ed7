"""Updates and deletions: fresh, moved, gone, written though nobody said so."""

import asyncio
from dataclasses import replace

import pytest

from pipeline.apply.operation import Operation
from pipeline.match.changes import FieldChange
from tests.apply.test_engine import apply, run
from tests.apply.world import outcomes, record, sandbox, update, world

NEW = ("name", "Amina Abenaa", "Amina Abena")


def stored(app, n, **fields):
    one = record(n)
    return app.state.store.add_customer(
        {"name": one.name, "email": one.email, "phone": one.phone, **fields}
    )


def one_update(app, clock, *, age=0.0, **more):
    row = stored(app, 0)
    return row, update(0, row.id, NEW, read_at=clock.time() - age, **more)


@pytest.mark.parametrize(("age", "gets"), [(0.0, 0), (200.0, 0), (400.0, 1), (9e9, 1)])
def test_an_old_reading_costs_one_get(state, clock, age, gets):
    app = sandbox(clock=clock)
    _, operation = one_update(app, clock, age=age)
    it = run(apply(state, app, clock, [operation]))
    assert outcomes(it.journal) == {0: ("updated", None)}
    assert it.traffic.calls("GET", "/customers/") == gets
    assert it.store.customers()[0].name == "Amina Abena"


@pytest.mark.parametrize("age", [400.0])
def test_a_customer_who_changed_meanwhile_is_left_alone(state, clock, age):
    app = sandbox(clock=clock)
    row, operation = one_update(app, clock, age=age)
    app.state.store.update_customer(row, {"name": "Somebody Else"})
    it = run(apply(state, app, clock, [operation]))
    assert outcomes(it.journal) == {0: ("review", "changed_since_plan")}
    assert it.store.customers()[0].name == "Somebody Else"


@pytest.mark.parametrize("age", [0.0, 400.0])
def test_a_customer_who_is_gone_is_for_a_person(state, clock, age):
    app = sandbox(clock=clock)
    row, operation = one_update(app, clock, age=age)
    app.state.store.delete_customer(row)
    it = run(apply(state, app, clock, [operation]))
    assert outcomes(it.journal) == {0: ("review", "deleted_in_api")}


@pytest.mark.parametrize("is_written", [True, False])
def test_an_update_of_an_interrupted_run_is_read_back(state, clock, is_written):
    app = sandbox(clock=clock)
    row, operation = one_update(app, clock, attempted=True)
    if is_written:
        app.state.store.update_customer(row, {"name": "Amina Abena"})
    it = run(apply(state, app, clock, [operation]))
    assert outcomes(it.journal) == {0: ("updated", None)}
    calls = it.traffic.calls
    sent = calls("POST", "/customers/") + calls("PUT", "/customers/")
    assert sent == (0 if is_written else 1)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("update.500_after=1", ("updated", None)),
        ("update.500=1", ("failed", "api_error")),
        ("update.422=1", ("failed", "api_refused")),
        ("update.drop_after=0.7", ("updated", None)),
        ("update.503=0.7", ("updated", None)),
        ("update.429=0.7", ("updated", None)),
    ],
)
def test_a_failing_update(state, clock, fault, outcome):
    app = sandbox(fault, clock=clock, seed=1)
    _, operation = one_update(app, clock)
    it = run(apply(state, app, clock, [operation]))
    assert outcomes(it.journal) == {0: outcome}
    assert (it.store.customers()[0].name == "Amina Abena") == (outcome[0] == "updated")


def test_updates_outlast_an_outage(state, clock):
    app = sandbox("outage=0:150:drop", clock=clock)
    operations = []
    for n in range(20):
        row = stored(app, n)
        change = ("name", record(n).name, f"New {record(n).name}")
        operations.append(update(n, row.id, change, read_at=clock.time()))
    it = run(apply(state, app, clock, operations))
    assert set(outcomes(it.journal).values()) == {("updated", None)}
    assert all(row.name.startswith("New ") for row in it.store.customers())


# -- deletions, as an undo sends them


def deletion(n, row):
    one = record(n)
    changes = tuple(
        FieldChange(field, getattr(one, field), None, "deleted")
        for field in ("name", "email", "phone")
    )
    return Operation(n, n, "delete", one, {}, customer_id=row.id, changes=changes)


def test_a_customer_is_deleted_only_unchanged_and_without_payments(state, clock):
    app = sandbox(clock=clock, seed_customers=1, payments_per_customer=1)
    paid = app.state.store.customers()[0]
    rows = [stored(app, n) for n in range(1, 4)]
    app.state.store.update_customer(rows[1], {"name": "Somebody Else"})
    app.state.store.delete_customer(rows[2])
    operations = [
        replace(deletion(0, paid), changes=()),
        *(deletion(n, row) for n, row in enumerate(rows, 1)),
    ]
    it = run(apply(state, app, clock, operations))
    assert outcomes(it.journal) == {
        0: ("review", "has_payments"),
        1: ("updated", "deleted"),
        2: ("review", "kept"),
        3: ("updated", "deleted"),
    }
    assert len(it.store.customers()) == 2


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("delete.drop_after=0.8", ("updated", "deleted")),
        ("delete.500_after=1", ("updated", "deleted")),
        ("delete.500=1", ("failed", "api_error")),
        ("delete.403=1", None),
    ],
)
def test_a_failing_deletion(state, clock, fault, outcome):
    app = sandbox(fault, clock=clock, seed=2)
    row = stored(app, 0)
    it = run(apply(state, app, clock, [deletion(0, row)]))
    if outcome is None:
        assert it.context.stop.error.exit_code == 5
        assert len(it.store.customers()) == 1
        return
    assert outcomes(it.journal) == {0: outcome}
    assert len(it.store.customers()) == (0 if outcome[0] == "updated" else 1)


def test_a_row_that_was_being_adopted_when_the_run_died_is_matched_again(state, clock):
    app = sandbox(clock=clock)
    row = stored(app, 5)

    async def play():
        async with world(state, app, clock) as it:
            from tests.apply.world import create

            operation = replace(create(5), attempted=True, customer_id=row.id)
            fresh = replace(create(6), attempted=True, customer_id="cus.gone")
            await it.engine.run(iter([operation, fresh]))
        return it

    it = asyncio.run(play())
    found = outcomes(it.journal)
    assert found[5][0] == "unchanged"
    assert found[6] == ("created", None)
    assert len(it.store.customers()) == 2
