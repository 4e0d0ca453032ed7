"""Odd values in the rows of a list: told where they can be, kept where they cannot."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export.arrays import as_numbers, numbers, strings
from pipeline.export.columns import Columns, kind_of, read_time, to_json
from pipeline.export.contacts import are_good_emails, country_of, read_phones
from pipeline.export.customers import customer_table
from pipeline.export.payments import payment_table
from pipeline.normalise.email import normalise_emails
from pipeline.normalise.phone import Regions, normalise_phones
from pipeline.normalise.phonecell import Policy
from schemas.money import has_fraction, parse_money, show_amount, status_group
from tests.export.fakes import customer, payment

GEO = frozenset(("geo",))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def payments(*rows, dropped=GEO):
    return payment_table(rows, "Africa/Douala", dropped).to_pylist()


def one(**more):
    (row,) = payments(payment(1, **more))
    notes = [tuple(note) for note in json.loads(row["_noted"] or "[]")]
    return row, notes


@pytest.mark.parametrize(
    ("field", "value", "told", "notes", "extra"),
    [
        ("channel", 7, "7", [("field_type_changed", "an integer")], None),
        ("channel", 7.0, "7", [("field_type_changed", "a number")], None),
        ("channel", 7.5, "7.5", [("field_type_changed", "a number")], None),
        ("channel", Decimal("1E+2"), "100", [("field_type_changed", "a number")], None),
        ("channel", True, None, [("field_type_changed", "a boolean")], True),
        ("channel", ["a"], None, [("field_type_changed", "a list")], ["a"]),
        ("channel", {"a": 1}, None, [("field_type_changed", "an object")], {"a": 1}),
        (
            "amount",
            "0.00 F.CFA",
            0,
            [("field_type_changed", "text"), ("amount_implausible", "")],
            None,
        ),
        ("amount", "much", None, [("amount_unreadable", "")], "much"),
        ("amount", True, None, [("amount_unreadable", "")], True),
        ("amount", 10**15, None, [("amount_unreadable", "")], 10**15),
        ("amount", 10**30, None, [("amount_unreadable", "")], 10**30),
        (
            "amount",
            10.5,
            Decimal("10.5"),
            [("fraction_in_zero_decimal_currency", "")],
            None,
        ),
        ("fee", None, None, [], None),
        (
            "fee",
            Decimal("12345678901234.5678"),
            Decimal("12345678901234.5678"),
            [("fraction_in_zero_decimal_currency", "")],
            None,
        ),
        ("sandbox", "TRUE", True, [], None),
        ("sandbox", 1, True, [], None),
        ("sandbox", None, None, [], None),
        ("sandbox", "maybe", None, [("field_type_changed", "text")], "maybe"),
        ("sandbox", 2, None, [("field_type_changed", "an integer")], 2),
        ("completed_at", 0, EPOCH, [("field_type_changed", "an integer")], None),
        ("completed_at", "1970-01-01 00:00", EPOCH, [("time_without_zone", "")], None),
        ("completed_at", "1970-01-01 01:00+01:00", EPOCH, [], None),
        ("completed_at", "soon", None, [("time_unreadable", "")], "soon"),
        ("customer", 12, "12", [("field_type_changed", "an integer")], None),
        (
            "customer",
            {"id": "c1", "name": "A"},
            "c1",
            [("field_type_changed", "an object")],
            {"id": "c1", "name": "A"},
        ),
        ("customer", ["c1"], None, [("field_type_changed", "a list")], ["c1"]),
        ("customer", True, None, [("field_type_changed", "a boolean")], True),
        (
            "status",
            "Teleported",
            "Teleported",
            [("unknown_status", "Teleported")],
            None,
        ),
        ("charge", " Customer ", "customer", [], None),
        ("charge", "moon", None, [], "moon"),
        ("charge", None, None, [], None),
    ],
)
def test_odd_values_of_a_payment(field, value, told, notes, extra):
    row, noted = one(**{field: value})
    column = {"customer": "customer_id", "charge": "fee_bearer"}.get(field, field)
    assert row[column] == told
    assert [(rule, detail) for rule, name, detail in noted if name == field] == notes
    kept = json.loads(row["extra"])
    assert kept.get(field) == extra
    assert kept["fees"] == []


def test_half_a_surrogate_pair_becomes_a_question_mark():
    row, _ = one(description="a\ud83db", more={"x": "\ud83d"})
    assert row["description"] == "a?b"
    assert json.loads(row["extra"])["more"] == {"x": "?"}


def test_numbers_beyond_64_bits_stay_whole_in_extra():
    row, _ = one(card=2**70, geo="203.0.113.7")
    assert json.loads(row["extra"]) == {"fees": [], "card": 2**70}


def test_a_dropped_field_is_dropped_wherever_it_stands():
    row, _ = one(fees=[{"geo": 1, "a": [{"geo": 2}]}], customer={"id": "c", "geo": 3})
    assert json.loads(row["extra"]) == {
        "fees": [{"a": [{}]}],
        "customer": {"id": "c"},
    }
    (row,) = payments(payment(1), dropped=frozenset())
    assert json.loads(row["extra"])["geo"] == "203.0.113.7"


def test_rows_of_many_shapes_and_of_one_give_the_same_table():
    uniform = [payment(n, amounts={"total": 5, "converted": 6}) for n in range(3)]
    mixed = [
        dict(reversed(row.items())) if n == 1 else row for n, row in enumerate(uniform)
    ]
    same = [{**row, "extra": json.loads(row["extra"])} for row in payments(*uniform)]
    assert [
        {**row, "extra": json.loads(row["extra"])} for row in payments(*mixed)
    ] == same


def test_amounts_inside_amounts_are_found_where_the_row_has_none():
    row = {"reference": "r", "amount": 5, "amounts": {"total": 7, "converted": "8"}}
    other = {"reference": "s", "amounts": None}
    first, second = payments(row, other)
    assert (first["amount_total"], first["converted_amount"]) == (7, 8)
    assert (second["amount_total"], second["amount"]) == (None, None)


def test_the_other_name_of_a_field_stands_in():
    first, second = payments(
        {
            "reference": "r",
            "customer_id": "c1",
            "fee_bearer": "customer",
            "amount": 5,
            "fee": 1,
        },
        {"reference": "s", "customer": None, "customer_id": "c2"},
    )
    assert (first["customer_id"], first["fee_bearer"], first["net_amount"]) == (
        "c1",
        "customer",
        5,
    )
    assert second["customer_id"] == "c2"


def test_amounts_beyond_the_column_beside_unknown_ones():
    first, second, third = payments(
        payment(1, fee=None), payment(2, fee=10**15), payment(3, fee=5)
    )
    assert (first["fee"], second["fee"], third["fee"]) == (None, None, 5)
    assert json.loads(second["extra"])["fee"] == 10**15


@pytest.mark.parametrize("bearer", ["business", "customer", None])
@pytest.mark.parametrize("fee", [20, None])
def test_net_amount_only_where_fee_and_bearer_are_known(fee, bearer):
    row, _ = one(fee=fee, charge=bearer, amount=1000)
    known = fee is not None and bearer is not None
    assert row["net_amount"] == (
        (980 if bearer == "business" else 1000) if known else None
    )


def test_odd_customers():
    rows = [
        customer(1, phone=237670000011, metadata=[], address={"country": "ga"}),
        {"id": 5, "email": " ", "phone": " "},
        customer(
            2,
            phone="+23712",
            email="no",
            meta={"country": "FR"},
            metadata={"country": "?"},
        ),
        customer(3, phone="nothing", metadata=None),
    ]
    table = customer_table(rows, "CM", GEO).to_pylist()
    columns = (
        "id",
        "phone",
        "phone_e164",
        "country",
        "metadata",
        "_phone_valid",
        "_email_valid",
        "_bare",
    )
    assert [tuple(row[name] for name in columns) for row in table] == [
        ("cus.00001", "237670000011", "+237670000011", "GA", "{}", True, True, False),
        ("5", " ", None, None, None, None, None, True),
        ("cus.00002", "+23712", None, "FR", '{"country":"?"}', False, False, False),
        ("cus.00003", "nothing", None, None, None, False, True, False),
    ]
    assert json.loads(table[2]["extra"]) == {"meta": {"country": "FR"}}


PHONES = st.one_of(
    st.from_regex(r"\+237[26]\d{8}", fullmatch=True),
    st.from_regex(r"\+(33|44|1|39|54|225|7)\d{6,11}", fullmatch=True),
    st.from_regex(r"(237)?6[5-9]\d{7}", fullmatch=True),
)


@settings(deadline=None)
@given(st.lists(PHONES, max_size=8))
def test_phones_are_judged_as_an_import_judges_them(cells):
    column = strings(cells)
    ids = as_numbers(pa.chunked_array([numbers(0, len(cells), step=0)], pa.int64()))
    regions = Regions(("CM",), ids, ids.astype(bool))
    expected = normalise_phones(column, regions, Policy()).column.values.to_pylist()
    found = read_phones(cells, "CM")
    assert [p.e164 if p.is_valid else None for p in found] == expected


@settings(deadline=None)
@given(st.lists(st.one_of(st.emails(), st.text(max_size=12)), max_size=8))
def test_emails_are_judged_as_an_import_judges_them(cells):
    cells = [cell for cell in cells if cell.strip()]
    good = normalise_emails(strings(cells), frozenset()).values
    assert are_good_emails(cells) == good.is_valid().to_pylist()


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+237670000011", "CM"),
        ("+447700900123", None),
        ("+33639980011", "FR"),
        ("+15550100", None),
        ("+80012345678", None),
        ("+11234567890", None),
    ],
)
def test_country_of_a_number(number, country):
    assert country_of(number) == country


def test_a_number_that_is_possible_only_has_a_form_but_is_not_valid():
    (phone,) = read_phones(["+237170000011"], "CM")
    assert (phone.e164, phone.country, phone.is_valid) == ("+237170000011", "CM", False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (True, None),
        (None, None),
        (1e30, None),
        (1_700_000_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (Decimal(0), EPOCH),
        ("1970-01-01t00:00:00z", EPOCH),
        ([], None),
    ],
)
def test_read_time(value, told):
    assert read_time(value) == told


def test_a_time_without_zone_is_taken_as_utc_and_said():
    rows = [
        {"t": "2026-10-01T00:00:00"},
        {"t": "2026-10-01 01:00:00+01:00"},
        {"t": 1.5},
    ]
    columns = Columns(rows)
    first, second, third = columns.instants("t").to_pylist()
    assert first == second == datetime(2026, 10, 1, tzinfo=UTC)
    assert third == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert columns.noted()[0].as_py() == '[["time_without_zone","t",""]]'


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "a boolean"),
        (1, "an integer"),
        (Decimal(1), "a number"),
        ({}, "an object"),
        ([], "a list"),
        ("", "text"),
    ],
)
def test_kind_of(value, kind):
    assert kind_of(value) == kind


def test_json_of_decimals_and_of_what_is_no_json():
    assert to_json([Decimal("1.0"), Decimal("1.5")]) == "[1,1.5]"
    with pytest.raises(TypeError):
        to_json(object())


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (5000, "5000"),
        (0.1, "0.1"),
        (Decimal("1.23456"), None),
        (Decimal("NaN"), None),
        (Decimal("Infinity"), None),
        (10**14, None),
        ("5000", "5000"),
        ("0.00 F.CFA", "0"),
        ("XAF 1 000", "1000"),
        ("1,000.50", "1000.50"),
        ("1,5", "1.5"),
        ("-.5 €", "-0.5"),
        ("+12 345", "12345"),
        ("-1,000", "-1000"),
        ("12,3456", None),
        ("", None),
        ("abc", None),
        (True, None),
        (None, None),
        ([], None),
    ],
)
def test_parse_money(value, amount):
    assert parse_money(value) == (None if amount is None else Decimal(amount))


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4))
def test_an_amount_survives_being_shown(amount):
    shown = show_amount(amount)
    assert parse_money(shown) == amount
    assert has_fraction(amount) == ("." in shown)


@pytest.mark.parametrize(
    ("status", "group"), [(None, "other"), (" Complete ", "success"), ("x", "other")]
)
def test_status_group(status, group):
    assert status_group(status) == group
