"""Leftovers weighed: which exit code a command ends with."""

import pytest

from pipeline.cli.ending import settled_code
from pipeline.cli.options import Common

ROWS = {"read": 10, "created": 7, "rejected": 1, "review": 1, "failed": 1}


@pytest.mark.parametrize(
    ("code", "options", "rows", "ended"),
    [
        (3, {}, ROWS, 3),
        (3, {"allow_leftovers": True}, ROWS, 0),
        (3, {"allow_leftovers": True}, None, 0),
        (3, {"max_leftover_rate": 0.3}, ROWS, 0),
        (3, {"max_leftover_rate": 0.29}, ROWS, 3),
        (3, {"max_leftover_rate": 1.0}, {"read": 0}, 3),
        (3, {"max_leftover_rate": 1.0}, None, 3),
        (4, {"allow_leftovers": True, "max_leftover_rate": 1.0}, ROWS, 4),
        (0, {}, ROWS, 0),
    ],
)
def test_only_leftovers_can_be_allowed(code, options, rows, ended):
    assert settled_code(code, Common(**options), rows) == ended
