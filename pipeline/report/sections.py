"""The sections of a page about a run that read a file, or put one back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.recognise.shown import show_header
from pipeline.report import charts
from pipeline.report.folder import READS_A_FILE, PageFacts
from pipeline.report.parts import Cell, Link, Section, Table, Tile
from pipeline.report.words import Words, guard_figure

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
_MOST_COLUMNS = 60
_FEWEST_POINTS = 3


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


def figure(words: Words, value: float, path: str = "", digits: int = 0) -> Cell:
    """Return a figure of the summary as a cell."""
    return Cell(words.number(value, digits), path=path, value=str(value))


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


def plan(summary: Mapping[str, JSON], words: Words) -> Section:
    """Return the plan's figures, its digest, and the guards with their limits."""
    told = summary.get("plan")
    texts: list[str] = []
    notes: list[str] = []
    if told:
        texts.append(
            words.text(
                "told",
                "forecast",
                creates=words.number(told["creates"]),
                updates=words.number(told["updates"]),
                requests=words.number(told["requests"]),
            )
        )
        if summary["command"] == "plan":
            texts.append(words.text("told", "would_end", time=told["would_end_at"]))
    if summary["plan_digest"]:
        notes.append(f"{words.text('told', 'digest')} `{summary['plan_digest']}`")
    tables = (_guards(summary["guards"], words),) if summary["guards"] else ()
    return Section(
        "plan",
        words.text("section", "plan"),
        texts=texts,
        tables=tables,
        notes=notes,
    )


def _guards(guards: Sequence[Mapping[str, JSON]], words: Words) -> Table:
    def result(guard: Mapping[str, JSON]) -> Cell:
        if guard["passed_by"]:
            return Cell(words.text("result", "passed"), tone="warn")
        name = "refused" if guard["refused"] else "ok"
        return Cell(
            words.text("result", name), tone="bad" if guard["refused"] else "good"
        )

    return Table(
        words.text("section", "plan"),
        tuple(words.text("head", n) for n in ("guard", "value", "limit", "result")),
        tuple(
            (
                Cell(words.text("guard", guard["name"])),
                _measured(words, guard, "value", place),
                _measured(words, guard, "limit", place),
                result(guard),
            )
            for place, guard in enumerate(guards)
        ),
        frozenset((1, 2)),
    )


def _measured(words: Words, guard: Mapping[str, JSON], kind: str, place: int) -> Cell:
    value = guard[kind]
    return Cell(
        guard_figure(words, guard, kind),
        path=f"guards/{place}/{kind}",
        value=str(value),
    )


def traffic(facts: PageFacts, words: Words) -> Section:
    """Return requests and waiting, by operation and over time, and where time went."""
    summary = facts.summary
    api, timings = summary["api"], summary["timings"]
    spent = sum(timings.values())
    texts = _asked(api, spent, words)
    tables = [_times(timings, words)] if timings else []
    if api.get("requests"):
        tables.insert(0, _operations(api, words))
    chart, title = _traffic_chart(facts, words)
    return Section(
        "traffic",
        words.text("section", "traffic"),
        texts=texts,
        chart=chart,
        chart_title=title,
        tables=tuple(tables),
    )


def _asked(api: Mapping[str, JSON], spent: float, words: Words) -> tuple[str, ...]:
    """Return the sentences about the API; what did not happen is not said."""
    if not api.get("requests"):
        return ()
    facts = {
        "requests": words.number(api["requests"]),
        "duration": words.duration(spent),
        "waited": words.duration(api["seconds_waited"]),
        "throttled": words.number(api["throttled"]),
        "retries": words.number(api["retries"]),
    }
    said = [words.text("told", "traffic", **facts)]
    for name, key in (
        ("waited", "seconds_waited"),
        ("throttled", "throttled"),
        ("retries", "retries"),
    ):
        if api[key]:
            said.append(words.text("told", name, **facts))
    return (" ".join(said),)


def _traffic_chart(facts: PageFacts, words: Words) -> tuple[str, str]:
    points = facts.timeline
    if len(points) >= _FEWEST_POINTS and points[-1].requests:
        title = words.text("chart", "requests")
        long = points[-1].seconds > 180  # noqa: PLR2004 - three minutes
        moments = [p.seconds / 60 if long else p.seconds for p in points]
        series = [
            charts.Series(
                words.text("chart", "sent"), [p.requests for p in points], "accent"
            ),
            charts.Series(
                words.text("chart", "waited"), [p.waited for p in points], "warn"
            ),
        ]
        along = words.text("chart", "minutes" if long else "seconds")
        return charts.steps("traffic", title, moments, series, along), title
    timings = facts.summary["timings"]
    if not timings:
        return "", ""
    title = words.text("chart", "stages")
    items = [
        charts.Bar(words.text("stage", stage), spent, words.number(spent, 1))
        for stage, spent in timings.items()
    ]
    return charts.bars("traffic", title, items), title


