"""The page: every figure is the summary's, every part is named, nobody is in it."""

import re
from html.parser import HTMLParser

import pytest

from pipeline.report.next_steps import next_steps
from pipeline.report.page import render
from pipeline.report.words import Words
from tests.report.facts import ROWS, earlier, facts, guard, summary

ZONE = "Africa/Douala"


class Page(HTMLParser):
    """The figures, ids, links and tags of a page."""

    def __init__(self, html):
        super().__init__()
        self.html = html
        self.figures = []
        self.ids = []
        self.links = []
        self.tags = []
        self._open = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.tags.append((tag, told))
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "a":
            self.links.append(told["href"])
        if tag == "data":
            self.figures.append([told["data-path"], told["value"], ""])
            self._open = self.figures[-1]

    def handle_data(self, data):
        if self._open is not None:
            self._open[2] += data

    def handle_endtag(self, tag):
        if tag == "data":
            self._open = None


def look(told, path):
    """Return what stands at `path`, whose names may hold a slash themselves."""
    steps, place = path.split("/"), 0
    while place < len(steps):
        end = place + 1
        while isinstance(told, dict) and "/".join(steps[place:end]) not in told:
            end += 1
        name = "/".join(steps[place:end])
        told = told[int(name)] if isinstance(told, list) else told[name]
        place = end
    return told


MANIFEST = {
    "timezone": ZONE,
    "tables": {
        "customers": {"rows": 50, "totals": 52, "difference": -2, "bytes": 6856},
        "payments": {
            "rows": 204,
            "totals": None,
            "bytes": 107664,
            "sums": {
                "XAF": {
                    "complete": {
                        "status_group": "success",
                        "payments": 103,
                        "amount": "12760925",
                    }
                },
                "EUR": {
                    "odd": {"status_group": "new", "payments": 1, "amount": "4.50"}
                },
            },
        },
        "reports/data_quality": {"rows": 13, "bytes": 2400},
    },
}
EXPORT = summary(
    command="export",
    file="all",
    rows={"read": 0},
    guards=[],
    reasons={},
    plan=None,
    plan_digest=None,
    reading={},
    quality={},
    files={},
    export={"manifest": MANIFEST},
)
RUNS = {
    "import": summary(),
    "check": summary(
        command="check",
        env=None,
        account=None,
        api={},
        plan=None,
        guards=[],
        plan_digest=None,
        rows={"read": 10, "accepted": 10, "merged": 0, "rejected": 0, "review": 0},
        reasons={},
        quality={},
        findings={},
    ),
    "plan": summary(command="plan"),
    "undo": summary(
        command="undo", reading={}, quality={}, reasons={"review": {"kept": 2}}
    ),
    "another": summary(command="reconcile"),
    "refused": summary(
        state="refused", guards=[guard("max_reject_rate", 0.4, 0.25, refused=True)]
    ),
    "passed": summary(
        guards=[guard("max_overwrites", 600, 500, refused=True, passed_by="--force")]
    ),
    "interrupted": summary(state="interrupted"),
    "export": EXPORT,
    "empty": summary(
        state="interrupted",
        rows={"read": 0},
        findings={},
        guards=[],
        timings={},
        api={},
        reading={},
        reasons={},
        quality={},
        plan=None,
        plan_digest=None,
    ),
}


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", RUNS)
def test_every_figure_is_the_summarys(name, lang):
    told = RUNS[name]
    page = Page(render(facts(told), lang, ZONE))
    assert [f for f in page.figures if str(look(told, f[0])) != f[1]] == []
    shown = {path: text for path, _, text in page.figures}
    if name == "import":
        assert shown["rows/created"] == ("1,200" if lang == "en" else "1\u202f200")
        assert shown["reasons/rejected/phone_too_short"] == "39"
        assert shown["api/by_operation/create"] in ("1,200", "1\u202f200")
    assert len(page.ids) == len(set(page.ids))


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_page_is_one_file_with_landmarks(lang):
    page = Page(render(facts(), lang, ZONE))
    tags = [tag for tag, _ in page.tags]
    assert page.tags[0] == ("html", {"lang": lang})
    for landmark in ("header", "main", "nav", "footer", "h1"):
        assert tags.count(landmark) == 1
    assert page.links[0] == "#content"
    heads = [told for tag, told in page.tags if tag == "th"]
    assert all(told["scope"] in ("col", "row") for told in heads)
    assert tags.count("svg") == tags.count("figure") == tags.count("figcaption") == 5
    assert "script" not in tags
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.html)
    assert not re.search(r"url\((?!#)", page.html)
    assert len(page.html.encode()) < 200_000


