"""What the API answers, dialect by dialect."""

import json

import httpx
import pytest

from tests.sandbox.rows import payment

ANN = {"name": "Ann Example", "email": "ann@example.com", "phone": "+237670000001"}


# -- keys


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "API key is missing"),
        ("Bearer pk_test.x", "Invalid API key"),
        ("pk_test.stolen", "Invalid API key"),
    ],
)
def test_a_key_that_is_refused_gets_401(sandbox, key, message):
    one = sandbox(refused_keys=frozenset(("pk_test.stolen",)))
    answer = one.send("GET", "/customers", headers={"Authorization": key})
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "status": "Unauthorized", "message": message}


@pytest.mark.parametrize(
    ("key", "env"),
    [("pk_test.x", "test"), ("sb.x", "test"), ("test_x", "test"), ("pk.x", "live"), ("latest", "live")],
)  # fmt: skip
def test_the_root_tells_whose_key_it_is(sandbox, key, env):
    told = sandbox().send("GET", "/", headers={"Authorization": key}).json()
    assert (told["env"], told["greeting"], told["code"]) == (
        env,
        "Hello from Notch Pay",
        200,
    )
    assert told["merchant"]


# -- customers


def test_a_customer_from_create_to_delete(sandbox, clock):
    one = sandbox(clock=clock)
    made = one.create(**ANN, metadata={"city": "Kribi"})
    assert made.status_code == 201
    body = made.json()
    customer = body.pop("customer")
    assert body == {
        "code": 201,
        "status": "Created",
        "message": "Customer created successfully",
    }
    place = f"/customers/{customer.pop('id')}"
    assert customer == {
        **ANN,
        "company_name": None,
        "tax_number": None,
        "metadata": {"city": "Kribi"},
        "created_at": "2026-09-21T14:13:20.250000Z",
        "updated_at": "2026-09-21T14:13:20.250000Z",
    }
    clock.now += 60
    changed = one.send("PUT", place, json={"name": "Ann B", "metadata": {"k": 1}})
    assert changed.status_code == 200
    now = changed.json()["customer"]
    assert (now["name"], now["email"], now["metadata"]) == (
        "Ann B",
        ANN["email"],
        {"k": 1},
    )
    assert now["updated_at"] == "2026-09-21T14:14:20.250000Z"
    assert one.get(place).json()["customer"] == now
    gone = one.send("DELETE", place)
    assert (gone.status_code, gone.json()["customer"]) == (202, [])
    assert one.get(place).status_code == one.send("DELETE", place).status_code == 404


def test_null_and_empty_text_empty_a_field(sandbox):
    one = sandbox()
    place = f"/customers/{one.create(**ANN).json()['customer']['id']}"
    now = one.send("POST", place, json={"name": None, "phone": ""}).json()["customer"]
    assert (now["name"], now["phone"], now["email"]) == (None, None, ANN["email"])
    last = one.send("POST", place, json={"email": None})
    assert (last.status_code, set(last.json()["errors"])) == (422, {"email", "phone"})


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": "Only"}, {"email", "phone"}),
        ({}, {"email", "phone"}),
        ({"email": "no at"}, {"email"}),
        ({"email": "a@" + "b" * 240 + ".example"}, {"email"}),
        ({"email": "a@example.com", "name": "n" * 129}, {"name"}),
        ({"phone": 237670000001}, {"phone"}),
        ({"email": "a@example.com", "name": ["x"]}, {"name"}),
        ({"email": "a@example.com", "metadata": "x"}, {"metadata"}),
        ({"email": "a@example.com", "address": "x"}, {"address"}),
        ({"email": "a@example.com", "address": {"city": 1}}, {"address.city"}),
    ],
)
def test_a_bad_create_is_422_with_errors_by_field(sandbox, fields, errors):
    one = sandbox("lengths=422")
    answer = one.create(**fields)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, errors)
    assert answer.json()["message"] == "Validation failed"
    assert one.store.customers() == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b'{"name": "\\ud800"}', b"[" * 100_000, b'{"email": 1e999'],
)  # fmt: skip
def test_what_is_no_json_is_400(sandbox, body):
    answer = sandbox().send("POST", "/customers", content=body)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Invalid JSON payload",
    )


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"'])
def test_json_that_is_no_object_is_400(sandbox, body):
    answer = sandbox().send("POST", "/customers", content=body)
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Invalid request parameters",
    )


