"""The sections of a page about a run that read a file, or put one back."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.report import charts
from pipeline.report.folder import READS_A_FILE, PageFacts
from pipeline.report.parts import Cell, Section, Table, Tile
from pipeline.report.words import Words
from pipeline.report.workings import drift, figure, files, plan, reading, traffic

JSON = Any

TONES: Mapping[str, str] = {
    "accepted": "good",
    "created": "good",
    "updated": "accent",
    "unchanged": "idle",
    "merged": "calm",
    "rejected": "bad",
    "review": "warn",
    "failed": "bad",
    "not_attempted": "idle",
}
_UNDO_OUTCOMES = ("updated", "review", "failed", "not_attempted")
EXPLAINED = ("rejected", "review", "failed", "not_attempted")
_MOST_BARS = 8
_MOST_REPAIRS = 15


def section(facts: PageFacts, words: Words, zone: str) -> Iterator[Section]:
    """Yield the sections of the page that have something to say, in their order."""
    summary = facts.summary
    if summary["rows"].get("read"):
        yield outcomes(summary, words)
    for outcome in EXPLAINED:
        if summary.get("reasons", {}).get(outcome):
            yield reasons(facts, words, outcome)
    if summary.get("quality"):
        yield quality(summary, words)
    if summary["findings"]:
        yield repairs(facts, words)
    if summary.get("plan") or summary["guards"]:
        yield plan(summary, words)
    if summary["command"] in READS_A_FILE and summary["rows"].get("read"):
        yield drift(facts, words, zone)
    yield traffic(facts, words)
    if facts.files:
        yield files(facts, words)
    if summary["reading"]:
        yield reading(summary, words)


def tiles(summary: Mapping[str, JSON], words: Words) -> tuple[Tile, ...]:
    """Return every outcome but `read` as a tile."""
    undone = summary["command"] == "undo"

    def means(name: str) -> str:
        group = "undo_meaning" if undone and words.has("undo_meaning", name) else ""
        return words.text(group or "meaning", name)

    return tuple(
        Tile(
            name=name,
            count=Cell(
                words.number(count),
                path=f"rows/{name}",
                value=str(count),
                tone=TONES[name] if count else "idle",
            ),
            label=words.text("outcome", name),
            means=means(name),
        )
        for name, count in summary["rows"].items()
        if name in _UNDO_OUTCOMES or not (undone or name == "read")
    )


def outcomes(summary: Mapping[str, JSON], words: Words) -> Section:
    """Return the section of the outcomes: a bar each; the tiles are its table."""
    title = words.text("chart", "outcomes")
    items = [
        charts.Bar(words.text("outcome", name), count, words.number(count), TONES[name])
        for name, count in summary["rows"].items()
        if name != "read"
    ]
    read = summary["rows"]["read"]
    rows = tuple(
        (
            Cell(words.text("outcome", name), tone=TONES[name]),
            figure(words, count, f"rows/{name}"),
            Cell(words.share(count, read)),
        )
        for name, count in summary["rows"].items()
        if name != "read"
    )
    return Section(
        "outcomes",
        words.text("section", "outcomes"),
        texts=(words.text("told", "outcomes"),),
        chart=charts.bars("outcomes", title, items),
        chart_title=title,
        tables=(
            Table(
                title,
                (words.text("head", "outcome"), words.text("head", "rows"), "%"),
                rows,
                frozenset((1, 2)),
            ),
        ),
    )


def reasons(facts: PageFacts, words: Words, outcome: str) -> Section:
    """Return why rows came to `outcome`: counts, shapes of values, what to do."""
    counted = _largest_first(facts.summary["reasons"][outcome])
    wrong = outcome == "rejected"
    rows = tuple(
        (
            Cell(
                words.rule(rule),
                below=words.advice(rule),
                examples=_examples(facts, words, rule, errors=wrong),
                name=rule,
            ),
            figure(words, count, f"reasons/{outcome}/{rule}"),
        )
        for rule, count in counted
    )
    title = words.text("section", outcome)
    drawn = wrong and len(counted) > 1
    chart_title = words.text("chart", "rejected")
    shown = [
        charts.Bar(words.rule(rule), count, words.number(count), "bad")
        for rule, count in counted[:_MOST_BARS]
    ]
    has_examples = any(row[0].examples for row in rows)
    return Section(
        outcome,
        title,
        chart=charts.bars(outcome, chart_title, shown, above=True) if drawn else "",
        chart_title=chart_title if drawn else "",
        above=True,
        tables=(_counted(title, words, ("reason", "rows"), rows),),
        notes=(words.text("told", "examples"),) if has_examples else (),
    )


def _counted(
    title: str, words: Words, head: tuple[str, str], rows: tuple[tuple[Cell, Cell], ...]
) -> Table:
    names = tuple(words.text("head", name) for name in head)
    return Table(title, names, rows, frozenset((1,)))


def _largest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _examples(
    facts: PageFacts, words: Words, rule: str, *, errors: bool = False
) -> tuple[tuple[str, str], ...]:
    """Return shapes with how many digits each has, for those who hear the page."""
    known = facts.errors if errors else facts.examples
    return tuple(
        (shape, words.text("head", "digits", count=digits) if digits else "")
        for shape, digits in known.get(rule, ())
    )


def quality(summary: Mapping[str, JSON], words: Words) -> Section:
    """Return how full each field is before cleaning, and how much of it is usable."""
    told: Mapping[str, Mapping[str, int]] = summary["quality"]
    read = summary["rows"]["read"] or 1
    title = words.text("chart", "quality")
    labels = [words.text("field", name) for name in told]
    series = [
        charts.Series(
            words.text("chart", kind),
            [min(100, 100 * counts[kind] / read) for counts in told.values()],
            colour,
        )
        for kind, colour in (("filled", "before"), ("usable", "accent"))
    ]
    rows = tuple(
        (
            Cell(words.text("field", name)),
            figure(words, counts["filled"], f"quality/{name}/filled"),
            figure(words, counts["usable"], f"quality/{name}/usable"),
        )
        for name, counts in told.items()
    )
    return Section(
        "quality",
        words.text("section", "quality"),
        texts=(words.text("told", "quality"),),
        chart=charts.pairs_of_bars("quality", title, labels, series),
        chart_title=title,
        tables=(
            Table(
                words.text("section", "quality"),
                tuple(words.text("head", n) for n in ("field", "filled", "usable")),
                rows,
                frozenset((1, 2)),
            ),
        ),
    )


def repairs(facts: PageFacts, words: Words) -> Section:
    """Return the findings by rule: what was cleaned, and what was only noticed."""
    counted = _largest_first(facts.summary["findings"])
    rows = tuple(
        (
            Cell(
                words.rule(rule),
                below=words.advice(rule),
                examples=_examples(facts, words, rule)[:1],
                name=rule,
            ),
            figure(words, count, f"findings/{rule}"),
        )
        for rule, count in counted[:_MOST_REPAIRS]
    )
    left = len(counted) - len(rows)
    more = (words.text("told", "more", count=left),) if left else ()
    return Section(
        "repairs",
        words.text("section", "repairs"),
        texts=(words.text("told", "repairs"),),
        tables=(
            _counted(
                words.text("section", "repairs"), words, ("noticed", "count"), rows
            ),
        ),
        notes=more,
    )
