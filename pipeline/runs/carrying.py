"""Carry a plan out and write what became of every row, also when the run is stopped."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.apply.stop import Stop
from pipeline.errors import (
    BreakerOpenError,
    InterruptedRunError,
    KeyRefusedError,
    LockedError,
    PipelineError,
)
from pipeline.files.publish import write_text
from pipeline.runs.applying import apply_plan, stopping
from pipeline.runs.auditing import books_of, note_run
from pipeline.runs.books import balance, run_outcomes
from pipeline.runs.check import conclude
from pipeline.runs.connect import Connection
from pipeline.runs.intake import Intake
from pipeline.runs.request import FileRequest, Guards, ImportRequest
from pipeline.runs.session import Session
from pipeline.runs.workbench import Workbench
from pipeline.state.journal import Journal
from pipeline.state.lease import Lease
from schemas.outcomes import ExitCode, Outcome, RunState


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run needs to go on, kept beside its workbench.

    `matched_at` is in epoch seconds; `total` is the number of existing customers.
    """

    request: ImportRequest
    read: int
    columns: tuple[str, ...]
    delimiter: str
    matched_at: float
    total: int | None = None

    @classmethod
    def of(
        cls,
        request: ImportRequest,
        intake: Intake,
        matched_at: float,
        total: int | None,
    ) -> "Facts":
        """Return the facts of a run whose plan is about to be applied."""
        return cls(
            request, intake.read, intake.columns, intake.delimiter, matched_at, total
        )

    def save(self, session: Session) -> None:
        """Write the facts into the run's staging folder."""
        facts = asdict(self)
        facts["request"]["window"] = None  # a resumed run is told its times anew
        facts["request"]["max_duration"] = None
        text = json.dumps(facts, ensure_ascii=False)
        write_text(session.folder.staging / "facts.json", text)
        session.can_go_on = True

    @classmethod
    def load(cls, session: Session) -> "Facts":
        """Return the facts that a run left in its staging folder."""
        path = session.folder.staging / "facts.json"
        facts = json.loads(path.read_text(encoding="utf-8"))
        request = facts.pop("request")
        file = request.pop("file")
        file["map"] = tuple((field, column) for field, column in file["map"])
        file["repairs"] = tuple(file["repairs"])
        guards = request.pop("guards")
        guards["passed"] = tuple(guards["passed"])
        facts["columns"] = tuple(facts["columns"])
        return cls(
            request=ImportRequest(
                file=FileRequest(**file), guards=Guards(**guards), **request
            ),
            **facts,
        )


async def carry_out(
    session: Session,
    bench: Workbench,
    connection: Connection,
    facts: Facts,
    lease: Lease,
) -> None:
    """Apply the plan on the workbench to its end, or as far as the run may go.

    Raises:
        InterruptedRunError: The run was told to stop; it can be resumed.
        CannotStartError: Something outside must be mended; it can be resumed.
    """
    run_id = session.folder.run_id
    journal = Journal(
        connection.state, connection.account_id, run_id, lease, facts.matched_at
    )
    _count_rows(session, bench, journal, facts)
    with stopping(session, facts.request) as stop:
        try:
            with session.summary.timed("apply"):
                await apply_plan(session, bench, connection, facts, journal, stop)
        except PipelineError as error:
            stop.by_error(error)
    session.summary.count_api(connection.client.stats.as_dict())
    with session.summary.timed("write"):
        run_outcomes(bench, results(journal), facts.request.limit, _left_by(stop))
        conclude(session, bench, facts)
    counts = {"rows": dict(session.summary.rows)}
    ended = _ending(stop, run_id)
    event = f"{session.summary.command}_{'ended' if ended is None else 'stopped'}"
    note_run(session, connection, event, rows=books_of(session))
    if ended is not None:
        connection.state.runs.update_run(run_id, summary=counts)
        raise ended
    # The folder first: a run that is finished for the database is never opened again.
    session.summary.state = RunState.FINISHED
    session.summary.write(session.folder)
    journal.release_open_claims()
    connection.state.runs.update_run(run_id, state=RunState.FINISHED, summary=counts)
    bench.close()
    session.clear_staging()


def _count_rows(
    session: Session, bench: Workbench, journal: Journal, facts: Facts
) -> None:
    """Put the books as they stand into the summary, before anything is sent."""
    run_outcomes(bench, results(journal), facts.request.limit)
    books = session.summary.books
    session.summary.rows = dict(balance(bench, facts.read, books))
    session.summary.write(session.folder)


def results(journal: Journal) -> Iterator[tuple[Any, ...]]:
    """Yield a line of the books for every write that the journal knows."""
    for write in journal.writes():
        open_rule = write.rule or "in_doubt"
        yield (
            write.op,
            str(write.outcome or Outcome.NOT_ATTEMPTED),
            write.customer_id,
            write.rule if write.outcome else open_rule,
            write.reason,
        )


def _left_by(stop: Stop) -> str:
    """Return the rule of the rows that the run did not come to."""
    for kind, name in _LEFT_BY.items():
        if isinstance(stop.error, kind):
            return name
    return stop.reason or "stopped"


_LEFT_BY: Mapping[type[PipelineError], str] = {
    KeyRefusedError: "key_refused",
    BreakerOpenError: "breaker_open",
    LockedError: "lease_lost",
}


def _ending(stop: Stop, run_id: str) -> PipelineError | None:
    """Return what a stopped run ends with, or None when it went to its end."""
    hint = f"`notchpay-pipeline resume {run_id}` goes on where it stopped"
    if stop.signal is not None:
        ended = InterruptedRunError("interrupted: what was sent is noted", hint=hint)
        ended.exit_code = ExitCode(128 + stop.signal)
        return ended
    if isinstance(stop.error, PipelineError):
        said = stop.error.hint
        stop.error.hint = f"{said}; {hint}" if said else hint
        return stop.error
    if stop.reason is not None:
        ended = InterruptedRunError(
            f"stopped by `--{stop.reason.replace('_', '-')}`", hint=hint
        )
        ended.exit_code = ExitCode.LEFTOVERS
        return ended
    return None