def test_a_body_that_is_too_long_is_413(sandbox):
    answer = sandbox().send("POST", "/customers", content=b" " * (1 << 21))
    assert answer.status_code == 413


def test_lengths_are_not_checked_by_default(sandbox):
    assert sandbox().create(email="a@example.com", name="n" * 500).status_code == 201


def test_an_address_can_be_emptied(sandbox):
    one = sandbox("fields=oas")
    place = f"/customers/{one.create(**ANN, address={'city': 'Kribi'}).json()['customer']['id']}"
    assert (
        one.send("PUT", place, json={"address": None}).json()["customer"]["address"]
        is None
    )


def test_many_filters_in_a_row(sandbox):
    one = sandbox()
    one.store.add_payments([payment(n, status=f"s{n}") for n in range(40)])
    found = [one.get("/payments", status=f"s{n}").json()["totals"] for n in range(40)]
    assert found == [1] * 40


def test_requests_need_not_be_recorded(sandbox):
    one = sandbox(record=False)
    assert (one.get("/").status_code, one.traffic.calls()) == (200, 0)


def test_an_empty_update_is_422(sandbox):
    one = sandbox()
    place = f"/customers/{one.create(**ANN).json()['customer']['id']}"
    assert one.send("PUT", place, json={}).status_code == 422
    assert one.send("PUT", place, json={"unknown": 1}).status_code == 422


def test_lists_have_the_envelope_and_default_to_thirty(sandbox):
    one = sandbox(seed_customers=65)
    page = one.get("/customers", page=3).json()
    rows = page.pop("items")
    assert page == {
        "code": 200, "status": "OK", "message": "Customers retrieved",
        "totals": 65, "last_page": 3, "current_page": 3, "selected": 5,
    }  # fmt: skip
    assert len(rows) == 5
    assert one.get("/customers", page=4).json()["items"] == []
    assert one.get("/customers", page=999999999).json()["items"] == []
    assert one.get("/customers", limit=500).json()["selected"] == 65


@pytest.mark.parametrize(
    ("params", "dialect", "status"),
    [
        ({"limit": "0"}, "", 422),
        ({"limit": "-1"}, "", 422),
        ({"limit": "x"}, "", 422),
        ({"limit": "٣"}, "", 422),
        ({"limit": "9" * 30}, "", 422),
        ({"limit": "101"}, "", 200),
        ({"limit": "101"}, "limit_over=422", 422),
        ({"page": "0"}, "", 422),
        ({"page": "0"}, "page_zero=empty", 200),
        ({"page": "1.5"}, "", 422),
        ({"search": "\0'\"%_*"}, "", 200),
        ({"search": "%_"}, "search=exact", 200),
    ],
)
def test_queries_are_checked(sandbox, params, dialect, status):
    answer = sandbox(dialect, seed_customers=3).get("/customers", **params)
    assert answer.status_code == status
    assert "items" in answer.json() or answer.json()["errors"]


def test_page_zero_is_empty_where_the_dialect_says_so(sandbox):
    page = sandbox("page_zero=empty", seed_customers=3).get("/customers", page=0).json()
    assert (page["items"], page["totals"], page["current_page"]) == ([], 3, 0)


def test_search_by_phone_needs_the_plus_encoded(sandbox):
    one = sandbox()
    one.create(**ANN)
    assert one.send("GET", "/customers?search=%2B237670000001").json()["totals"] == 1
    assert one.send("GET", "/customers?search=+237670000001").json()["totals"] == 1
    assert one.get("/customers", search="ann example").json()["totals"] == 1


def test_unknown_paths_and_methods(sandbox):
    one = sandbox()
    assert one.get("/nowhere").json() == {
        "code": 404,
        "status": "Not Found",
        "message": "Not Found",
    }
    assert one.get("/customers/").status_code == 404
    wrong = one.send("PATCH", "/customers")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, POST")
    assert wrong.json()["status"] == "Method Not Allowed"


