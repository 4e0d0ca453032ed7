"""The independent server does what its options say."""

from collections import Counter

import httpx
import pytest

from tests.servers.odd import OddServer

KEY = {"Authorization": "pk_test.x"}
ANN = {"name": "Ann", "email": "ann@example.com", "phone": "+237670000001"}


@pytest.fixture
def talk():
    """Return a maker of (server, client) pairs."""
    open_ones = []

    def make(**options):
        server = OddServer(**options).__enter__()
        client = httpx.Client(base_url=server.url, headers=KEY)
        open_ones.append((server, client))
        return server, client

    yield make
    for server, client in open_ones:
        client.close()
        server.__exit__()


def test_a_customer_from_create_to_delete(talk):
    server, client = talk()
    made = client.post("/customers", json=ANN)
    assert (made.status_code, made.json()["customer"]["metadata"]) == (201, {})
    place = f"/customers/{made.json()['customer']['id']}"
    assert client.put(place, json={"metadata": {"k": 1}}).json()["customer"][
        "metadata"
    ] == {"k": 1}
    assert client.get(place).json()["customer"]["email"] == ANN["email"]
    assert client.put(place, json={}).status_code == 422
    assert client.delete(place).json()["message"] == "Customer deleted"
    assert client.get(place).status_code == 404
    assert server.customers == {}
    assert server.operations() == {"create": 1, "update": 2, "get": 2, "delete": 1}
    assert server.count("PUT", place) == 2
    assert server.count("", "/customers*") == 6


@pytest.mark.parametrize(
    ("said", "codes"), [("put", [200, 405]), ("post", [405, 200]), ("both", [200, 200])]
)
def test_update_methods(talk, said, codes):
    _, client = talk(update=said, customers=[{"id": "c", **ANN}])
    answers = [
        client.request(m, "/customers/c", json={"name": "B"}) for m in ("PUT", "POST")
    ]
    assert [a.status_code for a in answers] == codes
    assert all(
        said.upper() in a.headers["allow"] for a in answers if a.status_code == 405
    )


def test_an_odd_dialect_all_at_once(talk):
    _, client = talk(
        create_code=202, ok_code=202, code_text=True, message=False, phone="integer", empty_metadata=[],
        object_key="data", payments_key="items", customers=[{"id": "c", **ANN}],
        payments=[{"reference": "trx.1", "customer": {"id": "c"}, "status": "complete", "created_at": "2026-01-01T00:00:00Z"}],
    )  # fmt: skip
    one = client.get("/customers/c")
    assert (one.status_code, one.json()["code"], "message" in one.json()) == (
        202,
        "202",
        False,
    )
    assert (one.json()["data"]["phone"], one.json()["data"]["metadata"]) == (
        237670000001,
        [],
    )
    assert client.post("/customers", json={"email": "b@example.com"}).status_code == 202
    assert (
        client.get("/customers/c/payments").json()["items"][0]["reference"] == "trx.1"
    )


def test_short_list_rows_without_counts_and_objects_in_the_root(talk):
    _, client = talk(
        list_metadata=False,
        counts=False,
        object_key=None,
        phone="digits",
        customers=[{"id": "c", **ANN}],
    )
    page = client.get("/customers").json()
    assert set(page["items"][0]) == {"id", "name", "email", "phone", "created_at"}
    assert "totals" not in page
    assert client.get("/customers/c").json()["phone"] == "237670000001"


def test_pages_and_order(talk):
    people = [{"id": f"c{i}", "email": f"c{i}@example.com"} for i in range(5)]
    for order, first in (("newest", ["c4", "c3"]), ("oldest", ["c0", "c1"])):
        _, client = talk(customers=people, order=order)
        page = client.get("/customers?limit=2").json()
        assert [r["id"] for r in page["items"]] == first
        assert (page["totals"], page["last_page"], page["selected"]) == (5, 3, 2)
        assert client.get("/customers?limit=2&page=4").json()["items"] == []
        assert (
            client.get("/customers?page=x").status_code
            == client.get("/customers?page=0").status_code
            == 422
        )


def test_payments_and_their_filters(talk):
    rows = [
        {"reference": f"trx.{i}", "customer": "c" if i % 2 else None, "status": "failed" if i == 3 else "complete",
         "created_at": f"2026-01-0{i + 1}T12:00:00Z"} for i in range(5)
    ]  # fmt: skip

    def found(client, query):
        body = client.get(query).json()
        return [
            int(r["reference"][-1]) for r in body.get("items", body.get("payments"))
        ]

    _, client = talk(payments=rows, customers=[{"id": "c"}])
    assert found(client, "/payments") == [4, 3, 2, 1, 0]
    assert found(client, "/payments?limit=2&page=3") == [0]
    assert found(client, "/payments?status=failed") == [3]
    assert found(client, "/payments?date_start=2026-01-02&date_end=2026-01-03") == [
        2,
        1,
    ]
    assert found(client, "/customers/c/payments") == [3, 1]
    _, client = talk(payments=rows, order="oldest", iso_dates=True)
    assert found(client, "/payments?limit=2") == [0, 1]
    assert client.get("/payments?date_start=2026-01-02").status_code == 422
    _, client = talk(has_payments=False, root=False)
    assert [client.get(p).status_code for p in ("/payments", "/")] == [404, 404]


