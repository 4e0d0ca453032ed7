"""Cells as numbers, dates and yes or no: nothing is guessed."""

import pyarrow as pa
import pytest

from pipeline.own.cells import numbers_of, texts_of

CELLS = {
    ("number", "1234.5"): "1234.5",
    ("number", "1 234,50"): "1234.50",
    ("number", "1\u202f234\u00a0567"): "1234567",
    ("number", "1'234.50"): "1234.50",
    ("number", "1,234"): None,
    ("number", "1,234,567"): "1234567",
    ("number", "1,234.50"): "1234.50",
    ("number", "1.234,50"): "1234.50",
    ("number", "1.234.567"): "1234567",
    ("number", "1.234.567,5"): "1234567.5",
    ("number", "0,125"): "0.125",
    ("number", "12,5"): "12.5",
    ("number", "-7"): "-7",
    ("number", "+7"): "7",
    ("number", "7 FCFA"): None,
    ("number", "1e3"): None,
    ("number", None): None,
    ("integer", "7.0"): "7",
    ("integer", "7,5"): None,
    ("date", "2026-01-31"): "2026-01-31",
    ("date", "2026-1-3"): "2026-01-03",
    ("date", "2026-01-31 10:20:30"): "2026-01-31",
    ("date", "2026-01-31T00:00"): "2026-01-31",
    ("date", "31/01/2026"): "2026-01-31",
    ("date", "3.1.2026"): "2026-01-03",
    ("date", "31-01-2026 08:00"): "2026-01-31",
    ("date", "31/02/2026"): None,
    ("date", "29/02/2024"): "2024-02-29",
    ("date", "01/31/2026"): None,
    ("date", "31/01/26"): None,
    ("date", "soon"): None,
    ("boolean", "Oui"): "true",
    ("boolean", " NO "): "false",
    ("boolean", "maybe"): None,
    ("text", "  a b "): "a b",
}


@pytest.mark.parametrize(("said", "read"), CELLS.items(), ids=map(str, CELLS))
def test_a_cell_is_read_as_its_kind_or_not_at_all(said, read):
    kind, cell = said
    assert texts_of(pa.array([cell], pa.string()), kind).to_pylist() == [read]


def test_what_was_read_compares_as_a_number():
    assert numbers_of(pa.array(["-1.5", None]), "number").to_pylist() == [-1.5, None]
    assert numbers_of(pa.array(["2026-01-31"]), "date").to_pylist() == [20260131.0]