def test_payment_methods_and_blocks(sandbox):
    one = sandbox("fields=oas")
    place = f"/customers/{one.create(**ANN).json()['customer']['id']}"
    mail_only = one.create(email="x@example.com").json()["customer"]["id"]
    methods = one.get(f"{place}/payment_methods").json()["items"]
    assert [m["phone"] for m in methods] == [ANN["phone"]]
    assert one.get(f"/customers/{mail_only}/payment_methods").json()["items"] == []
    blocked = one.send("POST", f"{place}/block")
    assert (blocked.status_code, blocked.json()["customer"]["blocked"]) == (202, True)
    assert one.send("POST", f"{place}/unblock").json()["customer"]["blocked"] is False


# -- dialects of customers


@pytest.mark.parametrize(
    ("said", "put", "post", "allow"),
    [
        ("both", 200, 200, ""),
        ("put", 200, 405, "DELETE, GET, HEAD, PUT"),
        ("post", 405, 200, "DELETE, GET, HEAD, POST"),
    ],
)
def test_update_methods(sandbox, said, put, post, allow):
    one = sandbox(f"update={said}")
    place = f"/customers/{one.create(**ANN).json()['customer']['id']}"
    answers = [one.send(m, place, json={"name": "B"}) for m in ("PUT", "POST")]
    assert [a.status_code for a in answers] == [put, post]
    assert {a.headers["allow"] for a in answers if a.status_code == 405} == (
        {allow} if allow else set()
    )


@pytest.mark.parametrize(
    ("said", "codes"),
    [("mix", [200, 200, 202, 202]), ("ok", [200] * 4), ("oas", [202] * 4)],
)
def test_success_codes(sandbox, said, codes):
    one = sandbox(f"success={said}")
    place = f"/customers/{one.create(**ANN).json()['customer']['id']}"
    answers = [
        one.get(place),
        one.send("PUT", place, json={"name": "B"}),
        one.send("POST", f"{place}/block"),
        one.send("DELETE", place),
    ]
    got = [a.status_code for a in answers]
    assert got == [codes[0], codes[1], codes[3], codes[2]]
    assert [a.json()["code"] for a in answers] == got


@pytest.mark.parametrize("key", ["customer", "data", "object"])
def test_object_keys(sandbox, key):
    made = sandbox(f"object_key={key}").create(**ANN).json()
    assert made[key]["email"] == ANN["email"]


def test_an_object_in_the_root(sandbox):
    made = sandbox("object_key=root").create(**ANN).json()
    assert (made["email"], made["code"]) == (ANN["email"], 201)


@pytest.mark.parametrize(
    ("said", "sent", "shown"),
    [
        ("plus", "+237670000001", "+237670000001"),
        ("plus", "670 00 00 01", "670 00 00 01"),
        ("digits", "+237670000001", "237670000001"),
        ("integer", "+237670000001", 237670000001),
        ("integer", "670 00", "670 00"),
    ],
)
def test_phones(sandbox, said, sent, shown):
    one = sandbox(f"phone={said}")
    assert one.create(phone=sent).json()["customer"]["phone"] == shown
    assert one.get("/customers").json()["items"][0]["phone"] == shown


@pytest.mark.parametrize(
    ("said", "shown"), [("object", {}), ("array", []), ("null", None)]
)
def test_empty_metadata(sandbox, said, shown):
    one = sandbox(f"empty_metadata={said}")
    assert one.create(**ANN, metadata=[]).json()["customer"]["metadata"] == shown
    assert one.create(**ANN, metadata={"k": 1}).json()["customer"]["metadata"] == {
        "k": 1
    }


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        ("", {"id", "name", "email", "phone", "company_name", "tax_number", "metadata", "created_at", "updated_at"}),
        ("fields=docs", {"id", "name", "email", "phone", "metadata", "created_at", "updated_at"}),
        ("fields=oas", {"id", "name", "email", "phone", "company_name", "address", "blocked", "created_at", "updated_at"}),
        ("list_metadata=no", {"id", "name", "email", "phone", "created_at"}),
    ],
)  # fmt: skip
def test_fields_of_list_rows(sandbox, dialect, names):
    one = sandbox(dialect)
    made = one.create(**ANN, address={"city": "Kribi", "street": "lost"}).json()[
        "customer"
    ]
    assert set(one.get("/customers").json()["items"][0]) == names
    if "address" in made:
        assert made["address"] == {"city": "Kribi"}
    if dialect == "list_metadata=no":
        assert made["metadata"] == {}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("seconds", "2026-09-21T14:13:20Z"),
        ("milliseconds", "2026-09-21T14:13:20.250Z"),
        ("microseconds", "2026-09-21T14:13:20.250000Z"),
    ],
)
def test_timestamps(sandbox, clock, said, shown):
    made = sandbox(f"timestamps={said}", clock=clock).create(**ANN)
    assert made.json()["customer"]["created_at"] == shown


