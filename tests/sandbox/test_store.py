"""Rows, pages and search."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sandbox import Dialect
from pipeline.sandbox.seeds import (
    PHONES,
    fictional_phone,
    seed_customers,
    seed_payments,
)
from pipeline.sandbox.store import Store


def store_of(dialect="", **more):
    return Store(None, Dialect.parse(dialect), **more)


def names(page):
    return [row.name for row in page[1]]


@settings(max_examples=60, deadline=None)
@given(
    gone=st.sets(st.integers(0, 24), max_size=24),
    limit=st.integers(1, 10),
    newest=st.booleans(),
)
def test_pages_put_together_are_the_list_whatever_was_deleted(gone, limit, newest):
    store = store_of(f"order={'newest' if newest else 'oldest'}")
    rows = [store.add_customer({"name": f"c{i}"}) for i in range(25)]
    for i in gone:
        store.delete_customer(rows[i])
    expected = [row.name for i, row in enumerate(rows) if i not in gone]
    if newest:
        expected.reverse()
    pages = [store.customer_page(limit, at) for at in range(0, 30, limit)]
    assert [n for page in pages for n in names(page)] == expected
    assert {total for total, _ in pages} == {len(expected)}
    assert store.customer_total == len(expected)
    store.close()


def test_an_id_is_never_given_twice():
    store = store_of()
    first = store.add_customer({"email": "a@example.com"})
    store.delete_customer(first)
    assert store.add_customer({"email": "a@example.com"}).id != first.id


def test_ids_follow_from_the_seed():
    ids = [store_of(seed=s).add_customer({}).id for s in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith("cus.test_")
    assert store_of("ids=underscore").add_customer({}).id.startswith("cus_")


def test_a_file_keeps_its_rows(tmp_path):
    store = Store(tmp_path / "s.db")
    kept = store.add_customer({"email": "a@example.com", "metadata": {"k": 1}})
    store.close()
    again = Store(tmp_path / "s.db")
    assert again.customers() == [kept]
    assert names(again.customer_page(10, 0, "a@example")) == [None]
    assert again.add_customer({}).id != kept.id


SEARCHED = {
    "name": "Éva Ngo",
    "email": "Eva.Ngo@example.com",
    "phone": "+237 670 00 00 01",
}


@pytest.mark.parametrize(
    ("dialect", "found", "not_found"),
    [
        ("", ["éva", "NGO", "va.n", "o@", "+237 670", "é"], ["+237670000001", "xyz", "zz"]),
        ("search=exact", ["éva ngo", "eva.ngo@EXAMPLE.com", "+237 670 00 00 01"], ["éva", "+237670000001"]),
        ("search_phone=plus", ["+237670000001", "237670000001", "670000"], ["+237 670"]),
        ("search_phone=digits", ["237670000001"], ["+237670000001"]),
        ("search_phone=local", ["670000001"], ["237670000001"]),
        ("search_phone=any", ["+237670000001", "237670000001", "+237 670"], ["670 00 00 02"]),
        ("search_phone=any,search=exact", ["+237670000001", "237670000001", "670000001"], ["70000001"]),
        ("phone=digits", ["237 670 00"], ["+237"]),
    ],
)  # fmt: skip
def test_what_a_search_finds_depends_on_the_dialect(dialect, found, not_found):
    store = store_of(dialect)
    store.add_customer(SEARCHED)
    store.add_customer(
        {"name": "Other", "email": "other@example.net", "phone": "+33639980000"}
    )
    assert [store.customer_page(9, 0, text)[0] for text in found] == [1] * len(found)
    assert [store.customer_page(9, 0, text)[0] for text in not_found] == [0] * len(
        not_found
    )


@settings(max_examples=50, deadline=None)
@given(text=st.text(min_size=1, max_size=12), needle=st.data())
def test_a_partial_search_finds_any_part_of_a_name(text, needle):
    store = store_of()
    store.add_customer({"name": text.replace("\0", "")})
    folded = text.replace("\0", "").casefold()
    start = needle.draw(st.integers(0, len(folded)))
    part = folded[start : needle.draw(st.integers(start, len(folded)))].strip()
    assert store.customer_page(9, 0, part)[0] == 1
    store.close()


def test_a_search_sees_changes_and_deletions():
    store = store_of()
    row = store.add_customer({"name": "Before"})
    assert names(store.customer_page(9, 0, "before")) == ["Before"]
    row = store.update_customer(row, {"name": "After"})
    assert (
        store.customer_page(9, 0, "before")[0],
        names(store.customer_page(9, 0, "aft")),
    ) == (0, ["After"])
    store.delete_customer(row)
    assert store.customer_page(9, 0, "after")[0] == 0


@pytest.mark.parametrize("how", ["partial", "exact"])
def test_a_slow_index_lags_behind(clock, how):
    store = store_of(f"search_lag=5,search={how}", clock=clock)
    store.add_customer({"name": "Late"})
    assert store.customer_page(9, 0, "late")[0] == 0
    assert store.customer_page(9, 0)[0] == 1
    clock.now += 5
    assert store.customer_page(9, 0, "late")[0] == 1


def test_seeded_rows_are_found_at_once_even_by_a_slow_index(clock):
    store = store_of("search_lag=5", clock=clock)
    seed_customers(store, 3, seed=1)
    assert store.customer_page(9, 0, "example")[0] == 3


def test_the_same_seed_gives_the_same_rows():
    worlds = []
    for seed in (1, 1, 2):
        store = store_of(seed=seed)
        seed_customers(store, 200, seed)
        seed_payments(store, 3, seed)
        worlds.append((store.customers(), store.payments()))
    assert worlds[0] == worlds[1]
    assert worlds[0] != worlds[2]


def test_seeded_payments_have_all_sorts():
    store = store_of()
    seed_customers(store, 400, 1)
    seed_payments(store, 5, 1)
    rows = store.payments()
    assert store.payment_total == len(rows) == 2040
    assert {r.currency for r in rows} == {"XAF", "XOF", "EUR"}
    assert {
        "complete",
        "pending",
        "failed",
        "canceled",
        "expired",
        "refunded",
        "partialy-refunded",
    } <= {r.status for r in rows}
    assert {r.sandbox for r in rows} == {0, 1}
    assert sum(r.customer is None for r in rows) == 40
    assert all(float(r.amount).is_integer() for r in rows if r.currency != "EUR")
    assert (
        max(r.created_us for r in rows) - min(r.created_us for r in rows)
        > 200 * 86_400_000_000
    )
    at_month_end = [r for r in rows if r.created_us % 86_400_000_000 >= 84_600_000_000]
    assert len(at_month_end) >= 51


def test_fictional_phones_are_all_different_and_end():
    phones = [fictional_phone(n) for n in range(PHONES)]
    assert len(set(phones)) == PHONES
    assert fictional_phone(PHONES) is None
    assert {p[:6] for p in phones[:300]} == {"+23767", "+23768", "+23769"}


def test_customers_beyond_the_phones_have_an_address(monkeypatch):
    store = store_of()
    rows = [r for r in _made(store, PHONES - 5, 20) if r.seq > PHONES]
    assert rows
    assert all(r.phone is None and r.email for r in rows)


def _made(store, start, count):
    from pipeline.sandbox.seeds import _customers

    return list(_customers(store, start, count, 1))


def test_bulk_rows_that_clash_leave_nothing_behind():
    store = store_of()
    seed_payments(store, 0, 1)
    row = store.customer_row(1, {"email": "a@example.com"}, 0)
    with pytest.raises(Exception, match="UNIQUE"):
        store.add_customers([row, row._replace(seq=2)])
    assert store.customers() == []
    store.add_customers([row])
    assert store.customer(row.id) == row
    assert store.add_customer({"email": "b@example.com"}).seq == 2
