"""Apply a plan that lies in a run's folder: a fresh one, or one that was interrupted."""

import asyncio
import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from secrets import token_hex
from types import FrameType
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pipeline.apply.context import ApplyPolicy, Context
from pipeline.apply.engine import Engine
from pipeline.apply.operation import COLUMNS, Operation, Parked, from_row
from pipeline.apply.settle import Settler
from pipeline.apply.stop import Stop
from pipeline.apply.writer import JournalWriter
from pipeline.existing.finder import Finder
from pipeline.match.known import email_key
from pipeline.runs.connect import Connection
from pipeline.runs.matching import Matcher, matcher_of
from pipeline.runs.rematching import Moved, match_again
from pipeline.runs.request import ImportRequest
from pipeline.runs.session import Session
from pipeline.runs.talk import said
from pipeline.runs.workbench import Workbench
from pipeline.state.journal import Journal
from pipeline.state.writes import Write
from schemas.outcomes import Outcome

PLAN_AGE = 3600.0
"""Seconds after which creates that are not written yet are matched again first."""


class PlanFacts(Protocol):
    """What applying needs to know of a plan: how it was asked for, when it was read."""

    @property
    def request(self) -> ImportRequest:
        """The command line."""
        ...

    @property
    def matched_at(self) -> float:
        """When the existing customers were read, in epoch seconds."""
        ...

    @property
    def total(self) -> int | None:
        """How many customers there were."""
        ...


async def apply_plan(
    session: Session,
    bench: Workbench,
    connection: Connection,
    facts: PlanFacts,
    journal: Journal,
    stop: Stop,
) -> None:
    """Send what the journal does not hold as done; the journal holds the outcomes.

    What ended the run early stands in `stop`.
    """
    policy = _policy(session, facts.request)
    feed = Feed(
        bench, session.settings.import_key, facts.request.limit, journal, connection
    )
    session.talk.stage("writing", feed.total)
    session.talk.advance(len(feed.done))
    finder = connection.finder()
    matcher = matcher_of(
        bench,
        connection,
        facts.request,
        session.summary.source,
        session.summary.run_id,
    )
    async with JournalWriter(journal, policy.concurrency) as writer:
        context = _context(connection, finder, writer, policy, matcher, stop)
        settler = Settler(
            finder,
            connection.clock,
            policy.settle_seconds,
            policy.key_name,
            None if facts.total is None else facts.total + len(feed.done),
        )

        def ended(outcome: Outcome) -> None:
            if outcome is Outcome.CREATED:
                settler.created()
            _count(session, connection, outcome)

        context.on_outcome = ended
        engine = Engine(context, settler)
        doubts = list(feed.doubts())
        age = connection.clock.time() - facts.matched_at
        while True:
            moved: Moved = {}
            if age > PLAN_AGE:
                moved = await match_again(matcher, feed.left())
                age = 0.0
            until = connection.clock.time() + PLAN_AGE - age
            await engine.run(feed.operations(until, moved), doubts)
            if feed.is_dry or stop.reason is not None:
                break
            doubts, age = [], PLAN_AGE + 1


def _context(
    connection: Connection,
    finder: Finder,
    writer: JournalWriter,
    policy: ApplyPolicy,
    matcher: Matcher,
    stop: Stop,
) -> Context:
    return Context(
        client=connection.client,
        finder=finder,
        writer=writer,
        clock=connection.clock,
        policy=policy,
        claim_keys=lambda record: connection.claim_keys(
            email_key(record.email), record.phone
        ),
        gate=asyncio.Semaphore(policy.concurrency),
        stop=stop,
        memory=matcher.memory,
    )


def _policy(session: Session, request: ImportRequest) -> ApplyPolicy:
    settings = session.settings
    return ApplyPolicy(
        region=settings.region,
        prefer=request.file.prefer,
        key_name=settings.import_key,
        concurrency=settings.concurrency,
        max_read_age=request.max_read_age,
        settle_seconds=settings.settle_seconds,
        strict=request.approve is not None,
    )


def _count(session: Session, connection: Connection, outcome: Outcome) -> None:
    rows = session.summary.rows
    rows[str(outcome)] = rows.get(str(outcome), 0) + 1
    rows[str(Outcome.NOT_ATTEMPTED)] -= 1
    session.tick(connection.client.stats.as_dict)
    session.talk.advance()