@pytest.mark.parametrize(
    ("said", "status"), [("allow", 201), ("409", 409), ("422", 422)]
)
def test_duplicates(sandbox, said, status):
    one = sandbox(f"duplicates={said}")
    first = one.create(**ANN).json()["customer"]["id"]
    by_phone = one.create(phone="237 670 000 001")
    by_email = one.create(email="ANN@example.com ".strip())
    assert (by_phone.status_code, by_email.status_code) == (status, status)
    if status == 422:
        assert set(by_phone.json()["errors"]) == {"phone"}
        assert set(by_email.json()["errors"]) == {"email"}
    assert one.send("PUT", f"/customers/{first}", json=ANN).status_code == 200


@pytest.mark.parametrize(
    ("said", "status"), [("accept", 201), ("422", 422), ("500", 500)]
)
def test_bad_phones(sandbox, said, status):
    one = sandbox(f"bad_phone={said}")
    answer = one.create(name="x", phone="670000000")
    assert answer.status_code == status
    if status == 500:
        assert answer.json()["message"].startswith("Whoop's")
    assert one.create(phone="+237670000000").status_code == 201


def test_codes_as_text_and_errors_without_message(sandbox):
    one = sandbox("code=text,error_message=no")
    assert one.create(**ANN).json()["code"] == "201"
    assert one.get("/nowhere").json() == {"code": "404", "status": "Not Found"}


def test_addresses_in_lower_case(sandbox):
    made = sandbox("email=lower").create(email="Ann@Example.com")
    assert made.json()["customer"]["email"] == "ann@example.com"


def test_what_a_dialect_lacks_is_404(sandbox):
    one = sandbox("payments=absent,root=absent,block=absent", seed_customers=1)
    place = f"/customers/{one.store.customers()[0].id}"
    assert [one.get(p).status_code for p in ("/", "/payments")] == [404, 404]
    assert one.send("POST", f"{place}/block").status_code == 404
    assert one.get(f"{place}/payments").status_code == 200


def test_deletion_without_a_customer(sandbox):
    one = sandbox("delete_body=none")
    place = f"/customers/{one.create(**ANN).json()['customer']['id']}"
    assert "customer" not in one.send("DELETE", place).json()


@pytest.mark.parametrize(("said", "first"), [("newest", "c2"), ("oldest", "c0")])
def test_order(sandbox, said, first):
    one = sandbox(f"order={said}")
    for i in range(3):
        one.create(name=f"c{i}", email=f"c{i}@example.com")
    assert one.get("/customers").json()["items"][0]["name"] == first
    assert one.get("/customers", search="example").json()["items"][0]["name"] == first


# -- payments


def test_payments_of_a_customer(sandbox):
    one = sandbox(seed_customers=2)
    mine = one.store.customers()[0].id
    rows = [
        payment(n, customer=mine, status="complete" if n % 2 else "failed")
        for n in range(5)
    ]
    one.store.add_payments([*rows, payment(9)])
    page = one.get(f"/customers/{mine}/payments", limit=3).json()
    assert (page["totals"], page["last_page"], page["selected"]) == (5, 2, 3)
    assert page["message"] == "Customer payments retrieved"
    failed = one.get(f"/customers/{mine}/payments", status="failed").json()["payments"]
    assert [p["reference"] for p in failed] == [
        "trx.test_4",
        "trx.test_2",
        "trx.test_0",
    ]
    assert one.get("/customers/cus.nobody/payments").status_code == 404
    one.send("DELETE", f"/customers/{mine}")
    assert one.get("/payments").json()["totals"] == 6


