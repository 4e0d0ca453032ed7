"""A chunk and a recipe in, rows, rejects and findings out."""

import json
import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.prepare import Recipe, prepare, warm_up
from pipeline.validate import split, to_frame
from schemas.columns import ColumnMap
from schemas.models import TEXT, Row
from schemas.outcomes import Severity
from schemas.rules import rule, rules
from schemas.tables import PREPARED, REJECTED

COLUMNS = ColumnMap(
    name="Nom",
    emails=("E-mail",),
    phones=("Tel",),
    country="Pays",
    external_id="Ref",
    metadata=(("ville", "Ville"), ("points", "Points")),
)
HEADER = ("Nom", "E-mail", "Tel", "Pays", "Ref", "Ville", "Points")


def chunk(*rows, header=HEADER, broken=(), first=1):
    table = pa.table(
        {
            name: pa.array([row[place] for row in rows], pa.string())
            for place, name in enumerate(header)
        }
    )
    numbers = range(first, first + len(rows))
    return SimpleNamespace(
        rows=pa.array(numbers, pa.int64()),
        lines=pa.array([n + 1 for n in numbers], pa.int64()),
        cells=table,
        broken=broken,
    )


def recipe(**changes):
    return Recipe(**{"columns": COLUMNS, **changes})


def said(prepared):
    return [(f.row, f.field, f.rule, str(f.severity)) for f in prepared.findings]


GOOD = ("Awa Sow", "awa@example.com", "670000012", "CM", "7", "Douala", "3")


def test_a_good_row_goes_through_without_a_word():
    prepared = prepare(chunk(GOOD), recipe())
    assert prepared.rows.schema == PREPARED
    assert prepared.rejected.schema == REJECTED
    assert prepared.findings == []
    assert prepared.rejected.num_rows == 0
    assert prepared.rows.to_pylist() == [
        {
            "row": 1,
            "line": 2,
            "name": "Awa Sow",
            "email": "awa@example.com",
            "phone": "+237670000012",
            "country": "CM",
            "external_id": "7",
            "birth_date": None,
            "national_id": None,
            "metadata": '{"points":"3","ville":"Douala"}',
        }
    ]
    assert prepared.counts == {"phones": 1, "region_assumed": 0}


def with_contacts(email, phone):
    return ("Awa", email, phone, None, None, None, None)


@pytest.mark.parametrize(
    ("email", "phone", "strict", "refused", "findings"),
    [
        (None, None, False, "no_contact", [("", "no_contact", "error")]),
        (" ", "\u00a0", False, "no_contact", [("", "no_contact", "error")]),
        ("ana@example.com", None, False, None, []),
        (None, "670000012", False, None, []),
        (
            "n/a",
            "-",
            False,
            "no_contact",
            [
                ("email", "says_nothing", "warning"),
                ("phone", "says_nothing", "warning"),
                ("", "no_contact", "error"),
            ],
        ),
        ("bad", None, False, "email_no_at", [("email", "email_no_at", "error")]),
        (None, "12", False, "phone_too_short", [("phone", "phone_too_short", "error")]),
        (
            "ana@example.com",
            "12",
            False,
            None,
            [("phone", "phone_too_short", "warning")],
        ),
        ("bad", "670000012", False, None, [("email", "email_no_at", "warning")]),
        ("bad", "670000012", True, "email_no_at", [("email", "email_no_at", "error")]),
        (
            "ana@example.com",
            "12",
            True,
            "phone_too_short",
            [("phone", "phone_too_short", "error")],
        ),
        (
            "bad",
            "12",
            False,
            "email_no_at",
            [("email", "email_no_at", "error"), ("phone", "phone_too_short", "error")],
        ),
    ],
)
def test_a_row_needs_one_good_contact(email, phone, strict, refused, findings):
    prepared = prepare(
        chunk(with_contacts(email, phone)), recipe(reject_bad_contact=strict)
    )
    assert [(f.field, f.rule, str(f.severity)) for f in prepared.findings] == findings
    assert prepared.rejected["rule"].to_pylist() == ([refused] if refused else [])
    assert prepared.rows.num_rows == (0 if refused else 1)


def test_a_bad_contact_that_is_left_out_is_said_to_be():
    prepared = prepare(chunk(with_contacts("ana@example.com", "12")), recipe())
    assert prepared.rows["phone"].to_pylist() == [None]
    assert prepared.findings[0].message == (
        "phone … has too few digits; it is not sent; the row goes on with its other"
        " contact"
    )


