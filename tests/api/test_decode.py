"""Reading the JSON of answers: quickly, and exactly where money is told."""

from decimal import Decimal

import pytest

from pipeline.api.decode import decode, decode_exactly, has_fractions


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b"  ", None),
        (b'{"a":1}', {"a": 1}),
        (b'{"a":"\\ud83d"}', {"a": "?"}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":NaN, "b":1}', None),
        ('{"a":"é"}'.encode("utf-16"), {"a": "é"}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
    ],
)
def test_what_an_answer_holds(content, body):
    told = decode(content)
    assert told == body or (body is None and told["b"] == 1)


@pytest.mark.parametrize("content", [b"<html>", b"{", b"[" * 100_000, b'{"a":"\xff"}'])
def test_what_is_no_json(content):
    with pytest.raises(ValueError):
        decode(content)


def test_fractions_are_exact_where_they_are_asked_for():
    content = b'{"items":[{"amount": 12345678901234.5678, "note": "\\ud83d"}]}'
    assert has_fractions(content)
    (row,) = decode_exactly(content)["items"]
    assert row == {"amount": Decimal("12345678901234.5678"), "note": "?"}


@pytest.mark.parametrize(
    ("content", "has"),
    [
        (b'{"a":1,"b":"1.5","c":"T10:00:21.000Z"}', False),
        (b'{"a":-0.5}', True),
        (b'{"a":1e3}', True),
    ],
)
def test_fractions_are_seen_in_fields_only(content, has):
    assert has_fractions(content) is has
