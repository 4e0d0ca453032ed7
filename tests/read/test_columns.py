"""A column of a sheet is the same text on both sides of the child's pipe."""

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.read.columns import text_array
from pipeline.read.workbook_child import cell_text, pack

CELLS = st.one_of(
    st.just(""),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.floats(),
    st.integers(-(10**18), 10**18).map(float),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(dt.timedelta(-9), dt.timedelta(9)),
    st.integers(),
)


@given(
    st.one_of(
        st.lists(CELLS, min_size=1),
        st.lists(st.floats(), min_size=1),
        st.lists(st.integers(-(2**53), 2**53).map(float), min_size=1),
    )
)
def test_each_cell_is_the_text_that_a_person_would_have_typed(column):
    array = text_array(pack(column))
    array.validate(full=True)
    assert array.to_pylist() == [cell_text(cell) for cell in column]


@pytest.mark.parametrize(
    ("column", "kind", "texts"),
    [
        (["", "é", "😀\x1f", ""], "texts", [None, "é", "😀\x1f", None]),
        ([""], "texts", [None]),
        (["a\0b", ""], "cells", ["a\0b", None]),
        ([237670000001.0, -0.0, -5.0], "numbers", ["237670000001", "0", "-5"]),
        (
            [1e15 - 1, 1e15, 2.5, float("nan")],
            "numbers",
            ["999999999999999", "1000000000000000", "2.5", "nan"],
        ),
        ([1.0, "", True, dt.date(2024, 2, 29)], "texts", ["1", None, "TRUE", "2024-02-29"]),
    ],
)  # fmt: skip
def test_how_a_column_travels(column, kind, texts):
    packed = pack(column)
    assert packed[0] == kind
    assert text_array(packed).equals(pa.array(texts, pa.string()))
