"""What a command writes into the audit, and the head of the chain in its summary.

The database keeps the chain; every run's summary keeps the number and hash of the last
line it wrote, so that lines cut off at the end are missed there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.files.mirror import runs_root
from pipeline.report.folder import summaries
from pipeline.runs.actor import is_airflow_task, system_user, who
from pipeline.runs.connect import Connection, open_database
from pipeline.runs.session import Session
from pipeline.settings import Settings
from pipeline.state.audit import AuditLog, AuditRow
from pipeline.state.store import State

HEAD = "audit"
"""Key of the summary that holds `{seq, hash}` of the run's last line."""


def note_run(
    session: Session,
    connection: Connection,
    event: str,
    *,
    actor: str | None = None,
    **details: object,
) -> None:
    """Write a line about a run, and its number and hash into the run's summary.

    `actor` is named where it is not the one who began the run.
    """
    summary = session.summary
    row = AuditLog(connection.state).append(
        event,
        actor=actor or summary.actor,
        account=connection.account_id,
        source=summary.source,
        run_id=summary.run_id,
        details=_told(session.settings) | {k: v for k, v in details.items() if v},
    )
    summary.extra[HEAD] = {"seq": row.seq, "hash": row.hash}


def note_act(
    state: State,
    event: str,
    *,
    actor: str | None,
    settings: Settings,
    account: str | None = None,
    details: Mapping[str, object],
) -> AuditRow:
    """Write a line about a command that has no run."""
    told = _told(settings) | {k: v for k, v in details.items() if v is not None}
    return AuditLog(state).append(
        event, actor=who(actor), account=account, details=told
    )


def facts_of(session: Session) -> dict[str, Any]:
    """Return what the audit tells of a plan: whose, how much, and what was passed."""
    summary = session.summary
    return {
        "env": summary.env,
        "merchant": summary.extra.get("merchant"),
        "file_sha256": summary.file_sha256,
        "digest": summary.plan_digest,
        "rows": summary.rows.get("read"),
        "reason": summary.extra.get("reason"),
        "approved_by": summary.extra.get("approved_by"),
        "guards_passed": {g.name: g.passed_by for g in summary.guards if g.passed_by},
    }


def books_of(session: Session) -> dict[str, int]:
    """Return the books of a run as the audit tells them."""
    return {name: count for name, count in session.summary.rows.items() if count}


def _told(settings: Settings) -> dict[str, Any]:
    told: dict[str, Any] = {"system_user": system_user()}
    if settings.profile:
        told["profile"] = settings.profile
    if is_airflow_task():
        told["airflow"] = True
    return told


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking the audit came to: how many lines, and which one is wrong, why."""

    lines: int
    wrong: int | None = None
    why: str = ""


def audit_rows(settings: Settings) -> Iterator[AuditRow]:
    """Yield the lines of the audit, oldest first.

    Raises:
        StateError: There is no state database.
    """
    with open_database(settings, create=False) as state:
        yield from AuditLog(state).rows()


def check_audit(settings: Settings) -> Checked:
    """Check the chain, and the heads that the summaries of runs keep.

    Raises:
        StateError: There is no state database.
    """
    with open_database(settings, create=False) as state:
        log = AuditLog(state)
        lines, wrong = log.count(), log.verify()
        if wrong is not None:
            return Checked(lines, wrong, "chain")
        for run_id, seq, wanted in _heads(settings):
            if log.hash_of(seq) != wanted:
                return Checked(lines, seq, run_id)
    return Checked(lines)


def _heads(settings: Settings) -> Iterator[tuple[str, int, str]]:
    """Yield run id, number and hash of every head that a summary keeps."""
    if not settings.runs_is_local:
        return
    for summary in summaries(runs_root(settings.runs_dir)):
        head = summary.get(HEAD)
        if isinstance(head, Mapping) and isinstance(head.get("seq"), int):
            yield str(summary["run_id"]), head["seq"], str(head.get("hash"))
