"""`check`: read, normalise, validate, find duplicates inside the file. No network, no key."""

from concurrent.futures import Executor, Future
from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO, Protocol

from pipeline.dedupe import DedupePolicy, deduplicate
from pipeline.errors import RefusedError
from pipeline.match.changes import UPDATED_AT
from pipeline.plan.guards import refusal_text, refusals
from pipeline.runs.books import balance, check_outcomes
from pipeline.runs.decided import bring_decisions, follow_decisions
from pipeline.runs.deliverability import dns_asker, look_up_domains
from pipeline.runs.drifting import compare_source, rule_guards
from pipeline.runs.engines import Engine, engine_for
from pipeline.runs.intake import Intake, open_views, take_in
from pipeline.runs.own import own_rules
from pipeline.runs.ranking import rank_review, ready_to_rank
from pipeline.runs.rejected_book import BookOrder, Shown, begun
from pipeline.runs.remembering import remembered
from pipeline.runs.reporting import hand_over, roles_of
from pipeline.runs.request import FileRequest
from pipeline.runs.results import write_leftover_files, write_outcomes
from pipeline.runs.session import Session, new_session, running
from pipeline.runs.suppressing import refuse_suppressed
from pipeline.runs.talk import Talk
from pipeline.runs.workbench import Workbench
from pipeline.settings import Settings
from schemas.outcomes import CHECK_BOOKS, ExitCode, RunState

if TYPE_CHECKING:
    from pipeline.state.store import State


def check(
    settings: Settings,
    request: FileRequest,
    *,
    talk: Talk | None = None,
    stdin: BinaryIO | None = None,
) -> Session:
    """Check a customer file; return the finished session with its summary.

    Raises:
        InputError: The file cannot be read or has no usable column.
        UsageError: An option names a column or field that is none.
        RefusedError: A rule speaks about more rows than its `max_share` allows.
    """
    own_rules(settings)  # a mistake in the file is told before a run begins
    preparers = engine_for(settings, request.file)
    session = new_session(
        settings,
        "check",
        request.file,
        source=request.source,
        books=CHECK_BOOKS,
        talk=talk,
    )
    with closing(preparers), running(session):
        intake = bring_in(session, request, preparers=preparers, stdin=stdin)
        with session.bench() as bench, remembered(settings) as (state, account):
            with session.summary.timed("dedupe"):
                refuse_suppressed(session, intake, state, account)
            # Whatever is rejected is known by now, and one worker is idle.
            with begun(_book_order(session, intake), preparers.beside) as book:
                find_duplicates(
                    session, bench, request, intake, state, account, preparers.pool
                )
                with session.summary.timed("write"):
                    check_outcomes(bench)
                    conclude(session, bench, intake, book)
        session.summary.guards = rule_guards(session, intake.read, intake.own)
        session.clear_staging()
        _refuse(session)
        session.summary.state = RunState.FINISHED
    return session


def _book_order(session: Session, intake: Intake) -> BookOrder:
    return BookOrder(
        folder=session.folder,
        columns=intake.columns,
        roles=roles_of(intake.reading),
        total=intake.rejected,
        lang=session.settings.lang,
    )


def _refuse(session: Session) -> None:
    """Refuse a file in which a rule of the settings speaks too often."""
    stopped = refusals(session.summary.guards)
    if stopped:
        raise RefusedError(
            f"check refused: {refusal_text(stopped)}",
            hint=f"look at {session.place}, then correct the file, or `max_share`"
            " in the file of `--config`",
        )


def bring_in(
    session: Session,
    request: FileRequest,
    *,
    preparers: Engine,
    is_test_key: bool | None = None,
    stdin: BinaryIO | None = None,
) -> Intake:
    """Stage the file and put what was read into the summary."""
    ready_to_rank(request)
    summary = session.summary
    session.wants_page |= request.report
    with summary.timed("read"):
        intake = take_in(
            session.folder,
            request,
            session.settings,
            session.talk,
            preparers=preparers,
            is_test_key=is_test_key,
            stdin=stdin,
        )
    summary.file_sha256 = intake.sha256
    summary.reading = intake.reading
    summary.findings.update(intake.findings)
    summary.rows["read"] = intake.read
    summary.extra["counts"] = dict(intake.counts)
    summary.extra["region_assumed"] = _assumed(session, intake)
    session.log.event(
        "file_read", rows=intake.read, rejected=intake.rejected, sha256=intake.sha256
    )
    return intake


def _assumed(session: Session, intake: Intake) -> dict[str, float | str]:
    """Return how many phones had no country code nor a country, and as what they pass."""
    phones = intake.counts["phones"]
    share = min(1.0, intake.counts["region_assumed"] / phones) if phones else 0.0
    return {
        "share": round(share, 4),
        "phones": phones,
        "region": session.settings.region,
    }


def find_duplicates(
    session: Session,
    bench: Workbench,
    request: FileRequest,
    intake: Intake,
    state: "State | None" = None,
    account: str | None = None,
    pool: Executor | None = None,
) -> None:
    """Fill `merges`, `held`, `golden` and `pairs` from the staged rows.

    With `state`, what people decided about `account` is followed; `pool` judges
    doubtful names.
    """
    session.talk.stage("duplicates", None)
    with session.summary.timed("dedupe"):
        open_views(bench, session.folder.staging, has_parts=intake.read > 0)
        compare_source(session, bench, intake)
        if request.deliverability:
            look_up_domains(session, bench, dns_asker())
        said = bring_decisions(bench, state, account) if state else None
        deduplicate(
            bench.con,
            "prepared",
            DedupePolicy(
                level=request.dedupe,  # type: ignore[arg-type]  # checked by the CLI
                prefer=request.prefer,  # type: ignore[arg-type]  # checked by the CLI
                decisions=said,
                date_key=UPDATED_AT,
            ),
            pool,
        )
        rank_review(session, bench, request)
        if said:
            follow_decisions(bench, session.note)


def keep_duplicates(bench: Workbench) -> None:
    """Put what deduplication found into the run's own file, for other cursors and days.

    The room of deduplication works in temporary tables, which one connection sees.
    """
    for name in ("merges", "held", "golden", "pairs"):
        bench.con.execute(f"CREATE OR REPLACE TABLE main.{name} AS FROM temp.{name}")
    for name in ("merges", "held", "pairs"):
        bench.con.execute(f"DROP TABLE temp.{name}")
    bench.con.execute("DROP VIEW temp.golden")


class FileFacts(Protocol):
    """What the last step needs to know of the file."""

    @property
    def read(self) -> int:
        """Non-blank data records."""
        ...

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns as read."""
        ...

    @property
    def delimiter(self) -> str:
        """What separates them in the leftovers too."""
        ...


def conclude(
    session: Session,
    bench: Workbench,
    intake: FileFacts,
    book: Future[Shown] | None = None,
) -> None:
    """Balance the books, then write outcomes and leftovers; `book` is written already."""
    summary = session.summary
    summary.rows = dict(balance(bench, intake.read, summary.books))
    write_outcomes(bench, session.folder)
    write_leftover_files(
        bench, session.folder, intake.columns, intake.delimiter, session.settings.lang
    )
    hand_over(summary, session.folder, bench, intake, session.settings.lang, book)
    leftovers = any(
        summary.rows.get(name, 0)
        for name in ("rejected", "review", "failed", "not_attempted")
    )
    summary.exit_code = ExitCode.LEFTOVERS if leftovers else ExitCode.OK
