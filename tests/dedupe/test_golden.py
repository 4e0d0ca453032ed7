"""The golden record, field by field."""

import json
from itertools import permutations

from pipeline.dedupe.golden import Record, merge
from pipeline.dedupe.names import name_identity
from pipeline.dedupe.policy import DedupePolicy


def record(row, **values):
    fields = dict.fromkeys(Record._fields) | {"metadata": "{}", "rule": "R2"} | values
    fields |= {"row": row, "line": row + 1, "identity": name_identity(fields["name"])}
    return Record(**fields)


def test_fullest_row_survives_and_takes_what_it_lacks():
    one = record(
        1, name="NGONO HELENE", email="h@mail.example.com", phone="+237670000001"
    )
    two = record(2, name="Ngono Hélène", email="H@mail.example.com", country="CM")
    golden = merge([two, one], DedupePolicy())
    assert (golden.record.row, golden.record.name) == (2, "Ngono Hélène")
    assert golden.record.phone == "+237670000001"
    assert json.loads(golden.provenance) == {"phone": {"row": 1, "rule": "R2"}}
    assert golden.differences == ()


def test_second_contacts_stand_aside_in_numbered_keys():
    rows = [
        record(
            1,
            name="Jean Mba",
            email="a@mail.example.com",
            phone="+237670000001",
            metadata='{"email_2": "kept@mail.example.com"}',
        ),
        record(2, name="Jean Mba", email="b@mail.example.com"),
        record(3, name="Jean Mba", phone="+237670000002"),
    ]
    golden = merge(rows, DedupePolicy())
    assert (golden.record.email, golden.record.phone) == (rows[0].email, rows[0].phone)
    assert json.loads(golden.record.metadata) == {
        "email_2": "kept@mail.example.com",
        "email_3": "b@mail.example.com",
        "phone_2": "+237670000002",
    }
    assert json.loads(golden.provenance)["metadata.email_3"] == {"row": 2, "rule": "R2"}


def test_metadata_is_united_and_what_differs_is_told():
    rows = [
        record(
            1,
            name="Jean Mba",
            email="a@x.example.com",
            country="CM",
            metadata='{"city": "Douala", "tags": ["a"], "age": 30, "note": ""}',
        ),
        record(
            2,
            name="Jean Mba",
            country="GA",
            metadata='{"city": "Yaoundé", "tags": ["a", "b"], "age": "30", "vip": true}',
        ),
    ]
    golden = merge(rows, DedupePolicy())
    assert json.loads(golden.record.metadata) == {
        "age": 30,
        "city": "Douala",
        "tags": ["a", "b"],
        "vip": True,
    }
    assert [d[2:] for d in golden.differences] == [
        ("country", "CM", "GA"),
        ("metadata.city", "Douala", "Yaoundé"),
    ]


def test_newest_values_come_first_where_a_date_is_named():
    rows = [
        record(
            1,
            name="Jean Mba",
            email="a@x.example.com",
            phone="+237670000001",
            metadata='{"seen": "2024-01-01"}',
        ),
        record(
            2,
            name="Jean Mba",
            email="b@x.example.com",
            metadata='{"seen": "2025-01-01"}',
        ),
    ]
    golden = merge(rows, DedupePolicy(prefer="newest", date_key="seen"))
    assert golden.record.row == 1
    assert golden.record.email == "b@x.example.com"
    assert json.loads(golden.record.metadata)["seen"] == "2025-01-01"
    assert merge(rows, DedupePolicy(prefer="newest")).record.email == "a@x.example.com"


def test_a_longer_name_is_taken_and_another_is_told():
    rows = [
        record(1, name="Marie Sanchez", email="m@x.example.com", phone="+237670000001"),
        record(2, name="Marie Sanchez Mendoza", email="m@x.example.com"),
        record(3, name=None, email="m@x.example.com"),
    ]
    golden = merge(rows, DedupePolicy())
    assert golden.record.name == "Marie Sanchez Mendoza"
    assert [(d.field, d.other) for d in golden.differences] == [
        ("name", "Marie Sanchez")
    ]
    assert merge([rows[2], rows[2]], DedupePolicy()).record.name is None


def test_order_of_rows_does_not_matter_and_row_number_decides_between_equals():
    rows = [
        record(3, name="Jean Mba", email="a@x.example.com"),
        record(1, name="JEAN MBA", email="a@x.example.com"),
        record(2, name="Jean Mba", email="a@x.example.com", metadata=None),
        record(4, name="Jean Mba", email="a@x.example.com"),
    ]
    results = {repr(merge(list(p), DedupePolicy())) for p in permutations(rows)}
    assert len(results) == 1
    same = [record(9, name="Jean Mba"), record(4, name="Jean Mba")]
    assert merge(same, DedupePolicy()).record.row == 4
