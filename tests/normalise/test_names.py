"""Names, countries, metadata and what all columns share."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.normalise import marks, textarrays
from pipeline.normalise.column import Column, Remark
from pipeline.normalise.contacts import first_good
from pipeline.normalise.country import (
    countries,
    country_code,
    key,
    normalise_countries,
)
from pipeline.normalise.findings import mask
from pipeline.normalise.metadata import to_json
from pipeline.normalise.name import join_names, normalise_names, tidy_name
from tests.normalise.helpers import cells


def name(text):
    column = normalise_names(cells(text))
    return column.values[0].as_py(), tuple(remark.rule for remark in column.remarks)


@pytest.mark.parametrize(
    ("text", "expected", "rules"),
    [
        ("Jean Ngono", "Jean Ngono", ()),
        ("  Jean   Ngono ", "Jean Ngono", ()),
        ("Jean\u00a0Ngono", "Jean Ngono", ()),
        ("Jean\tNgono\n", "Jean Ngono", ()),
        ("Aïcha N'Guessan", "Aïcha N'Guessan", ()),
        ("Ai\u0308cha", "Aïcha", ()),
        ("Ève\u200b", "Ève", ("invisible_marks",)),
        ("Jean\x00", "Jean", ("invisible_marks",)),
        ('="Jean"', "Jean", ("formula_text",)),
        ("client divers", None, ("name_placeholder",)),
        ("Néant", None, ("name_placeholder",)),
        ("N/A", None, ("name_placeholder",)),
        ("12345", "12345", ("name_numbers_only",)),
        ("AndrÃ©", "AndrÃ©", ("mojibake",)),
        ("J\u0435an", "J\u0435an", ("mixed_script",)),
        ("Иван Petrov", "Иван Petrov", ()),
        ("x" * 129, "x" * 129, ("name_long",)),
        ("\u200b", None, ("invisible_marks",)),
    ],
)
def test_a_name_is_tidied_and_never_guessed(text, expected, rules):
    assert name(text) == (expected, rules)


def test_first_and_last_names_are_joined():
    joined = join_names(
        cells("Jean", None, "Awa", None), cells("Ngono", "Sow", None, None)
    )
    assert joined.to_pylist() == ["Jean Ngono", "Sow", "Awa", None]


@given(st.text(max_size=30))
@settings(max_examples=100, deadline=None)
def test_tidying_a_name_twice_changes_nothing(text):
    once = tidy_name(text)
    assert tidy_name(once) == once
    whole = normalise_names(cells(text or None)).values[0].as_py()
    assert (
        whole is None or whole == once or whole.startswith("=") or text.startswith("=")
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CM", "CM"),
        ("cmr", "CM"),
        ("Cameroun", "CM"),
        ("CAMEROON", "CM"),
        (" Kamerun ", "CM"),
        ("Côte d'Ivoire", "CI"),
        ("Cote d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("RDC", "CD"),
        ("Congo", "CG"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("République centrafricaine", "CF"),
        ("Trinidad & Tobago", "TT"),
        ("Atlantide", None),
        ("?", None),
    ],
)
def test_countries_are_known_by_name_and_code(text, code):
    assert country_code(text) == code


def test_no_name_of_a_country_stands_for_two():
    seen = {}
    import csv
    from importlib import resources

    text = (resources.files("pipeline.normalise") / "countries.csv").read_text("utf-8")
    for row in csv.DictReader(text.splitlines()):
        for spelling in {
            key(n) for n in (row["iso2"], row["iso3"], *row["names"].split("|"))
        }:
            assert seen.setdefault(spelling, row["iso2"]) == row["iso2"], spelling
    assert len(set(countries().values())) == 250


def test_unknown_countries_are_said():
    column = normalise_countries(cells("CM", None, "Atlantide", "Atlantide"))
    assert column.values.to_pylist() == ["CM", None, None, None]
    assert [(r.position, r.rule) for r in column.remarks] == [
        (2, "country_unknown"),
        (3, "country_unknown"),
    ]


TEXTS = st.one_of(st.none(), st.text(min_size=1, max_size=12))


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5),
        st.lists(TEXTS, min_size=3, max_size=3),
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_metadata_is_the_json_that_python_would_write(columns):
    built = to_json([(k, cells(*values)) for k, values in columns.items()], 3)
    for row, text in enumerate(built.to_pylist()):
        expected = {k: v[row] for k, v in columns.items() if v[row] is not None}
        written = json.dumps(
            expected, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        assert text == written


def test_metadata_without_columns_or_rows():
    assert to_json([], 2).to_pylist() == ["{}", "{}"]
    assert to_json([("a", cells())], 0).to_pylist() == []
    sliced = cells("x", 'a"b', "y").slice(1)
    assert to_json([("k", sliced)], 2).to_pylist() == ['{"k":"a\\"b"}', '{"k":"y"}']


def test_the_first_good_contact_is_used_and_others_are_kept():
    bad = Remark(1, "email_no_at", "bad")
    nothing = Remark(2, "says_nothing", "n/a")
    first = Column(
        cells("a", None, None, "s"), {1: bad, 2: nothing}, (), {0: ("z", "y")}
    )
    second = Column(cells("b", "c", None, "s"))
    contact = first_good([("one", first), ("two", second)], 4)
    assert contact.values.to_pylist() == ["a", "c", None, "s"]
    assert contact.problems == {1: [bad]}
    assert contact.remarks == [nothing]
    kept = {header: column.to_pylist() for header, column in contact.kept}
    assert kept == {"one 2": ["z; y", None, None, None], "two": ["b", None, None, None]}
    assert first_good([], 2).values.to_pylist() == [None, None]
    assert first_good([("one", second), ("two", second)], 4).kept == []


def test_blank_cells_are_empty():
    column = cells("a", " ", "", None, "\u00a0\t", "é", " b")
    found = textarrays.blank_to_null(column)
    assert found.to_pylist() == ["a", None, None, None, None, "é", " b"]
    assert textarrays.blank_to_null(cells()).to_pylist() == []
    assert textarrays.blank_to_null(cells(None)).to_pylist() == [None]


def test_columns_of_any_shape_are_read_as_text():
    assert textarrays.as_text(pa.chunked_array([], pa.string())).to_pylist() == []
    chunks = pa.chunked_array([["a"], ["b"]], pa.large_string())
    assert textarrays.as_text(chunks).to_pylist() == ["a", "b"]
    assert textarrays.as_text(pa.array([1])).to_pylist() == ["1"]


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "jane@example.com", "j…@…"),
        ("email", "jane", "j…"),
        ("phone", "+237670000012", "+237…12"),
        ("phone", "670000012", "67…12"),
        ("phone", "112", "…"),
        ("name", "Jane", "J…"),
        ("name", None, ""),
        ("name", "", ""),
    ],
)
def test_values_are_shown_masked(field, value, shown):
    assert mask(field, value) == shown


def test_marks_that_nobody_sees_are_taken_out():
    assert marks.see_through(" a\x07b\u2028c\t1") == (
        "ab c 1",
        ("invisible_marks", "unusual_blanks"),
    )
    assert marks.see_through("Ａ１é") == ("A1é", ("foreign_digits",))
