"""Charts: static SVG in the page's own colours, that cannot disturb the page."""

import re
from xml.etree import ElementTree as ET

import pytest

from pipeline.report.charts import (
    Bar,
    Series,
    bars,
    pairs_of_bars,
    rows_and_share,
    steps,
)

LONG = "A sentence that is too long to stand above a bar in one line, surely"


def drawn():
    """Return every kind of chart by name."""
    two = (Series("filled", [90, 80], "before"), Series("usable", [85, 70], "accent"))
    return {
        "bars": bars("a", "T", [Bar("x$y$ <é>", 3, "3", "good"), Bar("z", 0, "0")]),
        "above": bars("b", "T", [Bar(LONG, 3, "3", "bad")], above=True),
        "none": bars("c", "T", []),
        "pairs": pairs_of_bars("d", "T", ["Name", "Phone"], two),
        "steps": steps(
            "e",
            "T",
            [0, 1, 5],
            [Series("sent", [0, 5, 9], "accent"), Series("waited", [0, 0, 0], "warn")],
            "minutes",
        ),
        "drift": rows_and_share(
            "f",
            "T",
            ["11-01", "this"],
            Series("rows", [10, 12], "accent"),
            Series("% rejected", [0, 5.5], "bad"),
        ),
    }


CHARTS = drawn()


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_an_element_of_the_page(name):
    svg = CHARTS[name]
    root = ET.fromstring(svg.replace("<svg ", '<svg xmlns="s" ', 1))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "T"
    assert "<style" not in svg
    assert "<metadata" not in svg
    assert not re.search(r"#[0-9a-f]{6}", svg)
    assert "DejaVu" not in svg
    assert len(svg) < 40_000


def test_ids_of_two_charts_do_not_meet():
    ids = [i for svg in CHARTS.values() for i in re.findall(r'id="([^"]*)"', svg)]
    assert len(ids) == len(set(ids))


def test_labels_are_text_and_escaped():
    assert "x$y$ &lt;é&gt;" in CHARTS["bars"]


def test_a_long_label_is_cut_at_a_word():
    assert "A sentence that is too long to stand above a…" in CHARTS["above"]


def test_the_same_chart_is_drawn_the_same():
    assert drawn()["drift"] == CHARTS["drift"]
