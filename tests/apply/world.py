"""A tiny world for the engine: sandbox in process, real journal, a clock that hurries."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.apply.context import ApplyPolicy, Context
from pipeline.apply.engine import Engine
from pipeline.apply.operation import Operation
from pipeline.apply.settle import Settler
from pipeline.apply.stop import Stop
from pipeline.apply.writer import JournalWriter
from pipeline.existing.finder import Finder, PhoneForm
from pipeline.match.changes import FieldChange, create_body
from pipeline.match.known import Record, email_key
from pipeline.sandbox.app import SandboxOptions, create_app, in_process
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.faults import Faults
from pipeline.state.journal import Journal
from tests.chaos.clock import ScaledClock

FIRST = ("Amina", "Brice", "Chantal", "Didier", "Estelle", "Fabrice", "Gisele")


def record(row, **fields):
    return Record(
        row=row,
        **{
            "name": f"{FIRST[row % 7]} Abena{'abcdefgh'[row // 7 % 8]}",
            "email": f"client{row}@example.com",
            "phone": f"+237670000{row:03d}",
            **fields,
        },
    )


def create(op, **fields):
    key = f"key{op:06d}"
    one = record(op, **fields)
    body = create_body(one)
    body["metadata"] = {**body.get("metadata", {}), "import_key": key}
    return Operation(op, op, "create", one, body, import_key=key)


def update(op, customer_id, *changes, read_at=0.0, **more):
    """Return an update by (field, old, new) changes; metadata is not written."""
    done = tuple(FieldChange(f, old, new, "overwritten") for f, old, new in changes)
    body = {f: new for f, _, new in changes}
    before = {f: old for f, old, _ in changes}
    return Operation(
        op,
        op,
        "update",
        record(op),
        body,
        customer_id=customer_id,
        changes=done,
        before=before,
        read_at=read_at,
        **more,
    )


class Refusing(httpx.AsyncBaseTransport):
    """A transport whose connections do not open until `until` by its clock."""

    def __init__(self, inner, clock, until):
        self.inner, self.clock, self.until = inner, clock, until

    async def handle_async_request(self, request):
        if self.clock.time() < self.until:
            raise httpx.ConnectError("refused", request=request)
        return await self.inner.handle_async_request(request)


def sandbox(faults="", dialect="", clock=None, **more):
    return create_app(
        SandboxOptions(
            faults=Faults.parse(faults, more.pop("seed", 0)),
            dialect=Dialect.parse(dialect),
            clock=clock.time,
            **more,
        )
    )


@asynccontextmanager
async def world(state, app, clock, run_id="run-1", *, transport=None, **policy):
    """Yield engine, context, journal, store and traffic of one run."""
    policy = ApplyPolicy(region="CM", **{"concurrency": 4, **policy})
    pace = Pace(MemoryPaceStore(clock), None, clock=clock)
    config = ApiConfig("http://127.0.0.1:1", "pk_test.x", concurrency=8)
    lease = state.acquire("acc", run_id, run_id)
    journal = Journal(state, "acc", run_id, lease, state.now() - 5)
    async with NotchPayClient(
        config, pace, transport=transport or in_process(app)
    ) as client:
        client._exchange._has_worked = True  # as planning would have shown
        finder = Finder(client, "CM", phone_form=PhoneForm.E164)
        async with JournalWriter(journal, policy.concurrency) as writer:
            context = Context(
                client=client,
                finder=finder,
                writer=writer,
                clock=clock,
                policy=policy,
                claim_keys=lambda r: tuple(
                    state.key_of(kind, value)
                    for kind, value in (
                        ("email", email_key(r.email)),
                        ("phone", r.phone),
                    )
                    if value
                ),
                gate=asyncio.Semaphore(policy.concurrency),
                stop=Stop(),
            )
            settler = Settler(finder, clock, policy.settle_seconds, policy.key_name, 0)
            yield SimpleNamespace(
                engine=Engine(context, settler),
                context=context,
                journal=journal,
                client=client,
                store=app.state.store,
                traffic=app.state.traffic,
            )
    lease.release()


def outcomes(journal):
    return {w.op: (str(w.outcome), w.rule) for w in journal.writes()}


def hurried(factor=100.0):
    return ScaledClock(factor)
