"""Configuration, masks, headers, counters, shapes: tables."""

import httpx
import pytest

from pipeline.api.config import ApiConfig
from pipeline.api.errors import RefusedByApi, said_by, scrub
from pipeline.api.governor import Rate, Slot, Told
from pipeline.api.headers import reset_in, retry_after, told_by
from pipeline.api.stats import OPERATIONS, ApiStats
from pipeline.api.transport import FOREIGN, LOSSES, Loss, loss_of, make_clients
from pipeline.api.window import Reading
from pipeline.errors import SettingsError
from schemas.api import guess_env, parse_customer, rows_of, text, whole
from tests.api.fakes import KEY

NOW = 1_790_000_000.0  # Mon, 21 Sep 2026 14:13:20 GMT


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://api.notchpay.co", "https://api.notchpay.co"),
        (" https://api.notchpay.co/ ", "https://api.notchpay.co"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:80/v1/", "http://[::1]:80/v1"),
        ("http://LOCALHOST:1", "http://LOCALHOST:1"),
    ],
)
def test_a_base_url_that_is_taken(url, kept):
    config = ApiConfig(url, KEY)
    assert config.base_url == kept
    assert config.is_loopback is ("notchpay" not in url)
    assert KEY not in repr(config)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://api.notchpay.co", "plain http to `api.notchpay.co`"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://10.0.0.1", "plain http"),
        ("ftp://api.notchpay.co", "not an address"),
        ("api.notchpay.co", "not an address"),
        ("https://", "not an address"),
        ("https://ada:secret@api.notchpay.co", "not an address"),
        ("https://api.notchpay.co?x=1", "not an address"),
        ("https://api.notchpay.co#x", "not an address"),
        ("https://api.notchpay.co:99999", "not an address"),
        ("https://[::1", "not an address"),
        ("https://api notchpay.co", "not an address"),
        ("https://api.notchpay.co/\x7fx", "not an address"),
    ],
)
def test_a_base_url_that_is_refused(url, message):
    with pytest.raises(SettingsError, match=message) as caught:
        ApiConfig(url, KEY)
    assert "secret" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("key", ["", "pk test", "pk\ntest", "pk_é"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key):
    for options in ({"key": key}, {"key": KEY, "sync": key}):
        with pytest.raises(SettingsError) as caught:
            ApiConfig("https://api.notchpay.co", **options)
        assert not key or key not in str(caught.value)


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"timeout": 0}])
def test_limits_of_the_client_are_above_zero(options):
    with pytest.raises(SettingsError):
        ApiConfig("https://api.notchpay.co", KEY, **options)


@pytest.mark.parametrize("concurrency", [1, 8])
def test_each_request_on_its_way_has_a_client(concurrency):
    made = make_clients(ApiConfig("http://localhost:1", KEY, concurrency=concurrency))
    assert len(made) == concurrency
    assert {client.follow_redirects for client in made} == {False}


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/60", Rate(100, 60.0)),
        (" 5/0.5", Rate(5, 0.5)),
        ("off", None),
        ("OFF ", None),
    ],
)
def test_a_rate_is_requests_in_seconds(text, rate):
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text", ["", "100", "0/60", "-1/2", "100/0", "1/inf", "1/nan", "a/b", "1.5/2"]
)
def test_a_rate_that_is_none_is_refused(text):
    with pytest.raises(SettingsError, match="is not understood"):
        Rate.parse(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Email ada@example.com\n is  taken", "Email a…@… is taken"),
        ("phone +237 670-00.00 01 bad", "phone +237…01 bad"),
        ("key pk_test.abcdefgh is wrong", "key … is wrong"),
        ("key sk.live123 is wrong", "key … is wrong"),
        ("code 422, 30 seconds", "code 422, 30 seconds"),
        ("x" * 400, "x" * 299 + "…"),
    ],
)
def test_what_a_server_wrote_is_shown_without_persons(text, shown):
    assert scrub(text) == shown


def test_a_key_of_any_form_is_not_shown():
    assert scrub("bad key hunter2!", "hunter2") == "bad key …!"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, ("", {})),
        ([], ("", {})),
        ({"message": 5, "errors": []}, ("", {})),
        (
            {"message": "No", "errors": {"a": ["x", 5], "b": "y"}},
            ("No", {"a": ["x", "5"], "b": ["y"]}),
        ),
    ],
)
def test_an_error_body_of_any_form_is_read(body, said):
    assert said_by(body) == said


