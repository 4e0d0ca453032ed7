"""Pace arithmetic: tables for the rules, a simulated server for what they add up to."""

import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.api.governor import (
    TARGET,
    Allowance,
    PaceState,
    Rate,
    Slot,
    Told,
    factor,
    observe,
    own_spacing,
    reserve,
)
from pipeline.api.window import Reading, Window
from tests.api.world import World

NOW = 1_790_000_000.0
RATE = Rate(100, 2.0)
FULL = Allowance(RATE)
SPACING = 2.0 / (100 * TARGET)
USED = PaceState(next_at=NOW - 100, granted=50, seen_at=NOW - 1)


def times(slots):
    return [round(slot.at - NOW, 4) for slot in slots]


def spaced(count, first=0.0, spacing=SPACING):
    return [round(first + turn * spacing, 4) for turn in range(count)]


def window(**changes):
    plain = Window(
        limit=100, cap=100, told_at=NOW, last=100, opening=100, began_at=NOW - 1
    )
    return dataclasses.replace(plain, **changes)


# --- slots --------------------------------------------------------------------------


def test_the_bucket_of_a_new_key_is_empty():
    state, slots = reserve(PaceState(), NOW, FULL, 4)
    assert times(slots) == spaced(4, SPACING)
    assert [slot.number for slot in slots] == [1, 2, 3, 4]
    assert state.granted == 4


def test_idle_time_is_not_saved_up():
    _, slots = reserve(USED, NOW, FULL, 4)
    assert times(slots) == spaced(4)


def test_slots_go_on_where_the_last_ended():
    state, first = reserve(USED, NOW, FULL, 2)
    _, second = reserve(state, NOW + SPACING / 2, FULL, 2)
    assert times([*first, *second]) == spaced(4)


def test_a_share_of_the_rate_is_spaced_wider():
    _, slots = reserve(USED, NOW, Allowance(RATE, share=0.25), 3)
    assert times(slots) == spaced(3, 0, 4 * SPACING)


def test_without_a_rate_everything_goes_at_once():
    allowance = Allowance(None)
    state, slots = reserve(PaceState(), NOW, allowance, 3)
    assert slots == (Slot(1, NOW), Slot(2, NOW), Slot(3, NOW))
    assert own_spacing(state, NOW, allowance) == 0


def test_lost_time_is_caught_up_by_a_burst_only_where_headers_guard():
    guarded = dataclasses.replace(USED, window=window(cap=150))
    _, slots = reserve(guarded, NOW, Allowance(RATE, burst=4), 6)
    assert times(slots) == [0, 0, 0, 0, *spaced(2, SPACING)]


# --- pauses -------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [RATE, None])
def test_a_429_pauses_every_request(rate):
    allowance = Allowance(rate)
    told = Told(NOW - 1, throttled=True, retry_after=30, ago=0.5)
    state = observe(USED, NOW, told, allowance)
    _, slots = reserve(state, NOW, allowance, 2)
    assert slots[0].at == NOW + 29.5
    assert slots[1].at >= slots[0].at


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"retry_after": 9, "reset_in": 4}, 9),
        ({"reset_in": 4}, 4),
        ({}, 0.5),
    ],
)
def test_how_long_a_429_pauses(told, seconds):
    state = observe(USED, NOW, Told(NOW, throttled=True, **told), FULL)
    assert state.paused_until == NOW + seconds


def test_pauses_without_a_word_double_up_to_a_minute():
    state, pauses = USED, []
    for turn in range(10):
        now = NOW + 1000 * turn
        state = observe(state, now, Told(now, throttled=True), FULL)
        pauses.append(state.paused_until - now)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 64, 64, 64]


def test_a_shorter_pause_does_not_cut_a_longer_one():
    state = observe(USED, NOW, Told(NOW, throttled=True, retry_after=60), FULL)
    state = observe(state, NOW, Told(NOW, throttled=True, retry_after=1), FULL)
    assert state.paused_until == NOW + 60


def test_requests_under_way_lower_the_pace_once_and_time_heals_it():
    state = USED
    for _ in range(5):
        state = observe(
            state, NOW, Told(NOW - 0.1, throttled=True, retry_after=1), FULL
        )
    assert factor(state, NOW + 1, RATE) == pytest.approx(0.8)
    assert factor(state, NOW + 2, RATE) == pytest.approx(0.9)
    assert factor(state, NOW + 99, RATE) == 1
    assert own_spacing(state, NOW + 1, FULL) == pytest.approx(SPACING / 0.8)


def test_the_pace_never_falls_below_a_tenth():
    state = USED
    for turn in range(50):
        now = NOW + turn / 1000
        state = observe(state, now, Told(now, throttled=True, retry_after=1), FULL)
    assert state.factor == 0.1


def test_only_an_answer_sent_after_the_pause_ends_the_strikes():
    state = observe(USED, NOW, Told(NOW, throttled=True), FULL)
    assert observe(state, NOW + 1, Told(NOW - 1), FULL).strikes == 1
    assert observe(state, NOW + 1, Told(NOW + 0.9), FULL).strikes == 0


# --- clocks and storage -------------------------------------------------------------


def test_a_clock_that_is_set_back_keeps_nobody_waiting():
    full = PaceState(
        next_at=NOW + 1, granted=7, seen_at=NOW, paused_until=NOW + 5, throttled_at=NOW - 1,
        factor=0.8, factor_at=NOW + 5, window=window(reset_at=NOW + 1),
    )  # fmt: skip
    then = NOW - 3600
    state, slots = reserve(full, then, FULL, 1)
    assert slots[0].at == then + 5
    assert state.window.told_at == then
    assert state.window.began_at - then == pytest.approx(1)  # the next one


