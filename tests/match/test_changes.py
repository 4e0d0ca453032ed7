"""What differs between a row and a customer, and what is written because of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.match.changes import (
    Difference,
    FieldChange,
    as_text,
    before_image,
    create_body,
    difference,
    holds,
    is_written,
    plain_name,
    still_equal,
    update_body,
)
from pipeline.match.known import Record, email_key, known, phone_key
from schemas.api import Customer

E, P = "awa@example.com", "+237670000001"
OLD, NEW = "2026-01-01T00:00:00.000000Z", "2026-05-01"


def row(name=None, email=None, phone=None, **metadata):
    return Record(1, name, email, phone, metadata=metadata)


def there(name=None, email=None, phone=None, updated_at=OLD, **metadata):
    customer = Customer("A", name, email, phone, metadata, updated_at=updated_at)
    return known(customer, "CM")


def told(diff):
    return [(c.field, c.old, c.new, c.rule) for c in diff.changes], diff.kept


SAME = [
    ("case of an e-mail", row(email=E), there(email="AWA@Example.COM")),
    ("blanks round an e-mail", row(email=E), there(email=f" {E} ")),
    ("a domain in punycode", row(email="awa@bücher.example.com"),
     there(email="awa@xn--bcher-kva.example.com")),
    ("a phone as an integer", row(phone=P), there(phone="237670000001")),
    ("a phone with blanks", row(phone=P), there(phone="+237 6 70 00 00 01")),
    ("a phone in its local form", row(phone=P), there(phone="670 000 001")),
    ("a phone with 00", row(phone=P), there(phone="00237670000001")),
    ("a name with two blanks", row("Awa Sow"), there(" Awa  Sow ")),
    ("a name in NFD", row("Chloé"), there("Chloe\u0301")),
    ("a number in the metadata", row(age="30"), there(age=30)),
    ("a truth value in the metadata", row(vip="true"), there(vip=True)),
    ("a list in the metadata", row(tags='["a", 1]'), there(tags=["a", 1])),
    ("keys that the file does not have", row(age="30"), there(age="30", town="Buea")),
    ("nothing in the row", row(), there("Awa Sow", E, P, town="Buea")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "customer"), [s[1:] for s in SAME], ids=[s[0] for s in SAME]
)
@pytest.mark.parametrize("prefer", ["existing", "file", "newest"])
def test_what_the_server_rewrites_is_no_difference(record, customer, prefer):
    assert difference(record, customer, prefer) == Difference(())


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_an_empty_value_is_filled_whatever_is_preferred(empty):
    customer = there(None, None, None, town=empty)
    for prefer in ("existing", "file", "newest"):
        assert told(difference(row("Awa", E, P, town="Buea"), customer, prefer)) == (
            [
                ("name", None, "Awa", "filled"),
                ("email", None, E, "filled"),
                ("phone", None, P, "filled"),
                ("metadata.town", None, "Buea", "filled"),
            ],
            (),
        )


def test_an_empty_text_is_as_empty_as_nothing():
    assert told(difference(row("Awa", E, P), there("", "", ""), "existing"))[0] == [
        ("name", None, "Awa", "filled"),
        ("email", None, E, "filled"),
        ("phone", None, P, "filled"),
    ]


OTHER = ("Ben Fotso", "ben@example.com", "+237680000002")


def test_existing_values_stay_unless_the_file_is_preferred():
    record, customer = row(*OTHER), there("Awa Sow", E, P)
    fields = [
        ("name", "Awa Sow", OTHER[0]),
        ("email", E, OTHER[1]),
        ("phone", P, OTHER[2]),
    ]
    overwritten = [(*field, "overwritten") for field in fields]
    assert told(difference(record, customer, "existing")) == (
        [],
        ("name", "email", "phone"),
    )
    assert told(difference(record, customer, "file")) == (overwritten, ())
    assert all(c.overwrites for c in difference(record, customer, "file").changes)


@pytest.mark.parametrize(
    ("mine", "theirs", "takes"),
    [
        (NEW, OLD, True),
        ("2025-12-31", OLD, False),
        ("2026-01-01T02:00:00+01:00", OLD, True),
        (OLD, OLD, False),
        (NEW, None, True),
        (NEW, "no date", True),
        ("no date", OLD, False),
        (None, OLD, False),
    ],
)
def test_the_newest_wins_where_both_say_when(mine, theirs, takes):
    metadata = {"updated_at": mine} if mine else {}
    customer = known(
        Customer("A", "Awa Sow", None, None, metadata, updated_at=theirs), "CM"
    )
    diff = difference(row("Ben Fotso", **metadata), customer, "newest")
    assert bool(diff.changes) is takes
    assert bool(diff.kept) is not takes


def test_the_day_of_creation_stands_in_for_a_missing_change():
    customer = known(Customer("A", "Awa Sow", created_at=OLD), "CM")
    record = row("Ben Fotso", updated_at=NEW)
    assert difference(record, customer, "newest").changes[0].rule == "overwritten"


def test_a_better_spelling_of_the_same_name_is_taken():
    assert told(difference(row("Awa Ngo"), there("AWA NGO"), "existing")) == (
        [("name", "AWA NGO", "Awa Ngo", "better_spelling")],
        (),
    )
    assert told(difference(row("AWA NGO"), there("Awa Ngo"), "existing")) == (
        [],
        ("name",),
    )


def test_a_contact_of_somebody_else_is_left_alone():
    record = row("Awa Sow", E, P)
    diff = difference(record, there("Awa Sow"), "file", skip=frozenset({"phone"}))
    assert told(diff) == ([("email", None, E, "filled")], ())


def test_metadata_of_the_file_is_written_key_by_key():
    assert told(difference(row(b="2", a="1"), there(a="0", c="3"), "existing")) == (
        [("metadata.a", "0", "1", "metadata"), ("metadata.b", None, "2", "filled")],
        (),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None), ("", None), ([], None), ({}, None), ("a", "a"), (30, "30"),
        (False, "false"), (1.5, "1.5"), ({"é": [1]}, '{"é": [1]}'),
    ],
)  # fmt: skip
def test_a_metadata_value_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize("value", [None, "", "   "])
def test_no_name_is_an_empty_name(value):
    assert plain_name(value) == ""


# -- bodies


def test_an_update_sends_the_metadata_whole_or_not_at_all():
    stored = {"town": "Buea", "points": 3}
    changes = (
        FieldChange("name", None, "Awa", "filled"),
        FieldChange("metadata.points", "3", "4", "metadata"),
    )
    assert update_body(changes, stored) == {
        "name": "Awa",
        "metadata": {"town": "Buea", "points": "4"},
    }
    assert update_body(changes[:1], stored) == {"name": "Awa"}
    assert update_body(changes[1:], None) == {"metadata": {"points": "4"}}
    assert stored == {"town": "Buea", "points": 3}


def test_a_reversal_puts_numbers_back_and_takes_keys_away():
    changes = (
        FieldChange("metadata.points", "4", "3", "reversed", value=3),
        FieldChange("metadata.new", "1", None, "reversed"),
        FieldChange("metadata.gone", "1", None, "reversed"),
    )
    assert update_body(changes, {"points": "4", "new": "1"}) == {
        "metadata": {"points": 3}
    }


def test_a_create_leaves_out_what_is_empty():
    assert create_body(row("Awa", None, P, town="Buea")) == {
        "name": "Awa",
        "phone": P,
        "metadata": {"town": "Buea"},
    }
    assert create_body(row(email=E)) == {"email": E}


def test_a_before_image_holds_the_fields_that_are_written():
    live = there("Awa", E, None, town="Buea")
    assert before_image({"name": "x", "metadata": {}}, live) == {
        "name": "Awa",
        "metadata": {"town": "Buea"},
    }
    bare = known(Customer("A", None, E), "CM")
    assert before_image({"phone": P, "metadata": {}}, bare) == {
        "phone": None,
        "metadata": {},
    }


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", " Awa  Sow", True), ("name", "Awa", False),
        ("email", "AWA@example.com", True), ("email", None, False),
        ("phone", "670000001", True), ("phone", "+237680000002", False),
        ("metadata.points", "3", True), ("metadata.points", "4", False),
        ("metadata.none", None, True), ("metadata.none", "1", False),
    ],
)  # fmt: skip
def test_holding_a_value(field, value, expected):
    live = there("Awa Sow", E, P, points=3)
    assert holds(live, field, value, "CM") is expected


def test_a_change_is_open_written_or_overtaken():
    changes = (FieldChange("name", "Awa", "Awa Sow", "filled"),)
    assert [
        (still_equal(changes, there(n), "CM"), is_written(changes, there(n), "CM"))
        for n in ("Awa", "Awa Sow", "Ben")
    ] == [(True, False), (False, True), (False, False)]


def test_metadata_never_read_counts_as_none():
    assert holds(known(Customer("A"), "CM"), "metadata.town", None, "CM")
    assert difference(row(town="Buea"), known(Customer("A"), "CM"), "existing").changes


# -- keys


@pytest.mark.parametrize(
    ("value", "region", "key"),
    [
        ("+237670000001", None, P),
        ("237670000001", None, P),
        ("237670000001", "FR", P),
        ("00237670000001", "CM", P),
        ("670000001", "CM", P),
        ("670 00 00 01", "CM", P),
        ("+237 6 70-00-00.01", "CM", P),
        ("(+237) 670000001", "CM", P),
        ("0612345678", "FR", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "CM", "+33612345678"),
        ("+237600000000", "CM", "+237600000000"),
        ("12", "CM", "+12"),
        ("n/a", "CM", None),
        ("", "CM", None),
        (None, "CM", None),
    ],
)
def test_the_key_of_a_stored_phone(value, region, key):
    assert phone_key(value, region) == key


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("Awa@Example.COM ", "awa@example.com"),
        ("awa@XN--BCHER-KVA.example.com", "awa@bücher.example.com"),
        ("e\u0301.b@example.com", "é.b@example.com"),
        ("e\u0301 b@", "é b@"),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
def test_the_key_of_an_email(value, key):
    assert email_key(value) == key


def test_the_external_id_is_read_as_text():
    assert [there(external_id=v).external_id for v in (7, "7", None)] == [
        "7",
        "7",
        None,
    ]
    assert known(Customer("A"), "CM").external_id is None


# -- properties

TEXTS = st.sampled_from(
    ["", "Awa Sow", "AWA SOW", "Ben", "Chloe\u0301 Ngo", "Chloé Ngo"]
)
EMAILS = st.sampled_from([None, E, E.upper(), "ben@example.com"])
PHONES = st.sampled_from([None, P, "237670000001", "670000001", "+237680000002"])
VALUES = st.sampled_from(["1", "30", "", 30, None, [], {}, ["a"], {"b": 1}, True])
METADATA = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
RECORDS = st.builds(
    row,
    TEXTS.map(lambda t: t or None),
    EMAILS.map(lambda e: e and e.lower()),
    PHONES.map(lambda p: phone_key(p, "CM")),
    **{k: st.sampled_from(["1", "30", "x"]) for k in "ab"},
)


@given(
    RECORDS,
    TEXTS,
    EMAILS,
    PHONES,
    METADATA,
    st.sampled_from(["existing", "file", "newest"]),
)
def test_writing_the_difference_leaves_none(
    record, name, email, phone, metadata, prefer
):
    customer = there(name, email, phone, **metadata)
    diff = difference(record, customer, prefer)
    body = update_body(diff.changes, customer.customer.metadata)
    assert not any(value in (None, "") for value in body.values())
    c = customer.customer
    after = there(
        body.get("name", c.name),
        body.get("email", c.email),
        body.get("phone", c.phone),
        **body.get("metadata", c.metadata),
    )
    again = difference(record, after, prefer)
    assert again.changes == ()
    assert set(again.kept) <= set(diff.kept)
    assert is_written(diff.changes, after, "CM")
    assert still_equal(diff.changes, customer, "CM")
