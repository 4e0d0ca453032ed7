"""The sandbox read by a client that this project did not write (PyPI `notchpay`)."""

import pytest
from notchpay import NotchPay
from notchpay.exceptions import NotchPayAuthenticationError, NotchPayValidationError
from pydantic import ValidationError

from pipeline.sandbox import Dialect, Rate, SandboxOptions, SandboxThread
from tests.sandbox.rows import payment


@pytest.fixture
def reader():
    made = []

    def read(one, key="pk_test.x"):
        client = NotchPay(key)
        client._client.base_url = one.url
        made.append(client)
        return client

    yield read
    for client in made:
        client._client.close()


@pytest.fixture
def served():
    def serve(dialect="", **more):
        return SandboxThread(SandboxOptions(dialect=Dialect.parse(dialect), **more))

    return serve


def test_it_reads_what_the_live_dialect_writes(served, reader):
    with served(seed_customers=120) as one:
        client = reader(one)
        page = client.customers.list(limit=100, page=2)
        assert (page.totals, page.last_page, len(page.items)) == (120, 2, 20)
        assert (
            client.customers.list(
                search=page.items[0].email or page.items[0].phone
            ).totals
            == 1
        )
        made = client.customers.create(
            {"name": "Ann", "email": "ann@example.com", "metadata": {"k": 1}}
        )
        known = made.customer.id
        assert client.customers.retrieve(known).customer == made.customer
        changed = client.customers.update(known, {"name": "Ann B"})
        assert (changed.customer.name, changed.customer.metadata) == ("Ann B", {"k": 1})
        rows = [payment(n, customer=known, sandbox=n % 2) for n in range(40)]
        one.store.add_payments(rows)
        mine = client.customers.payments(known)
        assert (mine.totals, len(mine.payments), mine.payments[0].amount) == (
            40,
            30,
            1000,
        )
        assert {p.sandbox for p in mine.payments} == {True, False}
        assert client.payments.list(limit=5).items[0].customer == known
        assert client.customers.payment_methods(page.items[0].id).code == 200
        assert client.customers.delete(known).message == "Customer deleted successfully"
        with pytest.raises(NotchPayValidationError) as gone:
            client.customers.retrieve(known)
        assert (gone.value.code, gone.value.message) == (404, "Customer not found")


def test_it_reads_codes_as_text_and_other_codes(served, reader):
    with served("code=text,success=oas,delete_body=none,timestamps=seconds") as one:
        client = reader(one)
        made = client.customers.create({"phone": "+237670000001"})
        assert (made.code, client.customers.delete(made.customer.id).code) == (201, 202)


def test_it_tells_refusals_apart(served, reader):
    with served(rate=Rate(2, 60.0), refused_keys=frozenset(("pk_test.no",))) as one:
        with pytest.raises(NotchPayAuthenticationError):
            reader(one, "pk_test.no").customers.list()
        client = reader(one)
        with pytest.raises(NotchPayValidationError) as wrong:
            client.customers.create({"name": "x", "email": "no at"})
        assert wrong.value.errors == {"email": ["Invalid email address"]}
        client.customers.list()
        with pytest.raises(NotchPayValidationError) as throttled:
            client.customers.list()
        assert throttled.value.code == 429


@pytest.mark.parametrize("dialect", ["empty_metadata=array", "phone=integer"])
def test_what_it_cannot_read_is_the_oddity_that_the_facts_name(served, reader, dialect):
    with served(dialect) as one, pytest.raises(ValidationError):
        reader(one).customers.create({"phone": "+237670000001"})
