"""Digest, guards and forecast of a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plan.digest import digest, identity
from pipeline.plan.forecast import Forecast, forecast
from pipeline.plan.guards import Counts, Limits, look, refusal_text, refusals

CHANGES = [
    ("cus.1", "metadata.town", None, "Buea"),
    ("cus.1", "name", "AWA", "Awa"),
    ("new:ab", "email", None, "awa@example.com"),
]
POLICIES = {"prefer": "existing", "dedupe": "strict", "only": None}


def test_a_digest_is_the_same_everywhere():
    assert digest("acc_1", POLICIES, CHANGES) == (
        "498647e634139909556abda11298fdbad427ef56f311945c0b196e1d20d36956"
    )


def test_a_digest_is_streamed_and_knows_no_order_of_policies():
    turned = dict(reversed(POLICIES.items()))
    assert digest("a", turned, iter(CHANGES)) == digest("a", POLICIES, CHANGES)


@pytest.mark.parametrize(
    "other",
    [
        ("acc_2", POLICIES, CHANGES),
        ("acc_1", {**POLICIES, "prefer": "file"}, CHANGES),
        ("acc_1", POLICIES, CHANGES[:2]),
        ("acc_1", POLICIES, [*CHANGES[:2], ("new:ab", "email", "", "awa@example.com")]),
        (
            "acc_1",
            POLICIES,
            [*CHANGES[:2], ("new:ab", "email", None, "eva@example.com")],
        ),
        ("acc_1", POLICIES, [("cus.1metadata.town", "", None, "Buea"), *CHANGES[1:]]),
    ],
)
def test_a_digest_tells_account_policies_and_changes_apart(other):
    assert digest(*other) != digest("acc_1", POLICIES, CHANGES)


TEXT = st.one_of(st.none(), st.text(max_size=8))
LINES = st.lists(st.tuples(TEXT, TEXT, TEXT, TEXT), max_size=4)


@given(LINES, LINES)
def test_two_plans_share_a_digest_only_if_they_are_equal(one, other):
    assert (digest("a", {}, one) == digest("a", {}, other)) is (one == other)


def test_an_identity_tells_who_without_saying_it():
    one = identity("Awa", "awa@example.com", None)
    assert one == identity("Awa", "awa@example.com", None)
    assert one != identity("Awa", None, "awa@example.com")
    assert one.startswith("new:")
    assert "awa" not in one
    assert len(one) == 4 + 64
    assert identity("\udcff", None, None)  # a broken cell is no reason to fail


LIMITS = Limits(0.25, 0.30, 500)


def refused(counts, limits=LIMITS):
    return refusal_text(refusals(look(Counts(*counts), limits)))


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        # read, rejected, matched, overwritten
        ((0, 0, 0, 0), ""),
        ((19, 19, 19, 19), ""),
        ((20, 5, 0, 0), ""),
        ((20, 6, 0, 0), "max_reject_rate is 30.0%, limit 25.0%"),
        ((100, 0, 20, 6), ""),
        ((100, 0, 20, 7), "max_overwrite_rate is 35.0%, limit 30.0%"),
        ((9999, 0, 9999, 500), ""),
        ((9999, 0, 9999, 501), "max_overwrites is 501, limit 500"),
        (
            (1000, 300, 600, 600),
            (
                "max_reject_rate is 30.0%, limit 25.0%; "
                "max_overwrite_rate is 100.0%, limit 30.0%; max_overwrites is 600, limit 500"
            ),
        ),
    ],
)
def test_guards_refuse_above_their_limit(counts, text):
    assert refused(counts) == text


def test_a_guard_is_passed_by_name_or_by_force():
    counts = Counts(1000, 300, 600, 600)
    one = look(counts, Limits(0.25, 0.30, 500, passed=("max_reject_rate",)))
    assert [g.passed_by for g in one] == ["--pass max_reject_rate", None, None]
    assert [g.name for g in refusals(one)] == ["max_overwrite_rate", "max_overwrites"]
    every = look(counts, Limits(0.25, 0.30, 500, force=True))
    assert [g.passed_by for g in every] == ["--force"] * 3
    assert refusals(every) == []


def test_a_guard_that_does_not_refuse_was_not_passed():
    calm = look(Counts(100, 1, 0, 0), Limits(0.25, 0.30, 500, force=True))
    assert [(g.value, g.refused, g.passed_by) for g in calm] == [
        (0.01, False, None),
        (0.0, False, None),
        (0.0, False, None),
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # writes, updates, rate, read age
        ((0, 0, 2.0, 300), Forecast(0, 0.0)),
        ((100, 0, 2.0, 300), Forecast(100, 50.0)),
        ((100, 0, None, 300), Forecast(100, 5.0)),
        # All 600 within the 300 s that a reading stays fresh, then one GET each.
        ((600, 600, 2.0, 300), Forecast(600, 300.0)),
        ((700, 700, 2.0, 300), Forecast(800, 400.0)),
        ((700, 100, 2.0, 300), Forecast(800, 400.0)),
    ],
)
def test_a_forecast(asked, expected):
    assert forecast(*asked) == expected
