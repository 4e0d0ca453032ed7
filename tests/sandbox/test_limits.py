"""The fixed window and its headers."""

import pytest

from pipeline.sandbox import Dialect, Rate, SpecError
from pipeline.sandbox.limits import FixedWindow, rate_headers, retry_after_header


def test_a_window_begins_with_its_first_request_and_refusals_cost_nothing(clock):
    window = FixedWindow(Rate(2, 10.0), clock)
    assert [window.take("a").remaining for _ in range(2)] == [1, 0]
    clock.now += 9.5
    refused = window.take("a")
    assert (refused.allowed, refused.remaining, refused.retry_after) == (False, 0, 1)
    clock.now += 0.5
    assert window.take("a").allowed


def test_keys_do_not_share_a_window(clock):
    window = FixedWindow(Rate(1, 10.0), clock)
    assert window.take("a").allowed
    assert window.take("b").allowed
    assert not window.take("a").allowed


def test_headers_say_where_the_key_stands(clock):
    window = FixedWindow(Rate(1, 60.0), clock)
    headers = dict(rate_headers(window.take("a"), Dialect()))
    assert headers == {
        b"x-ratelimit-limit": b"1",
        b"x-ratelimit-remaining": b"0",
        b"x-ratelimit-reset": b"1790000061",
    }


def test_headers_only_when_throttled(clock):
    said = Dialect(rate_headers="throttled")
    window = FixedWindow(Rate(1, 60.0), clock)
    assert rate_headers(window.take("a"), said) == []
    assert len(rate_headers(window.take("a"), said)) == 3


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("seconds", [(b"retry-after", b"30")]),
        ("date", [(b"retry-after", b"Mon, 21 Sep 2026 14:13:51 GMT")]),
        ("off", []),
    ],
)
def test_retry_after_has_three_forms(clock, form, header):
    assert retry_after_header(30, clock(), Dialect(retry_after=form)) == header


@pytest.mark.parametrize(
    ("spec", "rate"),
    [("100/60", Rate(100, 60.0)), ("3/0.5", Rate(3, 0.5)), ("off", None)],
)
def test_a_rate_is_n_per_seconds(spec, rate):
    assert Rate.parse(spec) == rate


@pytest.mark.parametrize("spec", ["100", "0/60", "a/60", "100/0", "100/x", "²/60"])
def test_other_rates_are_refused(spec):
    with pytest.raises(SpecError, match="`--rate`"):
        Rate.parse(spec)