def test_customer_payments_under_items(sandbox):
    one = sandbox("payments_key=items", seed_customers=1, payments_per_customer=2)
    page = one.get(f"/customers/{one.store.customers()[0].id}/payments").json()
    assert len(page["items"]) == 2


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, [3, 2, 1, 0]),
        ({"status": "failed"}, [1]),
        ({"channels": "cm.orange,card"}, [3, 2]),
        ({"search": "order-3"}, [3]),
        ({"search": "test_1"}, [1]),
        ({"date_start": "2026-02-01"}, [3, 2]),
        ({"date_end": "2026-01-31"}, [1, 0]),
        ({"date_start": "2026-01-31", "date_end": "2026-02-01"}, [2, 1]),
        ({"date_start": "2026-02-01T00:00:00Z", "status": "complete"}, [3, 2]),
        ({"date_start": "2026-02-01T01:00:00+01:00"}, [3, 2]),
        ({"date_end": "2026-02-01T00:00:00"}, [2, 1, 0]),
    ],
)
def test_filters_of_payments(sandbox, params, found):
    one = sandbox()
    one.store.add_payments(
        [
            payment(0, created_us=1_767_225_600_000_000),  # 2026-01-01
            payment(
                1, created_us=1_769_901_000_000_000, status="failed"
            ),  # 01-31 23:10
            payment(2, created_us=1_769_904_000_000_000, channel="card"),  # 02-01
            payment(3, created_us=1_772_323_200_000_000, channel="cm.orange"),  # 03-01
        ]
    )
    rows = one.get("/payments", **params).json()["items"]
    assert [int(p["reference"][-1]) for p in rows] == found


@pytest.mark.parametrize(
    ("date", "dialect", "status"),
    [
        ("2026-02-01", "", 200),
        ("2026-02-01", "dates=iso", 422),
        ("2026-02-01T00:00:00Z", "dates=iso", 200),
        ("2026-02-30", "", 422),
        ("yesterday", "", 422),
        ("", "", 422),
        ("0001-01-01T00:00:00+23:59", "", 200),
        ("9999-12-31", "", 200),
    ],
)
def test_dates_are_checked(sandbox, date, dialect, status):
    answer = sandbox(dialect).get("/payments", date_end=date)
    assert answer.status_code == status


def test_the_shapes_of_a_payment(sandbox):
    seen = {}
    for year in ("2026", "2024", "docs"):
        one = sandbox(f"payment_rows={year}")
        one.store.add_payments(
            [payment(1, completed_us=1_767_225_700_000_000), payment(2)]
        )
        seen[year] = one.get("/payments").json()["items"]
    live = seen["2026"][1]
    assert (live["reference"], live["merchant_reference"], live["sandbox"]) == (
        "trx.test_1",
        "order-1",
        0,
    )
    assert (live["fees"], live["charge"]) == ([], "business")
    assert live["amounts"] == {
        "total": 1000,
        "converted": 1000,
        "currency": "XAF",
        "rate": 1,
    }
    assert (live["completed_at"], seen["2026"][0]["completed_at"]) == (
        "2026-01-01T00:01:40.000000Z",
        None,
    )
    old = seen["2024"][1]
    assert (old["sandbox"], old["fee"], old["geo"], old["amount_total"]) == (
        False,
        20,
        "203.0.113.7",
        1000,
    )
    docs = seen["docs"]
    assert (docs[1]["reference"], docs[1]["id"][:4]) == ("order-1", "pay_")
    assert ("completed_at" in docs[1], "completed_at" in docs[0]) == (True, False)


def test_one_payment_by_reference(sandbox):
    one = sandbox()
    one.store.add_payments([payment(1)])
    assert one.get("/payments/trx.test_1").json()["transaction"]["amount"] == 1000
    assert one.get("/payments/order-1").json()["message"] == "Payment not found"


# -- the gate


