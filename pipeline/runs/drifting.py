"""Compare a staged file with the last ones of its source, and keep its own profile."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.drift.compare import Limits, drifts
from pipeline.drift.guards import DEFAULTS, Earlier, source_values
from pipeline.drift.profile import Profile, measure
from pipeline.plan.guards import result
from pipeline.runs.intake import Intake
from pipeline.runs.request import Guards
from pipeline.runs.session import Session
from pipeline.runs.workbench import Workbench
from schemas.own import OwnRules
from schemas.records import GuardResult

_MOST_READ = 300
"""Run folders that are looked at, newest first."""
_READS_A_FILE = ("check", "plan", "import")
_ROWS_FROM = 20
"""Rows from which the share of a rule says something."""


def compare_source(session: Session, bench: Workbench, intake: Intake) -> None:
    """Write a warning for whatever is unlike the last files of this source."""
    profile = measure(
        bench.con,
        rows=intake.read,
        failures=intake.findings,
        modified=intake.modified,
        returned=intake.is_returned,
    )
    limits = Limits.of(intake.own.limits)
    before = [e.profile for e in _distinct(session, _READS_A_FILE, int(limits.runs))]
    for drift in drifts(profile, before, limits):
        session.note(0, drift.rule, dict(drift.facts))
    session.summary.extra["profile"] = profile.as_dict()


def note_matches(session: Session, matched: int, records: int) -> None:
    """Put into the profile how many of the records were customers already."""
    told: dict[str, Any] = session.summary.extra["profile"]
    told["matched"] = round(matched / records, 4) if records else None
    told["matched_of"] = records


def rule_guards(
    session: Session, intake_rows: int, own: OwnRules, guards: Guards | None = None
) -> list[GuardResult]:
    """Return the guard of every rule that has a `max_share`."""
    given = guards or Guards()
    findings = session.summary.findings
    shares = {
        name: findings[name] / intake_rows if intake_rows >= _ROWS_FROM else 0.0
        for name, _ in own.max_shares
    }
    return [
        result(
            f"rule_share.{name}",
            min(1.0, shares[name]),
            limit,
            passed=given.passed,
            force=given.force,
        )
        for name, limit in own.max_shares
    ]


def source_guards(session: Session, own: OwnRules, guards: Guards) -> list[GuardResult]:
    """Return the guards that compare with the last imports of this source."""
    profile = Profile.of(session.summary.extra["profile"])
    imports = list(_distinct(session, ("import",), 5, same_too=True))
    values = source_values(profile, session.summary.file_sha256, imports)
    settled = dict(own.limits)
    return [
        result(
            name,
            value,
            _limit(name, guards, settled),
            passed=guards.passed,
            force=guards.force,
        )
        for name, value in values.items()
    ]


def _limit(name: str, guards: Guards, settled: Mapping[str, float]) -> float:
    given: float | None = getattr(guards, name)
    return settled.get(f"guards.{name}", DEFAULTS[name]) if given is None else given


def _distinct(
    session: Session, commands: tuple[str, ...], most: int, *, same_too: bool = False
) -> Iterator[Earlier]:
    """Yield the newest finished run of each of the last files of this source."""
    seen: set[str] = set() if same_too else {str(session.summary.file_sha256)}
    for told in _earlier(session, commands):
        sha256 = str(told["file_sha256"])
        if len(seen) - (not same_too) >= most:
            return
        if sha256 not in seen:
            seen.add(sha256)
            yield Earlier(Profile.of(told["profile"]), sha256, _time(told["run_id"]))


def _earlier(
    session: Session, commands: tuple[str, ...]
) -> Iterator[Mapping[str, Any]]:
    """Yield the summaries of finished runs of this source, newest first."""
    mine = session.summary
    folders = sorted(session.folder.root.glob("*/summary.json"), reverse=True)
    for path in folders[:_MOST_READ]:
        told = _summary(path)
        if (
            told.get("source") == mine.source
            and told.get("command") in commands
            and told.get("state") == "finished"
            and told.get("run_id") != mine.run_id
            and told.get("account") in (None, mine.account or told.get("account"))
        ):
            yield told


def _summary(path: Path) -> Mapping[str, Any]:
    """Return a summary; of one that cannot be read, nothing."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) and "profile" in told else {}


def _time(run_id: str) -> float:
    """Return when a run began by its id, in seconds since 1970; 0 where unknown."""
    try:
        moment = datetime.strptime(run_id.partition("-")[0], "%Y%m%dT%H%M%S%z")
    except ValueError:
        return 0.0
    return moment.timestamp()
