"""The switches of `--dialect`."""

import pytest

from pipeline.sandbox import Dialect, SpecError
from pipeline.sandbox.dialect import choices


def test_the_default_is_the_first_value_of_every_switch():
    said = Dialect()
    for name, values in choices().items():
        assert getattr(said, name) == (values[0] if values else 0.0)


def test_every_switch_parses_to_each_of_its_values():
    for name, values in choices().items():
        for value in values:
            assert getattr(Dialect.parse(f"{name}={value}"), name) == value


def test_several_switches_and_blanks():
    said = Dialect.parse(" update=put, code=text ,, search_lag=1.5")
    assert said == Dialect(update="put", code="text", search_lag=1.5)


def test_every_switch_is_described():
    for name in choices():
        assert f"\n        {name}: " in Dialect.__doc__


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("update", "`--dialect`: `update` is not NAME=VALUE", "write"),
        (
            "updat=put",
            "`--dialect`: there is no switch `updat`",
            "the switches are update",
        ),
        ("update=patch", "`--dialect`: `update` cannot be `patch`", "both, post, put"),
        (
            "search_lag=x",
            "`--dialect`: `search_lag` needs a number from 0 on, found `x`",
            "point",
        ),
        (
            "search_lag=-1",
            "`--dialect`: `search_lag` needs a number from 0 on, found `-1`",
            "point",
        ),
        (
            "search_lag=nan",
            "`--dialect`: `search_lag` needs a number from 0 on, found `nan`",
            "point",
        ),
    ],
)
def test_what_it_does_not_understand_it_says(spec, message, hint):
    with pytest.raises(SpecError) as error:
        Dialect.parse(spec)
    assert error.value.message == message
    assert hint in error.value.hint
