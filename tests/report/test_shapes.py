"""Shapes of values: what is wrong can be seen, whose it is cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.shapes import digits_in, shape


@pytest.mark.parametrize(
    ("value", "shown", "digits"),
    [
        ("+237 6 70 00 00 01", "+••• • •• •• •• ••", 12),
        ("Awa.Ndo@mail,com", "xxx.xxx@xxxx,xxx", 0),
        ("N/A", "x/x", 0),
        ("٦٧٠", "•••", 3),
        ("é\u0301ñ", "xxx", 0),
        ("\u200e+1\u00a02", "▯+• •", 2),
        ("x" * 50, "x" * 40 + "…", 0),
        ("", "", 0),
    ],
)
def test_shapes(value, shown, digits):
    assert shape(value) == shown
    assert digits_in(value) == digits


@given(st.text(max_size=60))
def test_no_letter_and_no_digit_survives(value):
    shown = shape(value)
    assert not [letter for letter in shown if letter.isalnum() and letter != "x"]
    assert len(shown) <= 41


@given(st.from_regex(r"\+237 6[0-9]{8}", fullmatch=True))
def test_a_shape_does_not_tell_who_it_is(number):
    assert shape(number) == "+••• •••••••••"
