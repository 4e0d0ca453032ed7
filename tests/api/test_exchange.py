"""What each answer, and each lost answer, is worth."""

import httpx
import pytest

from pipeline.api.errors import (
    InDoubt,
    NotFound,
    RefusedByApi,
    Unavailable,
    UnusableAnswer,
)
from pipeline.api.exchange import KEY_HINT
from pipeline.api.retry import RetryPolicy
from pipeline.errors import ApiUnreachableError, KeyRefusedError, SettingsError
from schemas.outcomes import ExitCode
from tests.api.fakes import KEY, Api, FastClock, answer, html, run

LISTED = answer(200, {"items": []})
CREATED = answer(201, {"customer": {"id": "c1"}})
ADA = {"email": "ada@example.com", "phone": "+237670000001"}


def create(client):
    return client.create_customer(ADA)


def listing(client):
    return client.customers()


async def list_then_list(client):
    await client.customers()
    return await client.customers()


NEVER_SENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("full"),
    httpx.ProxyError("407"),
]
LOST = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.WriteError("reset"),
    httpx.ReadError("reset"),
    httpx.CloseError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.LocalProtocolError("state"),
    httpx.DecodingError("gzip"),
]
LOST_ANSWERS = [
    answer(408, {}),
    answer(500, {"message": "Whoop's Application Error"}),
    answer(502, {}),
    answer(503, {}, retry_after=1),
    html(502),
    html(),
    httpx.Response(201, content=b'{"customer": {"id": "c'),
    httpx.Response(201, content=b""),
    httpx.Response(201, content=b"\xff\xfe{"),
    httpx.Response(201, content=b"[" * 200_000),
    answer(201, {"customer": {}}),
    answer(303, {}),
]


@pytest.mark.parametrize("lost", [*LOST, *LOST_ANSWERS], ids=repr)
def test_a_create_that_may_be_stored_is_in_doubt_at_once(lost):
    api = Api(lost, CREATED)
    with pytest.raises(InDoubt) as caught:
        run(api, create)
    assert len(api.requests) == 1
    assert caught.value.status == getattr(lost, "status_code", None)
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize(
    "refused", [*NEVER_SENT, answer(429, {}), answer(429, {}, retry_after=7)]
)
def test_a_create_that_was_certainly_not_stored_is_sent_again(refused):
    api = Api(refused, refused, CREATED)
    found, client = run(api, create)
    assert found.id == "c1"
    told = client.stats.as_dict()
    assert (told["requests"], told["retries"]) == (3, 2)
    assert told["throttled"] == (0 if isinstance(refused, Exception) else 2)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 422])
def test_a_refused_create_is_refused(status):
    body = {
        "code": str(status),
        "message": "Validation failed for ada@example.com",
        "errors": {"email": ["ada@example.com is taken"], "customer.phone": "bad"},
    }

    async def use(client):
        await client.customers()
        await client.create_customer(ADA)

    with pytest.raises(RefusedByApi) as caught:
        run(Api(LISTED, answer(status, body)), use)
    error = caught.value
    assert error.status == status
    assert error.errors == {"email": ["a…@… is taken"], "customer.phone": ["bad"]}
    assert str(error) == (
        f"the API refused it ({status}): Validation failed for a…@… - "
        "email: a…@… is taken - customer.phone: bad"
    )


@pytest.mark.parametrize("failure", [*NEVER_SENT, *LOST, *LOST_ANSWERS[:-1]], ids=repr)
def test_whatever_may_be_repeated_is_repeated(failure):
    async def use(client):
        await client.customers()
        await client.customer("c1")
        await client.update_customer("c1", {"name": "A"})

    ok = answer(200, {"customer": {"id": "c1"}})
    # An empty answer, or one without the customer, is a good one to an update.
    tolerated = failure in (LOST_ANSWERS[7], LOST_ANSWERS[10])
    api = Api(LISTED, failure, failure, ok, *([] if tolerated else [failure]), ok)
    _, client = run(api, use)
    assert client.stats.as_dict()["retries"] == (2 if tolerated else 3)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("use", [create, listing, lambda client: client.account()])
def test_a_refused_key_stops_at_once_and_is_not_shown(status, use):
    api = Api(answer(status, {"message": f"Invalid key {KEY}"}))
    with pytest.raises(KeyRefusedError) as caught:
        run(api, use)
    assert len(api.requests) == 1
    assert str(caught.value) == (
        f"`http://127.0.0.1:9` refuses the key ({status}): Invalid key …"
    )
    assert caught.value.hint == KEY_HINT
    assert caught.value.exit_code is ExitCode.CANNOT_START


def test_a_refused_key_without_a_word():
    with pytest.raises(KeyRefusedError, match=r"refuses the key \(403\)$"):
        run(Api(html(403)), listing)


