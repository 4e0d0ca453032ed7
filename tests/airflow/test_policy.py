"""Which books are green under which policy."""

import pytest

from pipeline.airflow.policy import breaches, limits
from pipeline.errors import UsageError


def books(**rows):
    return {"read": sum(rows.values()), **rows}


@pytest.mark.parametrize(
    ("rows", "fail_on", "texts"),
    [
        (books(created=3), None, []),
        (books(), None, []),
        (books(created=1, rejected=3, review=2), None, []),
        (books(created=9, failed=1), None, ["1 of 10 rows failed, limit 0"]),
        (books(created=9, not_attempted=1), None, ["1 of 10 rows not_attempted, limit 0"]),
        (books(created=9, failed=1), {"failed": 1}, []),
        (books(created=9, failed=1), {"failed": None}, []),
        (books(created=3, rejected=1), {"rejected": 0.25}, []),
        (books(created=2, rejected=2), {"rejected": 0.25}, ["2 of 4 rows rejected, limit 25.0%"]),
        (books(created=2, review=2), {"review": 0.0}, ["2 of 4 rows review, limit 0.0%"]),
        (books(rejected=2), {"rejected": None}, ["not one of the 2 rows read came through"]),
        (
            books(rejected=1, failed=1),
            {"failed": None},
            ["not one of the 2 rows read came through"],
        ),
        (books(rejected=1, review=1), None, []),
        (books(accepted=1, rejected=1), {"rejected": 0}, ["1 of 2 rows rejected, limit 0"]),
    ],
)  # fmt: skip
def test_limits(rows, fail_on, texts):
    assert [each.text for each in breaches(rows, limits(fail_on))] == texts


@pytest.mark.parametrize(
    ("rows", "is_final"),
    [
        ({"rejected": 2, "created": 2}, True),
        ({"review": 2, "created": 2}, True),
        ({"failed": 2, "created": 2}, False),
        ({"not_attempted": 2, "created": 2}, False),
    ],
)
def test_only_what_may_change_is_tried_again(rows, is_final):
    allowed = limits(
        dict.fromkeys(("rejected", "review", "failed", "not_attempted"), 0)
    )
    (found,) = breaches(books(**rows), allowed)
    assert found.is_final is is_final


@pytest.mark.parametrize(
    "fail_on",
    [
        {"created": 0},
        {"rejected": 1.5},
        {"failed": -1},
        {"failed": True},
        {"failed": "0"},
    ],
)
def test_a_policy_that_is_none_is_refused(fail_on):
    with pytest.raises(UsageError, match="fail_on"):
        limits(fail_on)
