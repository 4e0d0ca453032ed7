"""The sections of a page about the work: plan, requests, earlier files, files, reading."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.recognise.shown import show_header
from pipeline.report import charts
from pipeline.report.folder import PageFacts
from pipeline.report.parts import Cell, Link, Section, Table
from pipeline.report.words import Words, guard_figure

JSON = Any

_MOST_COLUMNS = 60
_FEWEST_POINTS = 3


def figure(words: Words, value: float, path: str = "", digits: int = 0) -> Cell:
    """Return a figure of the summary as a cell."""
    return Cell(words.number(value, digits), path=path, value=str(value))


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
    return Section(
        "drift",
        name,
        texts=(words.text("told", "drift", count=len(earlier)),),
        chart=_drift_chart(title, days, earlier, words),
        chart_title=title,
        tables=(_drift_table(title, days, facts, words),),
    )


def _drift_chart(
    title: str, days: Sequence[str], runs: Sequence[Mapping[str, JSON]], words: Words
) -> str:
    read = [told["rows"]["read"] for told in runs]
    rejected = [told["rows"].get("rejected", 0) for told in runs]
    shares = [
        100 * bad / (whole or 1) for bad, whole in zip(rejected, read, strict=True)
    ]
    labels = [*(day[5:10] for day in days[:-1]), words.text("chart", "this")]
    return charts.rows_and_share(
        "drift",
        title,
        labels,
        charts.Series(words.text("chart", "rows"), read, "accent"),
        charts.Series(words.text("chart", "share"), shares, "bad"),
    )


def _drift_table(
    title: str, days: Sequence[str], facts: PageFacts, words: Words
) -> Table:
    def count(told: Mapping[str, JSON], name: str) -> Cell:
        # Only this run's figures stand in its own summary.
        path = f"rows/{name}" if told is facts.summary else ""
        return figure(words, told["rows"].get(name, 0), path)

    head = [words.text("head", name) for name in ("day", "rows", "share")]
    rows = tuple(
        (
            Cell(day),
            count(told, "read"),
            count(told, "rejected"),
            Cell(words.share(told["rows"].get("rejected", 0), told["rows"]["read"])),
        )
        for day, told in zip(days, facts.earlier, strict=True)
    )
    return Table(title, (*head, "%"), rows, frozenset((1, 2, 3)))


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