def test_the_rate_is_kept_and_told(sandbox, clock):
    one = sandbox(rate="2/60", clock=clock)
    answers = [one.get("/customers") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert [a.headers["x-ratelimit-remaining"] for a in answers] == ["1", "0", "0"]
    assert answers[2].headers["retry-after"] == "60"
    assert (
        answers[2].json()["message"] == "Rate limit exceeded. Try again in 60 seconds"
    )
    assert (one.traffic.throttled, one.traffic.calls("GET", "/customers")) == (1, 3)
    clock.now += 60
    assert one.get("/customers").status_code == 200


def test_faults_after_the_commit_leave_the_record(sandbox):
    for spec, status in (("create.500_after=1", 500), ("create.502html_after=1", 502)):
        one = sandbox(faults=spec)
        answer = one.create(**ANN)
        assert answer.status_code == status
        assert one.store.customer_total == 1
    assert answer.headers["content-type"] == "text/html"
    assert "<h1>502 Bad Gateway</h1>" in answer.text


def test_faults_before_the_commit_leave_nothing(sandbox):
    one = sandbox(faults="create.503=1:7")
    answer = one.create(**ANN)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    bare = sandbox(faults="429bare=1").create(**ANN)
    assert (bare.status_code, "retry-after" in bare.headers) == (429, False)
    assert one.store.customer_total == 0


@pytest.mark.parametrize(
    ("spec", "error", "stored"),
    [
        ("drop_before=1", httpx.RemoteProtocolError, 0),
        ("drop_after=1", httpx.RemoteProtocolError, 1),
        ("read_timeout=1", httpx.ReadTimeout, 0),
        ("read_timeout_commit=1", httpx.ReadTimeout, 1),
        ("truncate=1", httpx.RemoteProtocolError, 1),
    ],
)
def test_lost_answers_in_process(sandbox, spec, error, stored):
    one = sandbox(faults=spec)
    with pytest.raises(error):
        one.create(**ANN)
    assert one.store.customer_total == stored


def test_a_garbled_answer_is_no_json(sandbox):
    answer = sandbox(faults="garble=1").create(**ANN)
    assert answer.status_code == 201
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_slow_answer_is_a_whole_answer(sandbox):
    assert sandbox(faults="slow=1:0.01").create(**ANN).status_code == 201


def test_faults_do_not_depend_on_the_import_key(sandbox):
    def codes(key):
        one = sandbox(faults="create.500=0.5", seed=3)
        people = [
            {"email": f"c{i}@example.com", "metadata": {"import_key": f"{key}{i}"}}
            for i in range(20)
        ]
        return [one.create(**p).status_code for p in people]

    assert codes("a") == codes("b")
    assert set(codes("a")) == {201, 500}


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_faults_meet_bodies_that_cannot_be_read(sandbox, body):
    assert (
        sandbox(faults="create.503=1")
        .send("POST", "/customers", content=body)
        .status_code
        == 503
    )


def test_an_outage_ends(sandbox, clock):
    one = sandbox(faults="outage=5:10,outage=20:1:drop", clock=clock)
    seen = []
    for seconds in (0, 5, 9, 1):
        clock.now += seconds
        seen.append(one.get("/customers").status_code)
    assert seen == [200, 503, 503, 200]
    clock.now += 5.5
    with pytest.raises(httpx.RemoteProtocolError):
        one.get("/customers")


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_lists_that_drift(sandbox, order):
    one = sandbox(f"order={order}", faults="list.list_insert=1", seed_customers=4)
    totals = [one.get("/customers", limit=2, page=p).json()["totals"] for p in (1, 2)]
    assert totals == [5, 6]
    two = sandbox(
        f"order={order}",
        faults="list_delete=1",
        seed_customers=4,
        payments_per_customer=1,
    )
    first = two.store.customer_page(1, 0)[1][0].id
    rows = two.get("/customers").json()["items"]
    assert (len(rows), first in {r["id"] for r in rows}) == (3, False)
    assert two.get("/payments").json()["totals"] == 3
    three = sandbox(faults="list_insert=1")
    assert [three.get("/payments").json()["totals"] for _ in range(2)] == [1, 2]
    assert sandbox(faults="list_delete=1").get("/payments").json()["items"] == []


def test_every_class_of_request_can_fail_alone(sandbox):
    requests = {
        "list": ("GET", "/customers"),
        "search": ("GET", "/customers?search=a"),
        "create": ("POST", "/customers"),
        "get": ("GET", "/customers/x"),
        "update": ("PUT", "/customers/x"),
        "delete": ("DELETE", "/customers/x"),
        "payments": ("GET", "/payments"),
        "other": ("GET", "/"),
    }
    for name in requests:
        one = sandbox(faults=f"{name}.503=1")
        failed = {
            k for k, (m, p) in requests.items() if one.send(m, p).status_code == 503
        }
        assert failed == {name}
