"""What a run left in its folder, read for a page: nothing else is needed to build it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.report.findings import read_findings
from pipeline.report.shapes import digits_in, shape

JSON = Any
Shape = tuple[str, int]
"""The shape of a value, and how many digits it has."""

EXAMPLES = 3
MOST_FINDINGS = 300_000
"""Lines of `findings.jsonl` that are looked at for examples."""
FILES = (
    "rejected.xlsx",
    "rejected.csv",
    "review_pairs.xlsx",
    "review_pairs.csv",
    "review.csv",
    "failed.csv",
    "not_attempted.csv",
)
"""Files that a person may want to open, in the order they are listed."""
READS_A_FILE = ("check", "plan", "import")
"""Commands whose runs are compared with earlier files of their source."""
_EARLIER = 11


@dataclass(frozen=True, slots=True)
class Point:
    """Where a run stood: seconds at work so far, requests sent, seconds waited."""

    seconds: float
    requests: int
    waited: float


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Everything a page is made of; `summary` is `summary.json` as it stands.

    `examples` are shapes of values by rule, `errors` those of rows that were rejected,
    `earlier` the summaries of runs of the same
    source, oldest first, the run itself last.
    """

    summary: Mapping[str, JSON]
    files: tuple[str, ...]
    examples: Mapping[str, tuple[Shape, ...]]
    errors: Mapping[str, tuple[Shape, ...]]
    timeline: tuple[Point, ...]
    earlier: tuple[Mapping[str, JSON], ...]
    started: str | None
    ended: str | None


def read_folder(folder: Path) -> PageFacts:
    """Read what the page of the run in `folder` is made of.

    Raises:
        OSError: There is no `summary.json`.
        ValueError: It is no JSON.
    """
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    examples, errors = _examples(folder / "findings.jsonl")
    events = tuple(_events(folder / "run.log"))
    return PageFacts(
        summary=summary,
        files=tuple(name for name in FILES if (folder / name).is_file()),
        examples=examples,
        errors=errors,
        timeline=timeline(events),
        earlier=(*_earlier(folder, summary), summary),
        started=events[0].get("at") if events else None,
        ended=events[-1].get("at") if events else None,
    )


Shapes = Mapping[str, tuple[Shape, ...]]


def _examples(path: Path) -> tuple[Shapes, Shapes]:
    """Return up to `EXAMPLES` different shapes for each rule: of all, and of errors."""
    found: dict[str, list[Shape]] = {}
    errors: dict[str, list[Shape]] = {}
    for count, finding in enumerate(read_findings(path)):
        if count == MOST_FINDINGS:
            break
        original = finding["original"]
        rule = str(finding["rule"])
        if not isinstance(original, str) or not original.strip():
            continue
        shown = (shape(original), digits_in(original))
        _add(found, rule, shown)
        if finding["severity"] == "error":
            _add(errors, rule, shown)
    return _frozen(found), _frozen(errors)


def _add(found: dict[str, list[Shape]], rule: str, shown: Shape) -> None:
    known = found.setdefault(rule, [])
    if len(known) < EXAMPLES and shown not in known:
        known.append(shown)


def _frozen(found: Mapping[str, list[Shape]]) -> Shapes:
    return {rule: tuple(shapes) for rule, shapes in found.items()}


def _events(path: Path) -> Iterator[Mapping[str, JSON]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # a run that was killed may leave half a line
        if isinstance(event, dict):
            yield event


def timeline(events: Sequence[Mapping[str, JSON]]) -> tuple[Point, ...]:
    """Return requests and waiting over the time at work, from the events of `run.log`.

    A resumed run counts on; the time between two processes is left out.
    """
    points: list[Point] = []
    seconds = 0.0
    before: Mapping[str, JSON] | None = None
    for event in events:
        restarted = event.get("event") in ("run_started", "run_resumed")
        if before is not None and not restarted:
            seconds += max(0.0, _time(event) - _time(before))
        before = event
        if "requests" in event:
            waited = round(float(event.get("seconds_waited", 0.0)), 1)
            points.append(Point(round(seconds, 1), int(event["requests"]), waited))
    return tuple(points)


def _time(event: Mapping[str, JSON]) -> float:
    try:
        return datetime.fromisoformat(str(event["at"])).timestamp()
    except (KeyError, ValueError):
        return 0.0


def summaries(root: Path) -> Iterator[Mapping[str, JSON]]:
    """Yield the `summary.json` of every run below `root`, oldest first.

    A folder without one, or with one that cannot be read, is passed over.
    """
    for path in sorted(root.glob("*/summary.json")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(told, dict) and "run_id" in told:
            yield told


def _earlier(
    folder: Path, summary: Mapping[str, JSON]
) -> tuple[Mapping[str, JSON], ...]:
    """Return earlier finished runs of the same source: of one file the last one only."""
    if summary["command"] not in READS_A_FILE:
        return ()
    by_file: dict[str, Mapping[str, JSON]] = {}
    for told in summaries(folder.parent):
        if (
            told["run_id"] < summary["run_id"]
            and told.get("source") == summary["source"]
            and told.get("command") in READS_A_FILE
            and told.get("state") == "finished"
            and told.get("account") in (None, summary["account"])
            and told.get("file_sha256") not in (None, summary["file_sha256"])
        ):
            by_file.pop(str(told["file_sha256"]), None)
            by_file[str(told["file_sha256"])] = told
    return tuple(by_file.values())[-_EARLIER:]
