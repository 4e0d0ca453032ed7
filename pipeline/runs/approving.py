"""Approve a plan by its digest; ask, before an import, whether another person did."""

import json
from collections.abc import Iterator
from typing import Any

from pipeline.errors import RefusedError, UsageError
from pipeline.files.mirror import runs_root
from pipeline.plan.two_person import Approval, TwoPerson
from pipeline.report.folder import summaries
from pipeline.runs.actor import system_user
from pipeline.runs.auditing import note_act
from pipeline.runs.connect import Connection, open_database
from pipeline.runs.session import Session
from pipeline.settings import Settings
from pipeline.state.audit import AuditLog, AuditRow
from pipeline.state.store import State

_EVENTS = ("approve", "plan")
_NEEDED = {
    "en": "importing it needs two persons: one runs `approve {digest}`, another"
    " `import … --approve {digest}`",
    "fr": "l'importer demande deux personnes : l'une lance `approve {digest}`, l'autre"
    " `import … --approve {digest}`",
}


def approve(
    settings: Settings, digest: str, *, actor: str | None, reason: str | None
) -> AuditRow:
    """Write down that `actor` approves the plan of this digest.

    Raises:
        UsageError: No plan in the runs folder has that digest.
    """
    plans = [
        summary
        for summary in summaries(runs_root(settings.runs_dir))
        if summary.get("command") in ("plan", "import")
        and summary.get("plan_digest") == digest
    ]
    if not plans:
        raise UsageError(
            f"no plan in `{settings.runs_dir}` has the digest `{digest}`",
            hint="`notchpay-pipeline plan FILE` prints the digest; give all of it",
        )
    newest = max(plans, key=lambda plan: str(plan["run_id"]))
    with open_database(settings) as state:
        return note_act(
            state,
            "approve",
            actor=actor,
            settings=settings,
            account=newest.get("account"),
            details={
                "digest": digest,
                "rows": newest["rows"]["read"],
                "file_sha256": newest.get("file_sha256"),
                "reason": reason,
            },
        )


def ask_for_two(session: Session, connection: Connection, approved: str | None) -> None:
    """Note who approved the plan; stop a large one that nobody else approved.

    `approved` is the digest of `--approve`, which is that of the plan.

    Raises:
        RefusedError: The two-person rule is set and the approver is the actor.
    """
    summary = session.summary
    found = [] if approved is None else approvals(connection.state, approved)
    said = session.settings.two_person
    if said is None:
        if found:
            summary.extra["approved_by"] = ", ".join(sorted({a.actor for a in found}))
        return
    rule = TwoPerson.parse(said)
    others = rule.others(Approval(summary.actor, system_user()), found)
    guard = rule.guard(summary.rows["read"], others)
    summary.guards = [*summary.guards, guard]
    if others:
        summary.extra["approved_by"] = ", ".join(others)
    if guard.refused and guard.passed_by is None:
        raise _refusal(rule, summary.rows["read"], summary.plan_digest)


def needs_two(session: Session) -> None:
    """Say with a plan that its import will need another person."""
    said, summary = session.settings.two_person, session.summary
    if said is not None and summary.rows["read"] > TwoPerson.parse(said).rows:
        text = _NEEDED[session.settings.lang]
        session.talk.say(text.format(digest=summary.plan_digest))


def approvals(state: State, digest: str) -> list[Approval]:
    """Return who approved the plan of this digest, or planned it and handed it over.

    A plan that a task of Airflow made is nobody's approval.
    """
    return [
        Approval(row.actor, str(told.get("system_user", "")))
        for row, told in _rows(state)
        if told.get("digest") == digest and not told.get("airflow")
    ]


def _rows(state: State) -> Iterator[tuple[AuditRow, dict[str, Any]]]:
    log = AuditLog(state)
    for event in _EVENTS:
        for row in log.rows(event=event):
            yield row, json.loads(row.details)


def _refusal(rule: TwoPerson, rows: int, digest: str | None) -> RefusedError:
    other = (
        "another person, under another user of this machine,"
        if rule.users
        else ("another person")
    )
    return RefusedError(
        f"import refused: two_person is {rows} rows, limit {rule.rows}, and nobody else"
        " approved this plan",
        hint=f"nothing was written; {other} looks at the plan and runs"
        f" `notchpay-pipeline approve {digest}`, then `--approve {digest}`",
    )
