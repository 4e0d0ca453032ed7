"""What a person should look at next, most urgent first."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from pipeline.report.folder import PageFacts
from pipeline.report.parts import Link, Step
from pipeline.report.words import Words, guard_figure

JSON = Any

_TIMES_AS_BAD = 2.0
_FEWEST_POINTS = 0.05
_HALF = 0.5
_EARLIER_NEEDED = 2


def next_steps(facts: PageFacts, words: Words) -> tuple[Step, ...]:
    """Return the steps; none where nothing is left to do."""
    return (
        *_refusals(facts.summary, words),
        *_rows(facts, words),
        *_books(facts.summary, words),
        *_drift(facts, words),
    )


def _refusals(summary: Mapping[str, JSON], words: Words) -> Iterator[Step]:
    for guard in summary["guards"]:
        if guard["refused"] and not guard["passed_by"]:
            facts = {k: guard_figure(words, guard, k) for k in ("value", "limit")}
            text = words.text("next", "guard", guard=guard["name"], **facts)
            yield Step(text, tone="bad")


def _rows(facts: PageFacts, words: Words) -> Iterator[Step]:
    rows, told = facts.summary["rows"], facts.summary.get("files", {})
    pairs = told.get("review_pairs.csv", {}).get("rows", 0)
    # A refused run cannot be resumed: the step of its guard says what to do.
    left = 0 if facts.summary["state"] == "refused" else rows.get("not_attempted", 0)
    for name, count, files, tone in (
        ("rejected", rows.get("rejected", 0), ("rejected.xlsx", "rejected.csv"), "bad"),
        ("pairs", pairs, ("review_pairs.xlsx", "review_pairs.csv"), "warn"),
        ("review", rows.get("review", 0), ("review.csv",), "warn"),
        ("failed", rows.get("failed", 0), ("failed.csv",), "bad"),
        ("not_attempted", left, ("not_attempted.csv",), "warn"),
    ):
        if count:
            links = tuple(
                Link(file, words.text("next", "open", name=file))
                for file in files
                if file in facts.files
            )
            text = words.text("next", name, count=words.number(count))
            yield Step(text, links, tone)


def _books(summary: Mapping[str, JSON], words: Words) -> Iterator[Step]:
    manifest = summary.get("export", {}).get("manifest", {})
    for name, table in manifest.get("tables", {}).items():
        if table.get("difference"):
            shown = words.text("table", name)
            count = words.number(table["difference"])
            text = words.text("next", "differs", table=shown, count=count)
            yield Step(text, tone="bad")


def _drift(facts: PageFacts, words: Words) -> Iterator[Step]:
    """Compare with the middle of the earlier files of this source."""
    earlier = facts.earlier[:-1]
    rows = facts.summary["rows"]
    if len(earlier) < _EARLIER_NEEDED or not rows.get("read"):
        return
    usual = median(told["rows"]["read"] for told in earlier)
    if rows["read"] < usual * _HALF:
        now, before = words.number(rows["read"]), words.number(usual)
        yield Step(
            words.text("next", "rows_drift", now=now, before=before), tone="warn"
        )
    share = rows.get("rejected", 0) / rows["read"]
    before_share = median(
        told["rows"].get("rejected", 0) / (told["rows"]["read"] or 1)
        for told in earlier
    )
    if share > before_share * _TIMES_AS_BAD and share > before_share + _FEWEST_POINTS:
        text = words.text(
            "next",
            "drift",
            now=words.share(share, 1),
            before=words.share(before_share, 1),
        )
        yield Step(text, tone="warn")
