"""No header gives a person away."""

import pytest

from pipeline.recognise import looks_like_data, show_header, show_headers


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (" Nom ", "Nom"),
        ("awa@example.com", "a…@…"),
        ("Mail: awa@example.com!", "Mail: a…@…"),
        ("+237 670 00 00 01", "+2…"),
        ("Tel 670000001", "Tel 67…"),
        ("677", "67…"),
        ("12", "12"),
        ("1 234,56", "1 …"),
        ("Q1 2026", "Q1 2026"),
        ("x" * 50, "x" * 39 + "…"),
        ("", ""),
    ],
)
def test_show_header(header, shown):
    assert show_header(header) == shown


def test_many_headers_are_cut():
    text = show_headers([f"c{n}" for n in range(45)])

    assert text.endswith("`c39` and 5 more")


@pytest.mark.parametrize(
    ("cells", "data"),
    [
        (("Nom", "Tél"), False),
        (("Nom", "a@example.com"), True),
        (("(670) 000-001",), True),
        (("2024-01", "123456"), False),
    ],
)
def test_looks_like_data(cells, data):
    assert looks_like_data(cells) is data
