"""Rules of one's own on the cells of a chunk, compiled to pandera."""

import pickle

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import InputError
from pipeline.own.columns import bind, find_header, present
from pipeline.own.judging import Places, judge_own
from schemas.columns import ColumnMap
from schemas.outcomes import Severity
from schemas.own import BoundRules, OwnMetadata, OwnRule, OwnRules

WARN = Severity.WARNING


def judged(cells, *rules, types=(), lang="en"):
    """Try `rules` on one column `c`; rows are 11, 12, …, lines 21, 22, …"""
    count = len(cells)
    column = pa.array(cells, pa.string())
    bound = BoundRules(tuple((rule, "c") for rule in rules), types)
    bound = pickle.loads(pickle.dumps(bound))
    places = Places(np.arange(11, 11 + count), np.arange(21, 21 + count), lang)
    return judge_own(bound, lambda _: column, places)


def told(found):
    return [
        (f.row, f.line, f.rule, str(f.severity), f.original) for f in found.findings
    ]


def test_nothing_is_asked_of_nothing():
    found = judged(["a"])
    assert (found.refused, found.findings, found.typed) == ({}, (), {})


CASES = {
    "required": (OwnRule("r", "c", required=True), ["a", None, "b"], {1: None}),
    "allowed": (OwnRule("r", "c", allowed=("a", "b")), ["a", None, " b ", "A"], {3: "A"}),
    "pattern": (OwnRule("r", "c", pattern=r"C\d+|X"), ["C1", None, "xC1", "X", "C1\n"], {2: "xC1"}),
    "min": (OwnRule("r", "c", kind="number", least=2.0), ["2", None, "1,99", "3"], {2: "1,99"}),
    "max": (OwnRule("r", "c", kind="date", most=20260131.0), ["31/01/2026", "2026-02-01", None], {1: "2026-02-01"}),
    "type": (OwnRule("r", "c", kind="integer"), ["1", "x", None, "1.5"], {1: "x", 3: "1.5"}),
    "unique": (OwnRule("r", "c", unique=True), ["a", "a"], {}),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "cells", "bad"), CASES.values(), ids=CASES.keys())
def test_a_constraint_finds_its_cells(rule, cells, bad):
    found = judged(cells, rule)
    assert told(found) == [
        (11 + place, 21 + place, "r", "error", value) for place, value in bad.items()
    ]
    assert found.refused == dict.fromkeys(bad, "r")


def test_a_warning_refuses_nothing_and_the_first_error_names_the_row():
    a = OwnRule("a", "c", severity=WARN, allowed=("y",))
    b = OwnRule("b", "c", pattern="y")
    c = OwnRule("c", "c", allowed=("y",))
    found = judged(["x"], a, b, c)
    assert [rule for _, _, rule, _, _ in told(found)] == ["a", "b", "c"]
    assert found.refused == {0: "b"}


def test_a_cell_is_told_its_first_fault_only():
    rule = OwnRule("r", "c", required=True, kind="number", least=1.0, most=3.0)
    found = judged([None, "x", "0", "4", "2"], rule)
    assert [f.message for f in found.findings] == [
        "“c” is empty, and a value is required",
        "“c” does not hold a number that can be read without guessing",
        "“c” is below 1",
        "“c” is above 3",
    ]


def test_texts_of_ones_own_and_the_nearest_value_are_offered():
    rule = OwnRule(
        "r", "c", allowed=("Akwa", "Bonapriso"), texts=(("fr", "boutique ?"),)
    )
    (near,) = judged(["bonaprizo"], rule, lang="fr").findings
    assert (near.message, near.suggestion) == ("boutique ?", "Bonapriso")
    (far,) = judged(["Paris"], rule).findings
    assert far.suggestion == "Write one of: Akwa, Bonapriso"
    mine = OwnRule("r", "c", required=True, texts=(("do_en", "ask the agent"),))
    (empty,) = judged([None], mine).findings
    assert empty.suggestion == "ask the agent"


def test_metadata_takes_the_form_of_its_type_or_stays_and_is_told():
    found = judged(["1 000,5", "many", None], types=(("c", "number"),))
    assert found.typed["c"].to_pylist() == ["1000.5", "many", None]
    assert [(f.row, f.rule, f.original) for f in found.findings] == [
        (12, "metadata_type", "many")
    ]
    assert found.refused == {}


HEADERS = ("Nom", "Téléphone", "Code client")
COLUMNS = ColumnMap(name="Nom", emails=(), phones=("Téléphone",))


@pytest.mark.parametrize(
    ("named", "header"),
    [
        ("code CLIENT", "Code client"),
        ("Code client", "Code client"),
        ("phone", "Téléphone"),
        ("name", "Nom"),
    ],
)
def test_a_rule_finds_its_column_by_header_or_field(named, header):
    rule = OwnRule("r", named, unique=True)
    bound, missing = bind(OwnRules((rule,)), HEADERS, COLUMNS)
    assert bound.rules == ((rule, header),)
    assert missing == ()


def test_a_column_that_is_not_there():
    optional = OwnRule("a", "Shop", unique=True)
    wanted = OwnRule("b", "email", needs_column=True, severity=WARN)
    own = OwnRules((optional, wanted), OwnMetadata(types=(("shop", "number"),)))
    bound, missing = bind(own, HEADERS, COLUMNS)
    assert (bound, missing) == (BoundRules(), (wanted,))
    needed = OwnRule("c", "Shop", needs_column=True)
    with pytest.raises(InputError) as caught:
        bind(OwnRules((needed,)), HEADERS, COLUMNS)
    assert "no column `Shop`, which the rule `c` requires" in caught.value.message
    assert "`Code client`" in caught.value.message


def test_types_are_bound_and_names_of_other_files_left_out():
    own = OwnRules(metadata=OwnMetadata(types=(("code client", "integer"),)))
    bound, _ = bind(own, HEADERS, COLUMNS)
    assert bound.types == (("Code client", "integer"),)
    assert present(("nom", "Shop"), HEADERS) == ("Nom",)
    assert find_header(("A b", "a-b"), "AB") is None