def test_all_reasons_and_suggestions_of_a_refused_row_are_joined():
    prepared = prepare(
        chunk(with_contacts("ana @example.com", "+237 71234567")), recipe()
    )
    assert prepared.rejected.to_pylist() == [
        {
            "row": 1,
            "line": 2,
            "rule": "email_inner_space",
            "reason": "e-mail a…@… has a blank inside; phone +237…67 looks like a"
            " Cameroonian number of before 2014, with 8 digits",
            "suggestion": "ana@example.com; +237671234567",
        }
    ]


def test_a_repair_that_is_allowed_is_a_warning():
    allowed = recipe(repairs=frozenset({"cm_8_to_9"}))
    prepared = prepare(chunk(with_contacts(None, "71234567")), allowed)
    (finding,) = prepared.findings
    assert (finding.rule, finding.normalised) == ("cm_8_to_9", "+237671234567")
    assert finding.severity == Severity.WARNING
    assert finding.message.endswith("as the settings allow: +237…67")


def test_with_a_test_key_the_documented_number_is_explained():
    row = with_contacts(None, "+237600000000")
    plain = prepare(chunk(row), recipe()).findings[0].message
    told = prepare(chunk(row), recipe(is_test_key=True)).findings[0].message
    assert told.startswith(plain)
    assert "with a test key" in told
    french = prepare(chunk(row), recipe(is_test_key=True, lang="fr")).findings[0]
    assert "clé de test" in french.message


def test_findings_hold_values_in_clear_but_messages_do_not():
    secret = "jane.secret@example.com; x.secret@example.org"
    prepared = prepare(
        chunk(
            (
                "Zoé\u200b Secret",
                secret,
                "Tel 12 secret",
                "Secretland",
                None,
                None,
                None,
            )
        ),
        recipe(),
    )
    assert {f.original for f in prepared.findings} >= {secret, "Secretland"}
    for finding in prepared.findings:
        assert "ecret" not in finding.message
    assert all(
        "ecret" not in (r or "") for r in prepared.rejected["reason"].to_pylist()
    )


def test_records_that_are_no_row_are_rejected_in_their_place():
    broken = SimpleNamespace(
        row=2, line=3, rule="ragged_row", text="a,b", reason={"found": 2}
    )
    raw = chunk(GOOD, broken=(broken,))
    raw.rows, raw.lines = pa.array([3]), pa.array([4])
    prepared = prepare(raw, recipe())
    assert prepared.rejected["row"].to_pylist() == [2]
    assert prepared.rejected["rule"].to_pylist() == ["ragged_row"]
    assert prepared.findings[0].original == "a,b"
    assert prepared.rows["row"].to_pylist() == [3]


def test_the_first_good_of_several_columns_is_used():
    header = ("Tel", "Mobile", "Mail", "Mail 2")
    columns = ColumnMap(phones=("Tel", "Mobile"), emails=("Mail", "Mail 2"))
    prepared = prepare(
        chunk(
            ("670000012", "680000013", "ana@example.com", "bea@example.com"),
            ("bad", "680000013", None, "bea@example.com"),
            ("670000012 / 690000014", None, None, None),
            header=header,
        ),
        recipe(columns=columns),
    )
    assert prepared.rows["phone"].to_pylist() == [
        "+237670000012",
        "+237680000013",
        "+237670000012",
    ]
    assert [json.loads(text) for text in prepared.rows["metadata"].to_pylist()] == [
        {"Mail 2": "bea@example.com", "Mobile": "+237680000013"},
        {},
        {"Tel 2": "+237690000014"},
    ]


def test_kept_values_never_take_the_key_of_another_column():
    columns = ColumnMap(phones=("Tel",), metadata=(("Tel 2", "Note"),))
    prepared = prepare(
        chunk(("670000012 / 690000014", "x"), header=("Tel", "Note")),
        recipe(columns=columns),
    )
    assert json.loads(prepared.rows["metadata"][0].as_py()) == {
        "Tel 2": "x",
        "Tel 2 2": "+237690000014",
    }


def test_first_and_last_name_are_joined_where_there_is_no_whole_one():
    columns = ColumnMap(name="N", first_name="P", last_name="L", emails=("E",))
    rows = [
        ("Awa Sow", "A", "S", "ana@example.com"),
        (None, "Ada", "Bo", "bea@example.com"),
    ]
    prepared = prepare(
        chunk(*rows, header=("N", "P", "L", "E")), recipe(columns=columns)
    )
    assert prepared.rows["name"].to_pylist() == ["Awa Sow", "Ada Bo"]