def _operations(api: Mapping[str, JSON], words: Words) -> Table:
    return Table(
        words.text("section", "traffic"),
        (words.text("head", "operation"), words.text("head", "count")),
        tuple(
            (
                Cell(words.text("operation", name)),
                figure(words, count, f"api/by_operation/{name}"),
            )
            for name, count in api["by_operation"].items()
            if count
        ),
        frozenset((1,)),
    )


def _times(timings: Mapping[str, float], words: Words) -> Table:
    return Table(
        words.text("chart", "stages"),
        (words.text("head", "stage"), words.text("head", "seconds")),
        tuple(
            (
                Cell(words.text("stage", stage)),
                figure(words, spent, f"timings/{stage}", 1),
            )
            for stage, spent in timings.items()
        ),
        frozenset((1,)),
    )


def drift(facts: PageFacts, words: Words, zone: str) -> Section:
    """Return how this file compares with the earlier ones of its source."""
    earlier = facts.earlier
    name = words.text("section", "drift")
    if len(earlier) == 1:
        return Section("drift", name, texts=(words.text("told", "drift_none"),))
    title = words.text("chart", "drift")
    days = [local_day(told["run_id"], zone) for told in earlier]
    read = [told["rows"]["read"] for told in earlier]
    shares = [
        100 * told["rows"].get("rejected", 0) / (told["rows"]["read"] or 1)
        for told in earlier
    ]
    labels = [*(day[5:10] for day in days[:-1]), words.text("chart", "this")]
    rows = tuple(
        (
            Cell(day),
            figure(
                words,
                told["rows"]["read"],
                "rows/read" if told is facts.summary else "",
            ),
            figure(
                words,
                told["rows"].get("rejected", 0),
                "rows/rejected" if told is facts.summary else "",
            ),
            Cell(words.share(told["rows"].get("rejected", 0), told["rows"]["read"])),
        )
        for day, told in zip(days, earlier, strict=True)
    )
    return Section(
        "drift",
        name,
        texts=(words.text("told", "drift", count=len(earlier)),),
        chart=charts.rows_and_share(
            "drift",
            title,
            labels,
            charts.Series(words.text("chart", "rows"), read, "accent"),
            charts.Series(words.text("chart", "share"), shares, "bad"),
        ),
        chart_title=title,
        tables=(
            Table(
                title,
                (
                    words.text("head", "day"),
                    words.text("head", "rows"),
                    words.text("head", "share"),
                    "%",
                ),
                rows,
                frozenset((1, 2, 3)),
            ),
        ),
    )


def local_day(run_id: str, zone: str) -> str:
    """Return the local day and time that a run's id names, as `2026-11-22 22:32`."""
    try:
        moment = datetime.strptime(run_id[:16], "%Y%m%dT%H%M%SZ")  # noqa: DTZ007 - UTC below
    except ValueError:
        return run_id
    local = moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(zone))
    return f"{local:%Y-%m-%d %H:%M}"


def files(facts: PageFacts, words: Words) -> Section:
    """Return links to the files beside the page, and which of them are cut."""
    notes = [
        words.text(
            "told",
            "first_rows",
            name=name,
            rows=words.number(told["rows"]),
            of=words.number(told["of"]),
        )
        for name, told in facts.summary.get("files", {}).items()
        if told["rows"] < told["of"]
    ]
    return Section(
        "files",
        words.text("section", "files"),
        links=tuple(Link(n, n, words.text("file", n)) for n in facts.files),
        notes=notes,
    )


def reading(summary: Mapping[str, JSON], words: Words) -> Section:
    """Return what the file is and how each column was understood."""
    told = summary["reading"]
    columns = told["columns"]
    rows = tuple(
        (
            Cell(show_header(entry["column"])),
            Cell(_role(entry["role"], words)),
        )
        for entry in columns[:_MOST_COLUMNS]
    )
    facts = ", ".join(
        f"{words.text('fact', name)}: {told[name]!r}".replace("'", "")
        for name in ("kind", "encoding", "delimiter", "sheet")
        if told.get(name)
    )
    held = ", ".join(show_header(name) for name in told["withheld"])
    notes = (words.text("told", "withheld", columns=held),) if held else ()
    return Section(
        "reading",
        words.text("section", "reading"),
        texts=(facts,),
        tables=(
            Table(
                words.text("section", "reading"),
                (words.text("head", "column"), words.text("head", "role")),
                rows,
            ),
        ),
        notes=notes,
    )


def _role(role: str, words: Words) -> str:
    kind, dot, _ = role.partition(".")
    return words.text("field", kind if dot else role)