def test_a_refusal_without_a_word_says_so():
    assert str(RefusedByApi(422)) == "the API refused it (422): no reason"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:50 GMT"}, 30),
        ({"retry-after": "Mon, 21 Sep 2026 14:13:10 GMT"}, 0),
        ({"retry-after": "Mon, 21 Sep 99999 14:13:10 GMT"}, None),
        # Our clock is an hour wrong: the server's own counts.
        (
            {
                "retry-after": "Mon, 21 Sep 2026 15:13:50 GMT",
                "date": "Mon, 21 Sep 2026 15:13:20 GMT",
            },
            30,
        ),
        (
            {
                "retry-after": "Mon, 21 Sep 2026 14:13:50 GMT",
                "date": "Mon, 21 Sep 2026 14:13:21 GMT",
            },
            30,
        ),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, seconds):
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None), ("x", None), (f"{NOW + 30:.0f}", 30), (f"{(NOW + 30) * 1000:.0f}", 30),
        ("45", 45), ("1620000000", None), (f"{NOW + 90_000:.0f}", None), ("0", None),
    ],
)  # fmt: skip
def test_a_reset_is_an_epoch_second_or_a_span(value, seconds):
    headers = {} if value is None else {"x-ratelimit-reset": value}
    assert reset_in(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (200, {}, None),
        (200, {"x-ratelimit-limit": "100"}, None),
        (200, {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0"}, None),
        (200, {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "-1"}, None),
        (
            200,
            {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "98"},
            Told(5.0, reading=Reading(7, 5.0, 100, 98)),
        ),
        (429, {}, Told(5.0, throttled=True)),
        (429, {"retry-after": "9"}, Told(5.0, throttled=True, retry_after=9)),
        (429, {"retry-after": "0"}, Told(5.0, throttled=True)),
        (429, {"retry-after": "999999"}, Told(5.0, throttled=True)),
        (429, {"x-ratelimit-reset": "4"}, Told(5.0, throttled=True, reset_in=4)),
    ],
)
def test_what_an_answer_tells_the_pace(status, headers, told):
    assert told_by(Slot(7, 5.0), status, headers, NOW) == told


def every_exception_of_httpx():
    found = [each for each in vars(httpx).values() if isinstance(each, type)]
    return [each for each in found if issubclass(each, Exception)]


@pytest.mark.parametrize(
    "kind", every_exception_of_httpx(), ids=lambda kind: kind.__name__
)
def test_every_exception_of_httpx_is_caught_and_mapped(kind):
    assert issubclass(kind, FOREIGN)
    error = kind.__new__(kind)
    assert loss_of(error) in Loss
    assert any(kind is each or issubclass(kind, each) for each, _ in LOSSES)


def test_only_what_never_left_counts_as_never_sent():
    certain = {kind for kind, loss in LOSSES if loss is Loss.NEVER_SENT}
    assert certain == {
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.PoolTimeout,
        httpx.ProxyError,
    }


def test_stats_are_the_api_object_of_the_summary():
    stats = ApiStats()
    stats.sent("create")
    stats.sent("create")
    stats.sent("other")
    stats.throttled()
    stats.retried()
    stats.waited(1.23456)
    assert stats.as_dict() == {
        "requests": 3,
        "by_operation": dict.fromkeys(OPERATIONS, 0) | {"create": 2, "other": 1},
        "throttled": 1,
        "retries": 1,
        "seconds_waited": 1.235,
    }


@pytest.mark.parametrize(
    ("key", "env"),
    [
        ("pk_test_123", "test"), ("pk_test.abc", "test"), ("test_abc", "test"),
        ("sb.abc", "test"), ("pk.abc", "live"), ("b.abc", "live"),
        ("live_abc", "live"), ("something", "unknown"), ("protest_x", "unknown"),
    ],
)  # fmt: skip
def test_the_form_of_a_key_suggests_its_environment(key, env):
    assert guess_env(key) == env


@pytest.mark.parametrize("raw", [None, [], {"id": ""}, {"id": True}, {"name": "Ada"}])
def test_a_customer_without_an_id_is_none(raw):
    assert parse_customer(raw) is None


@pytest.mark.parametrize(
    ("raw", "metadata"),
    [
        ({}, None), ({"metadata": []}, {}), ({"metadata": None}, {}),
        ({"metadata": {"a": 30}}, {"a": 30}), ({"meta": {"b": 1}}, {"b": 1}),
    ],
)  # fmt: skip
def test_metadata_is_read_under_both_names(raw, metadata):
    assert parse_customer({"id": 7, **raw}).metadata == metadata
    assert parse_customer({"id": 7, **raw}).id == "7"


def test_unknown_fields_of_a_customer_are_kept():
    found = parse_customer({"id": "c", "name": 1.0, "phone": 1.5, "blocked": False})
    assert (found.name, found.phone, found.extra) == ("1", "1.5", {"blocked": False})


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        (5.0, 5),
        (5.5, None),
        (" 5 ", 5),
        ("x", None),
        (True, None),
        (None, None),
    ],
)
def test_a_count_is_read_from_any_form(value, number):
    assert whole(value) == number


@pytest.mark.parametrize(
    ("value", "said"), [([], None), ("", None), (2, "2"), (False, None)]
)
def test_only_a_scalar_is_text(value, said):
    assert text(value) == said


def test_a_list_that_is_the_root_is_no_page():
    assert rows_of([1]) is None