class Feed:
    """The plan's operations in order, less those that are done or in doubt."""

    def __init__(
        self,
        bench: Workbench,
        key_name: str,
        limit: int | None,
        journal: Journal,
        connection: Connection,
    ) -> None:
        self._bench = bench
        self._key_name = key_name
        self._limit = limit
        self.done = journal.done_ops()
        self._unsettled = {write.op: write for write in journal.unsettled()}
        self._clock = connection.clock
        self._next = 0
        self.is_dry = False
        planned = int(bench.scalar("SELECT count(*) FROM operation"))
        self.total = planned if limit is None else min(planned, limit)

    def doubts(self) -> Iterator[Parked]:
        """Yield the creates that an interrupted run may have sent."""
        for write in self._unsettled.values():
            if write.action != "create":
                continue
            operation = self._operation(write.op)
            yield Parked(
                operation=_keyed(operation, self._key_name, write.import_key),
                # An intent may wait long for its turn, and be sent just before the
                # process dies; the server may still be at work on it.
                since=self._clock.time(),
                intended_at=write.intended_at,
                reason=write.reason or "the run was interrupted",
                slow=True,
                tries=write.attempts,
            )

    def attempted(self) -> Iterator[Operation]:
        """Yield the other writes that an interrupted run may have sent."""
        for write in self._unsettled.values():
            if write.action != "create":
                operation = replace(
                    self._operation(write.op),
                    action=write.action,
                    customer_id=write.customer_id,
                    body=json.loads(write.body or "{}"),
                )
                yield operation

    def _operation(self, op: int) -> Operation:
        query = f"SELECT {_NAMES} FROM operation WHERE op = ?"
        (line,) = self._bench.con.execute(query, [op]).fetchall()
        return from_row(line)

    def operations(self, until: float, moved: Moved) -> Iterator[Operation]:
        """Yield what is to be sent, until the plan is too old at epoch second `until`."""
        query = f"""
            SELECT {_NAMES} FROM operation WHERE op >= {self._next} ORDER BY op
        """
        for line in self._bench.stream(query, size=1000):
            op = line[0]
            if self._limit is not None and op >= self._limit:
                break
            if self._clock.time() >= until:
                return
            self._next = op + 1
            if op in self.done:
                continue
            write = self._unsettled.get(op)
            if write is not None and write.action == "create":
                continue
            yield self._prepared(from_row(line), moved, write)
        self.is_dry = True

    def _prepared(
        self, operation: Operation, moved: Moved, write: Write | None
    ) -> Operation:
        attempted = write is not None
        if operation.action != "create":
            return replace(operation, attempted=attempted)
        operation = replace(
            operation,
            moved=moved.get(operation.row),
            attempted=attempted,
            customer_id=write.customer_id if write else None,
        )
        return _keyed(operation, self._key_name, token_hex(12))

    def left(self) -> int:
        """Return the first op that was not handed out."""
        return self._next


_NAMES = ", ".join(name for name, _ in COLUMNS)


def _keyed(operation: Operation, name: str, key: str | None) -> Operation:
    """Return a create with its import key in the metadata, where keys are on."""
    if not name or key is None:
        return operation
    metadata = {**operation.body.get("metadata", {}), name: key}
    body = {**operation.body, "metadata": metadata}
    return replace(operation, body=body, import_key=key)


@contextmanager
def stopping(session: Session, request: ImportRequest) -> Iterator[Stop]:
    """Yield what stops a run: SIGINT, SIGTERM, `--max-duration`, `--window`.

    The second signal of a kind acts as if this were not here.
    """
    deadline = None
    if request.max_duration is not None:
        deadline = time.time() + request.max_duration
    stop = Stop(
        deadline=deadline,
        window=request.window,
        timezone=ZoneInfo(session.settings.timezone),
    )
    old: dict[int, Any] = {}

    def told(number: int, _: FrameType | None) -> None:
        stop.by_signal(number)
        session.talk.say(said(session.settings, "stopping"))
        signal.signal(number, old[number])

    try:
        for signum in (signal.SIGINT, signal.SIGTERM):
            old[signum] = signal.signal(signum, told)
    except ValueError:  # not the main thread: whoever runs it there stops it
        old.clear()
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
