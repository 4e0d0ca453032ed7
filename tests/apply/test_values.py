"""Breaker, stop and evidence: values without a world."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.apply.breaker import Breaker, is_outage
from pipeline.apply.evidence import Trace, came_since, has_key, looks_ours, unproven
from pipeline.apply.stop import Stop, Window
from pipeline.errors import UsageError
from pipeline.match.known import known
from schemas.api import Customer
from tests.apply.world import create


def fed(breaker, *statuses):
    for status in statuses:
        if status == 201:
            breaker.succeeded()
        else:
            breaker.failed(status)
    return breaker


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        ([500] * 24, None),
        ([500] * 25, "25 writes in a row failed"),
        ([500] * 24 + [201] + [500] * 24, None),
        ([422, 201] * 50, "50 of the last 100 writes failed (status 422)"),
        ([422, 201, 201] * 40, None),
        ([None, None, 201] * 40, None),
        (([None] * 9 + [201]) * 10, "90 of the last 100 writes failed (connection lost)"),
    ],
)  # fmt: skip
def test_breaker(statuses, reason):
    assert fed(Breaker(), *statuses).reason == reason


def test_a_streak_of_outages_pauses_and_opens_only_when_pauses_are_spent():
    breaker = Breaker(pauses=2)
    for _ in range(2):
        fed(breaker, *[503] * 25)
        assert breaker.is_paused
        assert breaker.reason is None
        breaker.resume()
    fed(breaker, *[None] * 25)
    assert not breaker.is_paused
    assert breaker.reason == "25 writes in a row failed"
    breaker.succeeded()
    assert breaker.reason is None
    assert breaker.paused == 0


def test_one_refusal_in_a_streak_of_outages_is_no_outage():
    breaker = fed(Breaker(), *[503] * 24, 500)
    assert not breaker.is_paused
    assert breaker.reason


@given(st.lists(st.sampled_from([201, 422, 500, 503, None]), max_size=300))
def test_a_breaker_is_never_open_while_it_pauses_for_a_streak(statuses):
    breaker = Breaker(window=1000)
    for status in statuses:
        fed(breaker, status)
        assert not (breaker.is_paused and breaker.reason)
        if status == 201:
            assert breaker.reason is None


@pytest.mark.parametrize(
    ("status", "outage"),
    [(None, True), (408, True), (502, True), (503, True), (504, True), (500, False),
     (422, False), (200, False)],
)  # fmt: skip
def test_is_outage(status, outage):
    assert is_outage(status) is outage


@pytest.mark.parametrize(
    ("text", "hour", "inside"),
    [("20:00-06:00", 23, True), ("20:00-06:00", 5, True), ("20:00-06:00", 6, False),
     ("08:00-18:00", 8, True), ("08:00-18:00", 18, False), ("08:00-18:00", 7, False)],
)  # fmt: skip
def test_window(text, hour, inside):
    window = Window.parse(text)
    assert window.holds(datetime(2026, 3, 1, hour, tzinfo=UTC)) is inside


@pytest.mark.parametrize("text", ["", "20:00", "25:00-06:00", "a-b", "1-2-3"])
def test_a_window_of_another_form_is_refused(text):
    with pytest.raises(UsageError):
        Window.parse(text)


def test_stop_says_why_first_reason_wins():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
    stop = Stop(deadline=noon, window=Window(time(8), time(18)))
    assert not stop.wanted(noon - 1)
    assert stop.wanted(noon)
    assert stop.reason == "max_duration"
    stop.by_signal(2)
    assert (stop.signal, stop.reason) == (2, "max_duration")
    night = Stop(window=Window(time(8), time(18)), timezone=ZoneInfo("Africa/Douala"))
    assert not night.wanted(noon)
    assert night.wanted(noon + 6 * 3600)
    assert night.reason == "window"


OURS = create(3)
SINCE = datetime(2026, 3, 1, tzinfo=UTC).timestamp()


def customer(**fields):
    made = {
        "id": "cus.1",
        "name": OURS.record.name,
        "email": "Client3@example.com",
        "phone": "670 00 00 03",
        "created_at": "2026-03-01T00:00:10Z",
        **fields,
    }
    return known(Customer(**made), "CM")


@pytest.mark.parametrize(
    ("metadata", "ours"),
    [({"import_key": "key000003"}, True), ({"import_key": "other"}, False),
     ({"city": "Douala"}, False), (None, None), ({}, None)],
)  # fmt: skip
def test_the_import_key_decides(metadata, ours):
    assert has_key(OURS, customer(metadata=metadata), "import_key") is ours


@pytest.mark.parametrize(
    ("fields", "ours"),
    [
        ({"phone": "+237670000003"}, True),
        ({"phone": "+237670000003", "name": "Somebody Else"}, False),
        ({"phone": "+237670000009"}, False),
        ({"phone": None}, False),
        ({"phone": "+237670000003", "created_at": "2026-02-28T23:50:00Z"}, False),
        ({"phone": "+237670000003", "created_at": "2026-02-28T23:56:00"}, True),
        ({"phone": "+237670000003", "created_at": None}, True),
        ({"phone": "+237670000003", "created_at": "last week"}, True),
    ],
)
def test_without_a_key_the_fields_and_the_time_decide(fields, ours):
    found = customer(metadata=None, **fields)
    trace = Trace(OURS, SINCE)
    assert looks_ours(trace, found) is ours
    keyless = Trace(replace(OURS, import_key=None), SINCE)
    assert unproven(keyless, [found], "import_key") == ((found,) if ours else ())


def test_with_a_key_everybody_with_the_contacts_is_read_whole():
    late = Trace(OURS, SINCE + 9000)  # our clock has jumped
    found = customer(metadata=None, phone="+237670000003")
    other = customer(metadata=None, phone="+237670000009")
    assert unproven(late, [found, other], "import_key") == (found,)


def test_came_since_allows_for_clocks_that_differ():
    assert came_since("2026-03-01T00:00:00Z", SINCE + 299)
    assert not came_since("2026-03-01T00:00:00Z", SINCE + 301)
