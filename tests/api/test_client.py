"""Every endpoint in every known dialect."""

import httpx
import pytest

from pipeline.api.errors import NotFound, RefusedByApi, Unavailable
from schemas.api import Account, Customer
from tests.api.fakes import KEY, Api, answer, html, run

ADA = {"id": "cus.test_Ada1", "name": "Ada", "phone": 237670000001}
ADA_READ = Customer("cus.test_Ada1", name="Ada", phone="237670000001")
PAID = {"reference": "trx.1", "amount": 5000}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"env": "sandbox", "merchant": "Shop"}, Account("Shop", "test")),
        (
            {"env": "LIVE", "merchant": {"id": "m.1", "name": "S"}},
            Account("m.1", "live"),
        ),
        ({"data": {"env": "live", "merchant": {"name": "S"}}}, Account("S", "live")),
        ({"greeting": "Hello", "env": "mars"}, Account(None, "test")),
        (["odd"], Account(None, "test")),
        (None, Account(None, "test")),
    ],
)
def test_account_is_read_from_any_form(body, expected):
    found, client = run(Api(answer(200, body)), lambda client: client.account())
    assert found == expected
    assert client.stats.as_dict()["by_operation"]["other"] == 1


@pytest.mark.parametrize(
    "odd",
    [
        answer(404, {}),
        answer(405, {}),
        html(),
        html(404),
        answer(302, {}),
        answer(500, {}),
    ],
)
def test_an_api_that_does_not_tell_the_account_is_no_error(odd):
    found, _ = run(Api(odd), lambda client: client.account())
    assert found == Account(None, "test")


def test_account_after_something_worked_survives_a_server_error():
    async def use(client):
        await client.customers()
        return await client.account()

    api = Api(answer(200, {"items": []}), answer(500, {}))
    assert run(api, use)[0] == Account(None, "test")


def test_account_does_not_hide_that_the_api_is_gone():
    async def use(client):
        await client.customers()
        return await client.account()

    with pytest.raises(Unavailable):
        run(Api(answer(200, {"items": []}), httpx.ReadError("reset")), use)


@pytest.mark.parametrize("key", ["items", "payments", "customers", "data"])
def test_a_list_stands_under_any_known_name(key):
    body = {key: [ADA], "totals": "51", "last_page": 6.0, "current_page": 1}
    page, _ = run(Api(answer(200, body)), lambda client: client.customers(limit=9))
    assert list(page.items) == [ADA_READ]
    assert (page.totals, page.last_page, page.current_page) == (51, 6, 1)


def test_a_row_without_id_is_left_out():
    page, _ = run(
        Api(answer(200, {"items": [{"name": "?"}, ADA]})),
        lambda client: client.customers(),
    )
    assert list(page.items) == [ADA_READ]


def test_paging_and_search_are_sent_encoded_with_the_raw_key():
    async def use(client):
        await client.customers()
        await client.customers(3, 500, "+237 67&a=é")

    api = Api(answer(200, {"items": []}))
    _, client = run(api, use, sync="sync.1")
    assert api.lines == [
        "GET /customers?limit=100&page=1",
        "GET /customers?limit=100&page=3&search=%2B237%2067%26a%3D%C3%A9",
    ]
    headers = api.requests[0].headers
    assert (headers["authorization"], headers["x-sync"]) == (KEY, "sync.1")
    assert "content-type" not in headers
    operations = client.stats.as_dict()["by_operation"]
    assert (operations["list"], operations["search"]) == (1, 1)


def test_a_path_in_the_base_url_is_kept():
    api = Api(answer(200, {"items": []}))
    run(api, lambda client: client.customers(), base_url="http://localhost:9/v1/")
    assert api.lines == ["GET /v1/customers?limit=100&page=1"]


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "body",
    [
        {"customer": ADA, "code": "200"},
        {"data": ADA},
        {"object": ADA},
        ADA,
        {"customer": [], "data": ADA},
    ],
)
def test_a_customer_stands_under_any_known_name(status, body):
    found, _ = run(Api(answer(status, body)), lambda client: client.customer("cus.1"))
    assert (found.id, found.name, found.phone) == (
        "cus.test_Ada1",
        "Ada",
        "237670000001",
    )


@pytest.mark.parametrize(
    ("customer_id", "path"),
    [
        ("cus.test_Ada1", "/customers/cus.test_Ada1"),
        ("a/b?c#d%e é", "/customers/a%2Fb%3Fc%23d%25e%20%C3%A9"),
        ("../x", "/customers/..%2Fx"),
    ],
)
def test_an_id_is_one_segment_of_the_path(customer_id, path):
    api = Api(answer(200, {"customer": ADA}))
    run(api, lambda client: client.customer(customer_id))
    assert api.lines == [f"GET {path}"]


@pytest.mark.parametrize("customer_id", ["", ".", ".."])
def test_an_id_that_would_leave_the_path_is_not_sent(customer_id):
    api = Api(answer(200, {}))
    with pytest.raises(NotFound):
        run(api, lambda client: client.customer(customer_id))
    assert api.requests == []


