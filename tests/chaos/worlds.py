"""Two servers with one face: records, requests, and hooks at the moments of a create.

The sandbox and the independent `OddServer` share no line. Both tell a `Hooks` of every
create, before it is carried out, once it is stored and once it is answered.
"""

import asyncio
import json
import os
import re
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.sandbox.app import SandboxOptions
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.serve import SandboxThread
from tests.servers.odd import OddServer, operation


class Hooks:
    """What happens at the n-th create; `pid` is the process that is meant."""

    def __init__(self):
        self.creates = 0
        self.pid = None
        self.at = None  # the number of the create that is met
        self.moment = None  # before, committed, answered
        self.act = None  # what to do then; for `before`, whether to drop the request
        self.late = 0.0  # seconds between the moment and the act
        self.down_until = 0.0
        self.down_how = "503"
        self.delay = 0.0
        self.fired = threading.Event()
        self._lock = threading.Lock()

    def plan(self, at, moment, act, late=0.0):
        self.at, self.moment, self.act, self.late = at, moment, act, late
        self.creates = 0
        self.fired.clear()

    def begin(self):
        """Count a create; return its number and whether it is dropped unseen."""
        with self._lock:
            self.creates += 1
            number = self.creates
        return number, self._meet(number, "before")

    def met(self, number, moment):
        self._meet(number, moment)

    def _meet(self, number, moment):
        if number != self.at or moment != self.moment or self.fired.is_set():
            return False
        self.fired.set()
        if self.late:
            threading.Timer(self.late, self.act).start()
            return False
        return bool(self.act())

    def is_down(self):
        return time.monotonic() < self.down_until

    def kill(self):
        return self.signal(signal.SIGKILL)

    def signal(self, number):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return number == signal.SIGKILL

    def outage(self, seconds, how):
        self.down_until, self.down_how = time.monotonic() + seconds, how
        return False


class HookedOdd(OddServer):
    """The independent server with hooks."""

    def __init__(self, hooks, clock, **options):
        self.hooks, self.clock = hooks, clock
        super().__init__(**options)

    def _store(self, said):
        # By the scaled clock: it began before that of any client.
        now = datetime.fromtimestamp(self.clock.time(), UTC).isoformat()
        return super()._store({"created_at": now, **said})

    def answer(self, method, target, headers, body):
        hooks = self.hooks
        path, _, query = target.partition("?")
        if hooks.is_down():
            if hooks.down_how == "drop":
                return self._finish(method, path, query, 0, {}, b"", "drop")
            return self._fail(method, path, query, {}, hooks.down_how)
        if operation(method, path, query) != "create":
            return super().answer(method, target, headers, body)
        number, is_dropped = hooks.begin()
        if is_dropped:
            return self._finish(method, path, query, 0, {}, b"", "drop")
        self.o.delay = hooks.delay
        answer = super().answer(method, target, headers, body)
        hooks.met(number, "committed")
        self._loop.call_soon(hooks.met, number, "answered")
        return answer


class HookedApp:
    """The sandbox with hooks: ASGI middleware around everything."""

    def __init__(self, app, hooks):
        self.app, self.hooks = app, hooks
        self.state = app.state

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        hooks = self.hooks
        if hooks.is_down():
            await self._fail(scope, receive, send)
            return
        path = scope["path"].strip("/")
        if (scope["method"], path) != ("POST", "customers"):
            await self.app(scope, receive, send)
            return
        number, is_dropped = hooks.begin()
        if is_dropped:
            await self._cut(scope, receive)
            return
        if hooks.delay:
            await asyncio.sleep(hooks.delay)

        async def sending(message):
            if message["type"] == "http.response.start":
                hooks.met(number, "committed")
            await send(message)
            if message["type"] == "http.response.body":
                hooks.met(number, "answered")

        await self.app(scope, receive, sending)

    async def _fail(self, scope, receive, send):
        if self.hooks.down_how == "drop":
            await self._cut(scope, receive)
            return
        body = b'{"code":503,"message":"down"}'
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _cut(self, scope, receive):
        scope["state"]["transport"].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