def test_a_missing_record_is_told_from_a_wrong_address():
    with pytest.raises(NotFound, match="Customer not found"):
        run(
            Api(answer(404, {"message": "Customer not found"})),
            lambda c: c.customer("c1"),
        )
    with pytest.raises(UnusableAnswer, match=r"does not answer as the API.*HTML.*404"):
        run(Api(html(404)), listing)
    with pytest.raises(RefusedByApi):
        run(Api(LISTED, answer(404, {})), list_then_list)


def test_a_host_that_cannot_be_reached_is_one_clear_error_after_a_few_tries():
    api = Api(httpx.ConnectError("[Errno -2] Name or service not known"))
    with pytest.raises(ApiUnreachableError) as caught:
        run(api, listing)
    assert len(api.requests) == 3
    assert str(caught.value) == (
        "`http://127.0.0.1:9` cannot be reached: the connection never opened "
        "([Errno -2] Name or service not known)"
    )
    assert caught.value.hint


def test_a_server_that_answers_html_is_not_the_api():
    api = Api(html())
    with pytest.raises(UnusableAnswer) as caught:
        run(api, listing)
    assert str(caught.value) == (
        "`http://127.0.0.1:9` does not answer as the API: the answer is HTML, not JSON "
        "(status 200)"
    )
    assert "login page" in caught.value.hint


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://evil.example/customers", "evil.example"),
        ("/customers/", "127.0.0.1"),
        ("", "another address"),
    ],
)
def test_a_redirect_is_named_and_never_followed(location, host):
    api = Api(answer(302, {}, **({"location": location} if location else {})))
    with pytest.raises(UnusableAnswer, match="the key is not sent on") as caught:
        run(api, listing)
    assert f"to `{host}`" in str(caught.value)
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("failure", "tries"),
    [
        (answer(500, {}), 4),
        (html(), 4),
        (answer(503, {}), 10),
        (httpx.ReadError("x"), 10),
    ],
)
def test_a_request_that_keeps_failing_is_given_up_not_the_run(failure, tries):
    api = Api(LISTED, failure)
    with pytest.raises(Unavailable) as caught:
        run(api, list_then_list)
    assert len(api.requests) == 1 + tries
    assert caught.value.status == getattr(failure, "status_code", None)
    assert caught.value.__cause__ is not None


def test_waiting_as_told_is_no_try_and_the_wait_is_kept():
    clock = FastClock()
    api = Api(*[answer(503, {}, retry_after=100)] * 20, LISTED)
    _, client = run(api, listing, clock=clock)
    assert clock.at - 1_790_000_000 == pytest.approx(2000)
    assert client.stats.as_dict()["seconds_waited"] == pytest.approx(2000)
    assert client.stats.as_dict()["retries"] == 20


@pytest.mark.parametrize(
    ("told", "requests"),
    [
        (answer(429, {}, retry_after=1), 31),
        (answer(429, {}, retry_after=90_000), 1),
        (answer(503, {}, retry_after=90_000), 1),
    ],
)
def test_being_told_to_wait_is_not_borne_for_ever(told, requests):
    api = Api(told)
    with pytest.raises(Unavailable):
        run(api, create if told.status_code == 429 else listing)
    assert len(api.requests) == requests


def test_an_address_httpx_cannot_use_is_a_setting():
    with pytest.raises(SettingsError) as caught:
        run(
            Api(httpx.UnsupportedProtocol("Request URL has an unsupported protocol")),
            listing,
        )
    assert "NOTCHPAY_BASE_URL" in caught.value.hint


def test_half_a_surrogate_pair_becomes_text_that_can_be_written():
    content = rb'{"items": [{"id": "c1", "name": "A\ud83d\ude00B\ud83dC"}]}'
    page, _ = run(Api(httpx.Response(200, content=content)), listing)
    assert page.items[0].name == "A😀B?C"


@pytest.mark.parametrize("body", [{"items": ["x"]}, {"status": "OK"}, [], None])
def test_a_list_without_usable_rows_is_no_page(body):
    with pytest.raises(UnusableAnswer, match="lacks what was asked for"):
        run(Api(answer(200, body)), listing)


def test_many_at_once_stay_within_the_concurrency_over_several_clients():
    import asyncio

    running = most = 0

    async def app(request):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return answer(200, {"items": []})

    async def use(client):
        await asyncio.gather(*(client.customers(page) for page in range(1, 200)))

    _, client = run(app, use, concurrency=45)
    assert most <= 45
    assert client.stats.as_dict()["requests"] == 199


def test_first_tries_can_be_set():
    api = Api(answer(500, {}))
    with pytest.raises(UnusableAnswer):
        run(api, listing, policy=RetryPolicy(first_tries=1))
    assert len(api.requests) == 1