def test_create_sends_json_once():
    api = Api(answer(201, {"customer": ADA}))
    body = {"name": "Chloé", "phone": "+237670000001", "metadata": {"a": "1"}}
    found, _ = run(api, lambda client: client.create_customer(body))
    assert found.id == "cus.test_Ada1"
    assert api.bodies == [body]
    assert api.requests[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "told",
    [
        answer(200, {"customer": ADA}),
        answer(202, {"customer": []}),
        answer(200, {"status": "OK"}),
        answer(204),
    ],
)
def test_an_update_may_answer_without_the_customer(told):
    found, _ = run(
        Api(told), lambda client: client.update_customer("cus.test_Ada1", {"name": "A"})
    )
    assert found.id == "cus.test_Ada1"


def only(method, otherwise):
    def app(request):
        if request.method == method:
            return answer(200, {"customer": ADA})
        return answer(otherwise, {"message": "no"})

    return app


@pytest.mark.parametrize("refusal", [405, 404])
def test_an_api_that_wants_put_gets_it_from_then_on(refusal):
    async def use(client):
        for _ in range(3):
            await client.update_customer("c1", {"name": "A"})

    api = Api(only("PUT", refusal))
    run(api, use)
    assert [sent.method for sent in api.requests] == ["POST", "PUT", "PUT", "PUT"]


def test_a_missing_customer_is_tried_with_put_only_until_post_has_worked():
    async def use(client):
        for _ in range(2):
            with pytest.raises(NotFound):
                await client.update_customer("gone", {"name": "A"})
        await client.update_customer("c1", {"name": "A"})
        with pytest.raises(NotFound):
            await client.update_customer("gone", {"name": "A"})

    def app(request):
        return answer(404 if "gone" in request.url.path else 200, {})

    api = Api(app)
    run(api, use)
    assert [sent.method for sent in api.requests] == [
        "POST", "PUT", "POST", "PUT", "POST", "POST",
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "sent"), [("post", "POST"), ("put", "PUT")])
def test_a_set_method_is_the_only_one(method, sent):
    api = Api(answer(405, {"message": "no"}))
    with pytest.raises(RefusedByApi) as caught:
        run(api, lambda client: client.update_customer("c1", {}), update_method=method)
    assert caught.value.status == 405
    assert [each.method for each in api.requests] == [sent]


def test_another_refusal_of_an_update_is_not_tried_with_put():
    api = Api(answer(422, {"message": "Validation failed"}))
    with pytest.raises(RefusedByApi):
        run(api, lambda client: client.update_customer("c1", {}))
    assert len(api.requests) == 1


@pytest.mark.parametrize("told", [answer(202, {"customer": []}), answer(204)])
def test_delete_ignores_the_body(told):
    api = Api(told)
    run(api, lambda client: client.delete_customer("c1"))
    assert api.lines == ["DELETE /customers/c1"]


def test_delete_of_a_missing_customer_is_told():
    with pytest.raises(NotFound):
        run(Api(answer(404, {})), lambda client: client.delete_customer("c1"))


def test_payments_take_every_filter():
    api = Api(answer(200, {"items": [PAID], "totals": 1}))
    page, client = run(
        api,
        lambda client: client.payments(
            2,
            50,
            status="complete",
            search="a b",
            date_start="2026-01-01",
            date_end="2026-01-31",
        ),
    )
    assert list(page.items) == [PAID]
    assert api.lines == [
        (
            "GET /payments?limit=50&page=2&status=complete&search=a%20b"
            "&date_start=2026-01-01&date_end=2026-01-31"
        )
    ]
    assert client.stats.as_dict()["by_operation"]["payments"] == 1


def test_plain_dates_that_are_refused_become_moments_from_then_on():
    def app(request):
        plain = request.url.params.get("date_end") == "2026-01-31"
        return answer(422, {}) if plain else answer(200, {"items": []})

    async def use(client):
        for _ in range(2):
            await client.payments(date_start="2026-01-01", date_end="2026-01-31")

    api = Api(app)
    run(api, use)
    moments = "date_start=2026-01-01T00%3A00%3A00Z&date_end=2026-01-31T23%3A59%3A59Z"
    assert [line.partition("page=1&")[2] for line in api.lines] == [
        "date_start=2026-01-01&date_end=2026-01-31", moments, moments,
    ]  # fmt: skip


def test_a_422_that_is_not_about_the_dates_is_raised():
    for options in ({}, {"date_start": "2026-01-01"}):
        with pytest.raises(RefusedByApi):
            run(
                Api(answer(422, {})),
                lambda client, given=options: client.payments(**given),
            )
    with pytest.raises(RefusedByApi) as caught:
        run(Api(answer(400, {})), lambda client: client.payments(date_end="2026-01-01"))
    assert caught.value.status == 400


def test_payments_of_a_customer():
    api = Api(answer(200, {"payments": [PAID, "odd"]}))
    page, _ = run(api, lambda client: client.customer_payments("c/1", status="failed"))
    assert list(page.items) == [PAID, "odd"]  # the export counts what is no object
    assert api.lines == ["GET /customers/c%2F1/payments?limit=100&page=1&status=failed"]
    with pytest.raises(NotFound):
        run(Api(answer(404, {})), lambda client: client.customer_payments("c1"))