def test_numbers_dial_from_the_country_of_their_row():
    national = phonenumbers.example_number_for_type(
        "KE", phonenumbers.PhoneNumberType.MOBILE
    )
    bare = phonenumbers.national_significant_number(national)
    rows = [
        ("A", None, bare, "Kenya", None, None, None),
        ("B", None, "670000012", None, None, None, None),
        ("C", None, "+237670000012", "FR", None, None, None),
        ("D", None, "670000012", "Atlantide", None, None, None),
    ]
    prepared = prepare(chunk(*rows), recipe())
    assert prepared.rows["phone"].to_pylist()[:2] == ["+254" + bare, "+237670000012"]
    assert prepared.rows["country"].to_pylist() == ["KE", None, "FR", None]
    assert [f.rule for f in prepared.findings] == ["region_mismatch", "country_unknown"]
    assert prepared.counts == {"phones": 4, "region_assumed": 2}


def test_an_empty_chunk_gives_empty_tables():
    prepared = prepare(chunk(), recipe())
    assert (prepared.rows.num_rows, prepared.rejected.num_rows) == (0, 0)
    assert prepared.rows.schema == PREPARED


def test_a_recipe_and_its_results_travel_between_processes():
    given_recipe = recipe(repairs=frozenset({"letter_o"}))
    assert pickle.loads(pickle.dumps(given_recipe)) == given_recipe
    prepared = pickle.loads(pickle.dumps(prepare(chunk(GOOD), given_recipe)))
    assert prepared.rows.num_rows == 1
    warm_up()


CELL = st.one_of(
    st.none(),
    st.sampled_from(["670000012", "bad", "ana@example.com", " ", "n/a", "CM", "="]),
    st.text(max_size=15),
)


@given(st.lists(st.tuples(*[CELL] * len(HEADER)), max_size=6), st.booleans())
@settings(max_examples=50, deadline=None)
def test_every_record_ends_in_exactly_one_place(rows, strict):
    prepared = prepare(chunk(*rows), recipe(reject_bad_contact=strict))
    accepted = prepared.rows["row"].to_pylist()
    rejected = prepared.rejected["row"].to_pylist()
    assert sorted(accepted + rejected) == list(range(1, len(rows) + 1))
    assert accepted == sorted(accepted)
    errors = {f.row for f in prepared.findings if f.severity == Severity.ERROR}
    assert errors == set(rejected)
    for row in prepared.rows.to_pylist():
        assert row["email"] or row["phone"]
        assert isinstance(json.loads(row["metadata"]), dict)


@given(st.lists(st.tuples(*[CELL] * len(HEADER)), min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_what_was_prepared_is_prepared_again_to_the_same(rows):
    first = prepare(chunk(*rows), recipe()).rows
    again = [
        (r["name"], r["email"], r["phone"], r["country"], r["external_id"], None, None)
        for r in first.to_pylist()
    ]
    second = prepare(chunk(*again), recipe()).rows
    for field in ("name", "email", "phone", "country"):
        assert second[field].to_pylist() == first[field].to_pylist()


def test_every_rule_of_the_model_has_its_texts_and_the_other_way_round():
    checks = {
        check.name
        for column in Row.to_schema().columns.values()
        for check in column.checks
    }
    texts = {name for name, found in rules().items() if found.stage == "validation"}
    assert checks == texts
    assert all(rule(name).severity == Severity.ERROR for name in checks)


def frame(**changes):
    columns = {
        "has_contact": pa.array([True, False, True]),
        "email_problem": pa.array([None, None, "email_no_at"], pa.string()),
        "phone_problem": pa.array([None, None, "phone_too_short"], pa.string()),
    }
    return to_frame({**columns, **changes})


def test_rows_are_split_by_the_model():
    accepted, failures = split(frame(), Row)
    assert accepted.tolist() == [True, False, False]
    assert failures.rules == {1: ("no_contact",), 2: ("email_no_at", "phone_too_short")}
    assert failures.counts() == {
        "no_contact": 1,
        "email_no_at": 1,
        "phone_too_short": 1,
    }


def test_a_frame_of_another_shape_is_a_bug():
    with pytest.raises(TypeError, match="no column `phone_problem`"):
        split(frame().drop(columns="phone_problem"), Row)
    with pytest.raises(TypeError, match="`email_problem` is"):
        split(frame().astype({"email_problem": "object"}), Row)


def test_the_model_itself_refuses_what_split_refuses():
    import pandera.pandas as pandera

    good = frame().iloc[:1]
    assert Row.validate(good, lazy=True).equals(good)
    with pytest.raises(pandera.errors.SchemaErrors):
        Row.validate(frame(), lazy=True)
    assert good["email_problem"].dtype == TEXT
    assert isinstance(good, pd.DataFrame)
    assert np.asarray(good["has_contact"]).all()