@dataclass
class World:
    """A running server: `url`, `hooks`, and what it knows."""

    name: str
    url: str
    hooks: Hooks
    server: object

    def records(self):
        """Return every record as (id, name, email, phone digits, metadata)."""
        if isinstance(self.server, OddServer):
            rows = self.server.customers.values()
            return [
                (r["id"], r["name"], r["email"], r["phone"], r["metadata"] or {})
                for r in list(rows)
            ]
        return [
            (r.id, r.name, r.email, r.phone, json.loads(r.metadata))
            for r in self.server.store.customers()
        ]

    def requests(self):
        if isinstance(self.server, OddServer):
            return len(self.server.log)
        return sum(self.server.requests.values())

    def operations(self):
        return self.server.operations()

    def create(self, fields):
        if isinstance(self.server, OddServer):
            return self.server._store(dict(fields))["id"]
        return self.server.store.add_customer(fields).id


ODD_DIALECTS = (
    {},
    {"list_metadata": False, "object_key": "data", "update": "put"},
    {"phone": "integer", "code_text": True, "ok_code": 202},
    {"counts": False, "order": "oldest", "list_metadata": False},
    {"object_key": None, "list_key": "customers", "phone": "digits", "message": False},
    {"search": "exact", "search_phone": "digits", "empty_metadata": []},
)
BOX_DIALECTS = (
    "",
    "list_metadata=no,object_key=data,update=put",
    "phone=integer,code=text,success=oas",
    "order=oldest,list_metadata=no,email=lower",
    "phone=digits,empty_metadata=array,timestamps=seconds",
    "search=exact,search_phone=plus,ids=underscore",
)
ODD_FAULTS = {
    "read timeout": "hang",
    "read timeout, committed": "commit_hang",
    "dropped": "drop",
    "dropped, committed": "commit_drop",
    "500, committed": "commit_500",
    "502, committed": "commit_502html",
    "503, committed": "commit_503",
    "truncated": "commit_truncate",
    "429": "429",
    "500": "500",
}
BOX_FAULTS = {
    "read timeout": "create.read_timeout",
    "read timeout, committed": "create.read_timeout_commit",
    "dropped": "create.drop_before",
    "dropped, committed": "create.drop_after",
    "500, committed": "create.500_after",
    "502, committed": "create.502html_after",
    "503, committed": "create.503_after",
    "truncated": "create.truncate",
    "429": "create.429",
    "500": "create.500",
}


@contextmanager
def odd_world(rng, seed, cast, faults, clock, lag=0.0):
    hooks = Hooks()
    dialect = ODD_DIALECTS[rng.randrange(len(ODD_DIALECTS))]
    with HookedOdd(
        hooks,
        clock,
        customers=cast.existing,
        faults={ODD_FAULTS[name]: rate for name, rate in faults.items()},
        seed=seed,
        search_lag=lag / clock.factor,
        **dialect,
    ) as server:
        yield World("odd", server.url, hooks, server)


@contextmanager
def box_world(rng, seed, cast, faults, clock, lag=0.0):
    hooks = Hooks()
    spec = BOX_DIALECTS[rng.randrange(len(BOX_DIALECTS))]
    if lag:
        spec = ",".join(filter(None, [spec, f"search_lag={lag}"]))
    options = SandboxOptions(
        dialect=Dialect.parse(spec),
        faults=Faults.parse(
            ",".join(f"{BOX_FAULTS[name]}={rate}" for name, rate in faults.items()),
            seed,
        ),
        clock=clock.time,
    )
    thread = SandboxThread(options)
    listener = thread._listener
    listener.server.config.app = HookedApp(listener.app, hooks)
    for record in cast.existing:
        thread.store.add_customer(
            {k: v for k, v in record.items() if k != "created_at"}
        )
    with thread:
        yield World("sandbox", thread.url, hooks, thread)


def contact(value):
    """Return an e-mail or phone so that equal ones are equal text."""
    text = str(value or "").strip().lower()
    return text if "@" in text else re.sub(r"\D", "", text)
