"""The engine against the sandbox in process: once each, whatever becomes of answers."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import BreakerOpenError, KeyRefusedError
from pipeline.sandbox.app import in_process
from pipeline.state.journal import Intent, Journal, Result, WriteState
from pipeline.state.store import open_state
from schemas.outcomes import Outcome
from tests.apply.world import (
    Refusing,
    create,
    hurried,
    outcomes,
    record,
    sandbox,
    world,
)
from tests.chaos.clock import ScaledClock

CREATED = ("created", None)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def apply(state, app, clock, operations, doubtful=(), **more):
    async with world(state, app, clock, **more) as it:
        await it.engine.run(iter(operations), doubtful)
    return it


def names(store):
    return sorted(row.email for row in store.customers())


def emails(count):
    return sorted(f"client{n}@example.com" for n in range(count))


FAULTS = (
    "create.drop_after", "create.drop_before", "create.500_after", "create.500",
    "create.502html_after", "create.503_after", "create.503", "create.429",
    "create.truncate", "create.garble", "create.read_timeout_commit", "create.read_timeout",
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_each_row_is_created_once_whatever_happens_to_the_answer(state, clock, fault):
    app = sandbox(f"{fault}=0.3", clock=clock, seed=3)
    it = run(apply(state, app, clock, [create(n) for n in range(30)]))
    assert set(outcomes(it.journal).values()) == {CREATED}
    assert names(it.store) == emails(30)
    ids = {w.customer_id for w in it.journal.writes()}
    assert ids == {row.id for row in it.store.customers()}
    assert it.context.stop.reason is None


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    rates=st.lists(st.sampled_from([0.0, 0.05, 0.15]), min_size=5, max_size=5),
    count=st.integers(1, 25),
    concurrency=st.integers(1, 8),
    key=st.booleans(),
)
def test_once_each_over_seeds_and_mixes(
    tmp_path_factory, seed, rates, count, concurrency, key
):
    named = zip(
        ("drop_after", "500_after", "429", "drop_before", "503_after"),
        rates,
        strict=True,
    )
    clock = hurried()
    app = sandbox(",".join(f"create.{n}={r}" for n, r in named), clock=clock, seed=seed)
    folder = tmp_path_factory.mktemp("state")
    operations = [create(n) for n in range(count)]
    if not key:
        operations = [keyless(o) for o in operations]
    with open_state(f"sqlite:///{folder}/state.db") as state:
        it = run(
            apply(
                state,
                app,
                clock,
                operations,
                concurrency=concurrency,
                key_name="import_key" if key else "",
            )
        )
    assert set(outcomes(it.journal).values()) == {CREATED}
    assert names(it.store) == emails(count)


def keyless(operation):
    from dataclasses import replace

    body = {k: v for k, v in operation.body.items() if k != "metadata"}
    return replace(operation, body=body, import_key=None)


@pytest.mark.parametrize(
    "dialect", ["list_metadata=no", "phone=integer", "search_lag=4"]
)
def test_other_dialects_settle_too(state, clock, dialect):
    app = sandbox("create.drop_after=0.4", dialect, clock=clock, seed=1)
    it = run(apply(state, app, clock, [create(n) for n in range(12)]))
    assert set(outcomes(it.journal).values()) == {CREATED}
    assert names(it.store) == emails(12)


def test_a_few_doubts_among_many_customers_are_searched_not_listed(state, clock):
    app = sandbox("create.drop_after=0.5", "search_lag=3", clock=clock, seed=2)
    for n in range(700):
        app.state.store.add_customer({"name": "Filler", "email": f"f{n}@example.org"})

    async def play():
        async with world(state, app, clock) as it:
            it.engine._settler.total = 700
            await it.engine.run(iter([create(n) for n in range(4)]))
        return it

    it = run(play())
    assert set(outcomes(it.journal).values()) == {CREATED}
    queries = [q for (_, path, q) in it.traffic.requests if path == "/customers" and q]
    assert queries
    assert all("search=" in q for q in queries)


def test_a_row_that_keeps_giving_500_is_set_aside_while_others_go_on(state, clock):
    app = sandbox(dialect="bad_phone=500", clock=clock)
    operations = [create(n) for n in range(20)]
    operations[7] = create(7, phone="12")
    it = run(apply(state, app, clock, operations))
    found = outcomes(it.journal)
    assert found.pop(7) == ("failed", "api_error")
    assert set(found.values()) == {CREATED}
    assert it.traffic.calls("POST") == 19 + it.context.policy.max_refusals


def test_a_long_streak_stops_the_run(state, clock):
    app = sandbox("create.500=1", clock=clock)
    it = run(apply(state, app, clock, [create(n) for n in range(200)]))
    assert isinstance(it.context.stop.error, BreakerOpenError)
    assert it.traffic.calls("POST") < 40
    assert not any(w.outcome for w in it.journal.writes())


def test_a_refused_key_stops_the_run_at_once(state, clock):
    app = sandbox(clock=clock, refused_keys=frozenset(["pk_test.x"]))
    it = run(apply(state, app, clock, [create(n) for n in range(50)]))
    assert isinstance(it.context.stop.error, KeyRefusedError)
    assert it.traffic.calls("POST") <= 8


@pytest.mark.parametrize("how", ["503", "drop"])
def test_an_outage_of_a_minute_is_outlasted(state, clock, how):
    app = sandbox(f"outage=0:60:{how}", clock=clock)
    it = run(apply(state, app, clock, [create(n) for n in range(60)]))
    assert it.context.stop.reason is None
    assert set(outcomes(it.journal).values()) == {CREATED}
    assert names(it.store) == emails(60)


def test_refused_connections_of_two_minutes_are_outlasted(state, clock):
    app = sandbox(clock=clock)
    transport = Refusing(in_process(app), clock, clock.time() + 120)
    it = run(
        apply(state, app, clock, [create(n) for n in range(20)], transport=transport)
    )
    assert it.context.stop.reason is None
    assert set(outcomes(it.journal).values()) == {CREATED}


def test_an_outage_without_end_stops_the_run(state):
    clock = hurried(400)
    app = sandbox("outage=0:999999", clock=clock)
    it = run(apply(state, app, clock, [create(n) for n in range(60)]))
    assert it.context.stop.error is not None
    assert it.context.stop.error.exit_code == 5
    assert not any(w.outcome for w in it.journal.writes())


def test_a_duplicate_that_the_api_refuses_is_matched_as_existing(state, clock):
    app = sandbox(dialect="duplicates=409", clock=clock)
    one = record(3)
    store = app.state.store
    store.add_customer({"name": one.name, "email": one.email, "phone": one.phone})
    store.add_customer({"name": "Other Person", "email": record(4).email})
    it = run(apply(state, app, clock, [create(n) for n in range(6)]))
    found = outcomes(it.journal)
    assert found.pop(3)[0] == "unchanged"
    assert found.pop(4) == ("failed", "api_duplicate")
    assert set(found.values()) == {CREATED}


@pytest.mark.parametrize("store_it", [True, False])
def test_a_doubt_of_an_earlier_run_is_looked_up_before_it_is_sent(
    state, clock, store_it
):
    from pipeline.apply.operation import Parked

    app = sandbox(clock=clock)
    operations = [create(n) for n in range(5)]
    if store_it:
        app.state.store.add_customer(dict(operations[2].body))
    rest = [o for o in operations if o.op != 2]

    async def play():
        async with world(state, app, clock) as it:
            keys = it.context.claim_keys(operations[2].record)
            it.journal.commit([Intent(2, 2, "create", keys=keys)])
            now = clock.time()
            doubt = Parked(operations[2], now, now, "interrupted", slow=True)
            await it.engine.run(iter(rest), [doubt])
        return it

    it = run(play())
    assert set(outcomes(it.journal).values()) == {CREATED}
    assert names(it.store) == emails(5)
    assert it.traffic.calls("POST") == (4 if store_it else 5)


# -- two runs at once


def test_two_runs_that_share_everybody_create_each_once_without_waiting_in_a_ring(
    state, clock
):
    app = sandbox("create.drop_after=0.2,create.500_after=0.1", clock=clock, seed=5)
    rows = [create(n) for n in range(24)]

    async def both():
        async with (
            world(state, app, clock, "run-1") as one,
            world(state, app, clock, "run-2") as two,
        ):
            await asyncio.gather(
                one.engine.run(iter(rows)), two.engine.run(iter(rows[::-1]))
            )
        return one, two

    one, two = run(both())
    assert names(one.store) == emails(24)
    first, second = outcomes(one.journal), outcomes(two.journal)
    for op in range(24):
        assert sorted((first[op][0], second[op][0])) == ["created", "unchanged"]


def test_a_claim_that_stays_open_gives_the_row_to_a_person(state, clock):
    app = sandbox(clock=clock)
    lease = state.acquire("acc", "other", "run-9")
    keys = (state.key_of("email", "client0@example.com"),)
    Journal(state, "acc", "run-9", lease).commit([Intent(0, 0, "create", keys=keys)])
    it = run(apply(state, app, clock, [create(0), create(1)], claim_wait=30.0))
    assert outcomes(it.journal) == {0: ("review", "claimed_elsewhere"), 1: CREATED}
    lease.release()


def test_a_dead_runs_claim_is_looked_up(state, clock):
    app = sandbox(clock=clock)
    lease = state.acquire("acc", "other", "run-9")
    keys = [(state.key_of("email", f"client{n}@example.com"),) for n in range(2)]
    Journal(state, "acc", "run-9", lease).commit(
        [Intent(n, n, "create", keys=keys[n]) for n in range(2)]
    )
    lease.release()
    one = record(0)
    app.state.store.add_customer(
        {"name": one.name, "email": one.email, "phone": one.phone}
    )
    it = run(apply(state, app, clock, [create(0), create(1)]))
    assert outcomes(it.journal)[0][0] == "unchanged"
    assert outcomes(it.journal)[1] == CREATED


def test_a_keyless_doubt_does_not_take_what_another_run_made(state, clock):
    from pipeline.apply.operation import Parked

    app = sandbox(clock=clock)
    mine = keyless(create(0))

    async def play():
        async with world(state, app, clock, key_name="") as it:
            keys = it.context.claim_keys(mine.record)
            it.journal.commit([Intent(0, 0, "create", keys=keys)])
            theirs = app.state.store.add_customer(dict(mine.body))
            lease = state.acquire("acc", "other", "run-9")
            other = Journal(state, "acc", "run-9", lease)
            other.commit([Intent(0, 0, "create", keys=keys, known=("run-1",))])
            assert not list(other.writes())  # run-1 lives, so its claim stands
            it.journal.commit([], [Result(0, WriteState.REFUSED)])
            other.commit([Intent(0, 0, "create", keys=keys)])
            other.commit(
                [], [Result(0, WriteState.ACKNOWLEDGED, Outcome.CREATED, theirs.id)]
            )
            lease.release()
            now = clock.time()
            await it.engine.run(iter(()), [Parked(mine, now, now, "cut off")])
        return it

    it = run(play())
    assert outcomes(it.journal)[0][0] == "unchanged"
    assert names(it.store) == emails(1)


# -- stopping


def test_a_stop_leaves_the_rest_alone_and_lets_what_is_sent_end(state, clock):
    app = sandbox(clock=clock)

    async def play():
        async with world(state, app, clock) as it:

            def operations():
                for n in range(100):
                    if n == 40:
                        it.context.stop.by_signal(15)
                    yield create(n)

            await it.engine.run(operations())
        return it

    it = run(play())
    assert it.context.stop.signal == 15
    assert not it.journal.unsettled()
    assert set(outcomes(it.journal).values()) == {CREATED}
    assert 40 <= len(it.store.customers()) <= 49


@pytest.mark.parametrize("where", ["create", "list"])
def test_a_long_retry_after_does_not_outlast_the_grace(state, where):
    clock = ScaledClock(60)
    spec = {"create": "create.429=1:600", "list": "create.drop_after=1,list.429=1:600"}
    app = sandbox(spec[where], clock=clock)

    async def play():
        async with world(state, app, clock) as it:

            async def told():
                await clock.sleep(30)
                it.context.stop.by_signal(2)

            began = clock.time()
            await asyncio.gather(
                it.engine.run(iter([create(n) for n in range(8)])), told()
            )
        return it, clock.time() - began

    it, seconds = run(play())
    assert it.context.stop.signal == 2
    assert seconds < 30 + 20 + 30
    assert not any(w.outcome for w in it.journal.writes())
