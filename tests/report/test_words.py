"""The words of pages: both languages say the same, figures read well."""

import re

import pytest

from pipeline.report.words import Words, _texts, guard_figure
from schemas.rules import rules

EN, FR = Words("en"), Words("fr")


def test_every_text_is_there_twice_with_the_same_facts():
    wrong = []
    for group, texts in _texts().items():
        for name, pair in texts.items():
            braces = [sorted(re.findall(r"\{(\w+)\}", text)) for text in pair]
            if len(pair) != 2 or braces[0] != braces[1] or not all(pair):
                wrong.append((group, name))
    assert wrong == []


def test_every_rule_can_be_told_without_a_value():
    for name in rules():
        for words in (EN, FR):
            told = words.rule(name)
            assert told
            assert "{" not in told
            assert told[0] == told[0].upper()


@pytest.mark.parametrize(
    ("rule", "english", "french"),
    [
        (
            "phone_too_short",
            "Phone has too few digits",
            "Le téléphone a trop peu de chiffres",
        ),
        ("no_such_rule", "no_such_rule", "no_such_rule"),
    ],
)
def test_rules(rule, english, french):
    assert (EN.rule(rule), FR.rule(rule)) == (english, french)


def test_advice_of_an_unknown_rule_is_nothing():
    assert EN.advice("no_such_rule") == ""


@pytest.mark.parametrize(
    ("value", "digits", "english", "french"),
    [
        (1234567.5, 1, "1,234,567.5", "1\u202f234\u202f567,5"),
        (0, 0, "0", "0"),
    ],
)
def test_numbers(value, digits, english, french):
    assert EN.number(value, digits) == english
    assert FR.number(value, digits) == french


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (1, 4, "25%"),
        (0, 7, "0%"),
        (7, 7, "100%"),
        (1, 1000, "0.1%"),
        (999, 1000, "99.9%"),
        (0, 0, "–"),
    ],
)
def test_shares(part, whole, shown):
    assert EN.share(part, whole) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(4.25, "4.2 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds, shown):
    assert EN.duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (999, "999 B", "999 o"),
        (27_900, "27.9 kB", "27,9 ko"),
        (5e12, "5,000.0 GB", "5\u202f000,0 Go"),
    ],
)
def test_sizes(count, english, french):
    assert (EN.size(count), FR.size(count)) == (english, french)


def test_french_marks_stay_on_the_line_of_their_word():
    assert "personne\xa0: remplissez" in FR.text("next", "pairs", count=3)
    assert "«\xa0décision\xa0»" in FR.text("next", "pairs", count=3)


def test_a_name_without_a_text_is_its_own_text():
    assert EN.text("guard", "another_guard") == "another_guard"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("max_reject_rate", 0.059, "6%"),
        ("max_overwrites", 500.0, "500"),
        ("stale_source", 2.5, "2.5"),
    ],
)
def test_guards(name, value, shown):
    assert guard_figure(EN, {"name": name, "value": value}, "value") == shown
