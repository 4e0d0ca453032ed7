"""What a spreadsheet could run is protected, and the protection comes off exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.files.formula import protect, unprotect

CASES = [
    ("=1+1", "'=1+1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\tx", "'\tx"),
    ("\rx", "'\rx"),
    ("+237670000001", "+237670000001"),
    ("+237 6 70 00 00 01", "+237 6 70 00 00 01"),
    ("+44 (0)7700-900.001", "+44 (0)7700-900.001"),
    ("-1,5", "-1,5"),
    ("-.5", "-.5"),
    ("+x", "'+x"),
    ("-", "'-"),
    ("+", "'+"),
    ("- 5", "'- 5"),
    ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
    ("'=1", "''=1"),
    ("'plain", "'plain"),
    ("'", "'"),
    ("", ""),
    ("a=1", "a=1"),
    (" =1", " =1"),
]


@pytest.mark.parametrize(("cell", "written"), CASES)
def test_cells_are_protected_and_come_back(cell, written):
    assert protect(cell) == written
    assert unprotect(written) == cell


@given(st.text(st.sampled_from("'=@+-\t\r1a \n.,("), max_size=8))
def test_protection_is_taken_back_exactly(cell):
    assert unprotect(protect(cell)) == cell
    assert not protect(cell).startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize("cell", ["'x", "'1", "x'=", "'+237670000001"])
def test_only_a_protecting_mark_comes_off(cell):
    assert unprotect(cell) == cell
