"""Plan an import: match, changes, digest, guards, forecast, and what it would give."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.api.governor import Rate
from pipeline.plan.digest import digest
from pipeline.plan.forecast import Forecast, forecast
from pipeline.plan.guards import Counts, Limits, look
from pipeline.report.doubts import keep_doubts
from pipeline.runs.books import run_outcomes
from pipeline.runs.connect import Connection
from pipeline.runs.drafting import MatchPolicy, plan_operations
from pipeline.runs.drifting import note_matches, rule_guards, source_guards
from pipeline.runs.engines import Engine
from pipeline.runs.gather import Gathered
from pipeline.runs.matching import Matcher, matcher_of
from pipeline.runs.own import own_rules
from pipeline.runs.request import ImportRequest
from pipeline.runs.results import write_plan
from pipeline.runs.session import Session
from pipeline.runs.talk import said
from pipeline.runs.workbench import Workbench
from schemas.outcomes import Outcome
from schemas.records import GuardResult


@dataclass(frozen=True, slots=True)
class Plan:
    """The header of a plan; its table is `operation` on the workbench."""

    digest: str
    creates: int
    updates: int
    guards: tuple[GuardResult, ...]
    forecast: Forecast
    gathered: Gathered


async def make_plan(
    session: Session,
    bench: Workbench,
    connection: Connection,
    request: ImportRequest,
    helpers: Engine,
) -> Plan:
    """Match the staged file and fill `operation`, `decision` and `change`.

    `helpers` look up in the index, where it is used, and are let go where it is not.
    """
    summary, settings = session.summary, session.settings
    clock = connection.clock
    session.talk.stage("existing customers", None)
    matcher = matcher_of(
        bench,
        connection,
        request,
        summary.source,
        summary.run_id,
        helpers.beside,
    )
    if not matcher.uses_index():
        helpers.close()  # a listing may take hours, and they hold memory
    _tell_index(session, matcher)
    with summary.timed("gather"):
        gathered = await matcher.match(session.note)
    with summary.timed("plan"):
        policy = MatchPolicy(request.file.prefer, request.only, settings.import_key)
        plan_operations(bench, policy, session.note)
        matcher.remember(gathered)
        write_plan(bench, session.folder)
        keep_doubts(bench.con)
        plan = _header(session, bench, connection, request, gathered)
    summary.plan_digest = plan.digest
    summary.guards = list(plan.guards)
    summary.extra["plan"] = _shown(plan, settings.timezone, clock.time())
    session.log.event(
        "planned",
        digest=plan.digest,
        creates=plan.creates,
        updates=plan.updates,
        existing=gathered.way,
        customers=gathered.total,
    )
    return plan


def _tell_index(session: Session, matcher: Matcher) -> None:
    """Say how old the index is, and whether it is used."""
    age = matcher.index_age()
    if age is None:
        return
    used = matcher.uses_index()
    session.summary.extra["index"] = {"age_seconds": round(age), "used": used}
    name = "index" if used else "index_old"
    session.talk.say(said(session.settings, name, hours=f"{age / 3600:.1f}"))


def _header(
    session: Session,
    bench: Workbench,
    connection: Connection,
    request: ImportRequest,
    gathered: Gathered,
) -> Plan:
    creates = bench.scalar("SELECT count(*) FROM operation WHERE action = 'create'")
    updates = bench.scalar("SELECT count(*) FROM operation WHERE action = 'update'")
    rate = Rate.parse(session.settings.rate)
    per_second = (
        rate.requests / rate.seconds * session.settings.rate_share if rate else None
    )
    return Plan(
        digest=digest(
            connection.account_id, _policies(session, request), _changes(bench)
        ),
        creates=creates,
        updates=updates,
        guards=(*_guards(bench, request), *_own_guards(session, bench, request)),
        forecast=forecast(creates + updates, updates, per_second, request.max_read_age),
        gathered=gathered,
    )


def _changes(bench: Workbench) -> Iterator[tuple[Any, ...]]:
    return bench.stream(
        """
        SELECT identity, field, old, new FROM change
        WHERE action IN ('create', 'update') AND field IS NOT NULL ORDER BY ALL
        """
    )


def _policies(session: Session, request: ImportRequest) -> dict[str, Any]:
    file = request.file
    return {
        "dedupe": file.dedupe,
        "prefer": file.prefer,
        "only": request.only,
        "region": session.settings.region,
        "allow_possible": file.allow_possible,
        "reject_bad_contact": file.reject_bad_contact,
        "repairs": sorted(file.repairs),
    }


def _guards(bench: Workbench, request: ImportRequest) -> list[GuardResult]:
    guards = request.guards
    counts = Counts(
        read=bench.scalar(
            "SELECT (SELECT count(*) FROM prepared) + count(*) FROM rejected"
        ),
        rejected=bench.scalar("SELECT count(*) FROM rejected"),
        matched=bench.scalar(
            "SELECT count(*) FROM verdict WHERE action IN ('attach', 'settled')"
        ),
        overwritten=bench.scalar(
            "SELECT count(DISTINCT row) FROM change WHERE rule = 'overwritten'"
        ),
    )
    limits = Limits(
        guards.max_reject_rate,
        guards.max_overwrite_rate,
        guards.max_overwrites,
        guards.passed,
        guards.force,
    )
    return look(counts, limits)


def _own_guards(
    session: Session, bench: Workbench, request: ImportRequest
) -> list[GuardResult]:
    """Return the guards of single rules, and those that know the source."""
    records = bench.scalar("SELECT count(*) FROM verdict")
    matched = bench.scalar("SELECT count(*) FROM verdict WHERE action <> 'create'")
    note_matches(session, matched, records)
    own = own_rules(session.settings)
    read = session.summary.rows["read"]
    return [
        *rule_guards(session, read, own, request.guards),
        *source_guards(session, own, request.guards),
    ]


def predicted(bench: Workbench, limit: int | None) -> None:
    """Fill `outcome` with what applying the plan would give."""
    lines = bench.stream("SELECT op, action, customer_id FROM operation ORDER BY op")
    given = (
        (op, _outcome(action), customer_id, None, None)
        for op, action, customer_id in lines
        if limit is None or op < limit
    )
    run_outcomes(bench, given, limit)


def _outcome(action: str) -> str:
    return str(Outcome.CREATED if action == "create" else Outcome.UPDATED)


def _shown(plan: Plan, timezone: str, now: float) -> dict[str, Any]:
    """Return the plan's forecast for the summary; not part of the digest."""
    end = datetime.fromtimestamp(now + plan.forecast.seconds, ZoneInfo(timezone))
    return {
        "creates": plan.creates,
        "updates": plan.updates,
        "requests": plan.forecast.requests,
        "would_end_at": end.isoformat(timespec="minutes"),
        "existing_read_by": plan.gathered.way,
        "existing_customers": plan.gathered.total,
        "read_requests": plan.gathered.requests,
        "read_requests_otherwise": plan.gathered.instead,
    }