def test_every_link_leads_somewhere():
    page = Page(render(facts(), "en", ZONE))
    inside = [link[1:] for link in page.links if link.startswith("#")]
    assert set(inside) <= set(page.ids)
    beside = {link for link in page.links if not link.startswith("#")}
    assert beside == {"rejected.xlsx", "rejected.csv", "review.csv", "failed.csv"}


def test_names_from_outside_are_masked_and_escaped():
    told = summary(
        file="in/awa.ndo@example.com +237670000001.csv",
        source="+237670000001.csv",
        merchant="<b>Shop</b>",
    )
    told["reading"] = told["reading"] | {
        "columns": [{"column": "paul@example.com", "role": "name"}],
        "withheld": ["+237 670 00 00 01"],
    }
    html = render(facts(told), "en", ZONE)
    assert "example.com" not in html
    assert "670000001" not in html.replace(" ", "")
    assert "&lt;b&gt;Shop" in html
    assert "clerk7" not in html


def test_what_cannot_be_paired_is_no_code():
    told = summary(reasons={"failed": {"one ` back quote": 1}})
    assert "one ` back quote" in render(facts(told), "en", ZONE)


def test_more_findings_than_are_shown_are_said():
    told = summary(findings={f"rule_{n}": 1 for n in range(20)})
    assert "5 more kinds stand in summary.json." in render(facts(told), "en", ZONE)


def test_a_cut_workbook_is_said():
    told = summary(files={"rejected.xlsx": {"rows": 10_000, "of": 12_345}})
    text = "rejected.xlsx holds the first 10,000 of 12,345 rows"
    assert text in render(facts(told), "en", ZONE)


def test_a_first_file_has_nothing_to_compare_with():
    told = summary()
    html = render(facts(told, earlier=(told,)), "en", ZONE)
    assert "This is the first file of this source." in html


def test_a_short_run_shows_its_stages():
    html = render(facts(timeline=()), "en", ZONE)
    assert "Seconds by stage" in html
    assert "Requests over the time" not in html


def steps_of(told, **changes):
    return [step.text for step in next_steps(facts(told, **changes), Words("en"))]


def test_next_steps_of_an_import():
    told = summary(files={"review_pairs.csv": {"rows": 30, "of": 30}})
    texts = steps_of(told)
    assert [text.split()[0] for text in texts] == [
        "Correct",
        "Say",
        "Look",
        "Look",
        "2",
    ]


def test_nothing_is_left():
    told = summary(rows={"read": 3, "created": 3})
    assert steps_of(told, earlier=(told,)) == []
    html = render(facts(told, earlier=(told,)), "en", ZONE)
    assert "Nothing: every row is settled." in html


def test_a_refused_run_names_its_guard_and_is_not_resumed():
    texts = steps_of(RUNS["refused"])
    assert texts[0] == (
        "The guard max_reject_rate says 40%, its limit is 25%."
        " If the plan is what you want, pass it with `--pass max_reject_rate`."
    )
    assert not [text for text in texts if "Resume" in text]


def test_a_passed_guard_is_no_step():
    assert not [text for text in steps_of(RUNS["passed"]) if "guard" in text]


def test_books_that_differ_are_a_step():
    assert steps_of(EXPORT) == [
        "The books of Customers differ by -2: export again when nobody is writing."
    ]


@pytest.mark.parametrize(
    ("read", "rejected", "said"),
    [
        (
            400,
            18,
            [
                "This file has 400 rows, earlier ones about 1,305: make sure that it is whole."
            ],
        ),
        (
            1300,
            300,
            [
                "The share of rejected rows is 23%, in earlier files it was about 4%: ask the sender what changed."
            ],
        ),
        (1300, 60, []),
        (0, 0, []),
    ],
)
def test_drift(read, rejected, said):
    told = summary(rows={"read": read, "created": 0, "rejected": rejected})
    before = (earlier(1300, 50, 1), earlier(1310, 61, 8), told)
    texts = steps_of(told, earlier=before)
    assert [text for text in texts if "earlier" in text] == said


def test_one_earlier_file_is_no_habit():
    told = summary(rows=ROWS | {"read": 10, "rejected": 10})
    texts = steps_of(told, earlier=(earlier(1300, 50, 1), told))
    assert not [text for text in texts if "earlier" in text]