@pytest.mark.parametrize(
    ("options", "hits"),
    [
        (
            {},
            {"ann": 1, "+237670000001": 1, "237670000001": 1, "670000001": 1, "zz": 0},
        ),
        ({"search": "exact"}, {"ann": 1, "an": 0, "ann@example.com": 1}),
        ({"search": "none"}, {"zz": 1}),
        (
            {"search_phone": "plus", "search": "exact"},
            {"+237670000001": 1, "237670000001": 0},
        ),
        ({"search_phone": "digits"}, {"+237670000001": 0, "237670000001": 1}),
    ],
)
def test_search(talk, options, hits):
    _, client = talk(customers=[ANN], **options)
    assert {
        q: client.get("/customers", params={"search": q}).json()["totals"] for q in hits
    } == hits


def test_a_slow_index_knows_the_first_customers_only(talk):
    _, client = talk(customers=[ANN], search_lag=3600)
    client.post("/customers", json={"name": "Ann", "email": "b@example.com"})
    assert client.get("/customers?search=ann").json()["totals"] == 1
    assert client.get("/customers").json()["totals"] == 2


@pytest.mark.parametrize("status", [409, 422])
def test_duplicates(talk, status):
    _, client = talk(customers=[ANN], duplicates=status)
    assert (
        client.post("/customers", json={"phone": "237 670 000 001"}).status_code
        == status
    )
    assert client.post("/customers", json={"email": "b@example.com"}).status_code == 201


@pytest.mark.parametrize("status", [422, 500])
def test_bad_phones(talk, status):
    _, client = talk(bad_phone=status)
    assert client.post("/customers", json={"phone": "670000001"}).status_code == status


def test_bad_bodies_and_keys(talk):
    _, client = talk(keys_refused=("no",))
    assert (
        client.post("/customers", content=b"{").status_code
        == client.post("/customers", content=b"1").status_code
        == 400
    )
    assert client.post("/customers", json={"name": "x"}).status_code == 422
    assert client.get("/nowhere").status_code == 404
    assert client.get("/", headers={"Authorization": "no"}).status_code == 401
    assert client.get("/").json()["merchant"] == "Odd Shop"


def test_the_rate(talk):
    server, client = talk(rate=(2, 3600))
    answers = [client.get("/customers") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert [a.headers["x-ratelimit-remaining"] for a in answers] == ["1", "0", "0"]
    assert 3500 < int(answers[2].headers["retry-after"]) <= 3600
    assert server.log[-1].status == 429


MIX = {"commit_drop": 0.1, "commit_500": 0.1, "429": 0.1, "drop": 0.1}


def test_the_fault_mix_commits_what_it_says_and_is_repeatable(talk):
    def run(seed, order):
        server, client = talk(faults=MIX, seed=seed)
        ends = Counter()
        for i in order:
            try:
                ends[
                    client.post(
                        "/customers", json={"email": f"c{i}@example.com"}
                    ).status_code
                ] += 1
            except (httpx.RemoteProtocolError, httpx.ReadError):
                ends["lost"] += 1
        met = Counter(seen.fault for seen in server.log)
        assert ends[201] + met["commit_drop"] + met["commit_500"] == len(
            server.customers
        )
        assert (ends[500], ends[429], ends["lost"]) == (
            met["commit_500"],
            met["429"],
            met["commit_drop"] + met["drop"],
        )
        return met

    first = run(1, range(200))
    assert set(first) == {"", *MIX}
    assert run(1, range(199, -1, -1)) == first
    assert run(2, range(200)) != first


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("truncate", httpx.RemoteProtocolError),
        ("commit_truncate", httpx.RemoteProtocolError),
        ("hang", httpx.ReadTimeout),
        ("commit_hang", httpx.ReadTimeout),
    ],
)
def test_faults_that_lose_the_answer(talk, fault, error):
    server, client = talk(faults={fault: 1})
    with pytest.raises(error):
        client.post("/customers", json=ANN, timeout=0.2)
    assert len(server.customers) == (fault != "hang")


def test_faults_with_html_and_on_other_operations(talk):
    _server, client = talk(faults={"502html": 1}, faults_on=("list",))
    answer = client.get("/customers")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert client.post("/customers", json=ANN).status_code == 201
    _, client = talk(faults={"commit_503": 1}, faults_on=("all",))
    assert client.get("/payments").status_code == 503


def test_lists_that_drift(talk):
    people = [{"id": f"c{i}"} for i in range(3)]
    _server, client = talk(customers=people, drift={"insert": 1.0})
    assert [client.get("/customers").json()["totals"] for _ in range(2)] == [4, 5]
    assert client.get("/payments").json()["totals"] == 1
    _server, client = talk(
        customers=people, payments=[{"reference": "trx.1"}], drift={"delete": 1.0}
    )
    assert [client.get("/customers").json()["totals"] for _ in range(4)] == [2, 1, 0, 0]
    assert [client.get("/payments").json()["totals"] for _ in range(2)] == [0, 0]


def test_a_delay_and_an_unknown_option(talk):
    _, client = talk(delay=0.01)
    assert client.get("/customers").status_code == 200
    with pytest.raises(AssertionError, match="no such option: upate"):
        OddServer(upate="put")
