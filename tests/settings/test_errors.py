"""The error tree and the precedence of exit codes."""

import pytest

from pipeline import errors
from pipeline.errors import PipelineError, worst
from schemas.outcomes import ExitCode


def leaves(kind=PipelineError):
    below = [k for k in kind.__subclasses__() if k.__module__ == errors.__name__]
    return [kind] if not below else [leaf for k in below for leaf in leaves(k)]


@pytest.mark.parametrize("kind", leaves(), ids=lambda k: k.__name__)
def test_each_error_has_a_code_a_message_and_perhaps_a_hint(kind):
    error = kind("what", hint="next")
    assert (str(error), error.message, error.hint) == ("what", "what", "next")
    assert kind("what").hint is None
    assert isinstance(error.exit_code, ExitCode)
    assert error.exit_code not in (ExitCode.OK, ExitCode.LEFTOVERS)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), 0),
        ((0, 3), 3),
        ((3, 4), 4),
        ((4, 5, 3), 5),
        ((5, 6), 6),
        ((6, 143), 143),
        ((143, 130), 130),
        ((130, 1, 6), 1),
    ],
)
def test_the_worst_code_wins(codes, expected):
    assert worst(*map(ExitCode, codes)) == expected