@pytest.mark.parametrize("began_at", [None, NOW])
def test_a_new_key_survives_a_clock_that_is_set_back(began_at):
    fresh = PaceState(seen_at=NOW, window=window(began_at=began_at))
    _, slots = reserve(fresh, NOW - 3600, FULL, 1)
    assert slots[0].at == pytest.approx(NOW - 3600 + SPACING)


def test_a_little_step_back_is_no_jump():
    state, _ = reserve(USED, NOW, FULL, 1)
    later, _ = reserve(state, NOW - 1, FULL, 1)
    assert later.seen_at == NOW


def test_what_headers_said_is_forgotten_after_two_windows():
    state = dataclasses.replace(USED, window=window(told_at=NOW - 4.1, others=50))
    assert reserve(state, NOW, FULL, 1)[0].window is None
    fresh = dataclasses.replace(USED, window=window(told_at=NOW - 3.9))
    assert reserve(fresh, NOW, FULL, 1)[0].window is not None
    assert reserve(state, NOW, Allowance(None), 1)[0].window is not None


@pytest.mark.parametrize(
    "state", [PaceState(), USED, dataclasses.replace(USED, window=window())]
)
def test_a_state_is_plain_json_and_of_any_version(state):
    raw = json.loads(json.dumps(state.as_dict()))
    assert PaceState.from_dict(raw) == state
    raw["future"] = 1
    if raw["window"]:
        raw["window"]["future"] = 1
    assert PaceState.from_dict(raw) == state


# --- what it adds up to -------------------------------------------------------------

SEEDS = range(3)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "trouble",
    [
        {},
        {"late": 0.01, "stall": 0.1},
        {"headers": False},
        {"headers": False, "late": 0.01, "stall": 0.05},
        {"floating": True},
        {"floating": True, "late": 0.01, "stall": 0.05},
        {"tasks": 32},
        {"tasks": 32, "late": 0.01, "stall": 0.1},
        {"latency": 0.05, "tasks": 24},
    ],
    ids=str,
)
def test_a_fixed_window_is_used_up_without_a_429(trouble, seed):
    world = World(seed=seed, **trouble).run(1200)
    assert world.refused == 0
    assert world.used_share > 0.95


@pytest.mark.parametrize("seed", SEEDS)
def test_long_windows_with_slow_answers_are_used_up_too(seed):
    world = World(seed=seed, seconds=60.0, latency=1.8, tasks=8).run(500)
    assert (world.refused, world.used_share > 0.95) == (0, True)


@pytest.mark.parametrize("seed", SEEDS)
def test_long_stalls_cost_little(seed):
    world = World(seed=seed, late=0.003, stall=0.4).run(1200)
    assert world.refused <= 2
    assert world.used_share > 0.94


@pytest.mark.parametrize("seed", SEEDS)
def test_live_traffic_goes_first(seed):
    world = World(seed=seed, others=15.0).run(800)
    seconds = world.arrivals[-1] - world.sent[0]
    assert world.others_refused <= 0.04 * 15 * seconds
    # 30 of 100 are theirs: we take most of what they leave, and no more.
    assert 0.5 < world.used_share < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_that_allows_less_than_we_were_told_slows_us_down(seed):
    world = World(seed=seed, rate=Rate(150, 2.0)).run(800)
    assert world.refused <= 4
    assert world.used_share > 0.6


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_without_headers_that_allows_less_is_found_out(seed):
    world = World(seed=seed, rate=Rate(150, 2.0), headers=False).run(800)
    assert world.refused <= 80
    assert world.used_share > 0.4


def test_headers_never_raise_the_pace():
    world = World(requests=100, rate=Rate(60, 2.0)).run(300)
    assert world.used_share == pytest.approx(0.6 * TARGET, abs=0.01)


def test_a_daily_quota_does_not_spread_an_import_over_the_day():
    quota = window(
        limit=10_000, cap=9_000, opening=9_000, last=9_000, reset_at=NOW + 40_000
    )
    state = dataclasses.replace(USED, window=quota)
    _, slots = reserve(state, NOW, Allowance(RATE, burst=1), 3)
    assert times(slots) == spaced(3)


def test_a_spent_quota_waits_for_its_reset():
    spent = window(limit=10_000, cap=50, reset_at=NOW + 40_000)
    _, slots = reserve(dataclasses.replace(USED, window=spent), NOW, FULL, 1)
    assert slots[0].at == NOW + 40_000


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 5),
            st.integers(1, 4),
            st.booleans(),
            st.integers(0, 200),
            st.sampled_from((None, 0.5, 3.0)),
        ),
        max_size=40,
    ),
    st.sampled_from(
        (Rate(100, 2.0), Rate(100, 60.0), Rate(1, 1.0), Rate(5000, 1.0), None)
    ),
)
def test_whatever_is_told_slots_stay_ordered_and_in_their_pace(turns, rate):
    allowance = Allowance(rate, burst=8)
    state, now, sent = PaceState(), NOW, []
    for step, count, throttled, remaining, wait in turns:
        now += step
        state, slots = reserve(state, now, allowance, count)
        assert all(slot.at >= max(now, state.paused_until) for slot in slots)
        sent += slots
        reading = Reading(slots[0].number, slots[0].at, 100, remaining, wait)
        told = Told(slots[0].at, throttled, wait if throttled else None, wait, reading)
        state = observe(state, now, told, allowance)
    assert [slot.number for slot in sent] == list(range(1, len(sent) + 1))
    if rate is not None:
        # In any time no more than the rate and one burst.
        for first, last in zip(sent, sent[20:], strict=False):
            least = (20 - allowance.burst) * rate.seconds / rate.requests
            assert last.at - first.at >= least - 1e-6
