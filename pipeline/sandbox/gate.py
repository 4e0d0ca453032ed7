"""The gate in front of the routes: key, rate limit, outages and faults.

Every answer is held back until the gate has decided whether it goes out whole, late,
cut short, as another one, or not at all.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.exchange import Call, Header, Reply
from pipeline.sandbox.faults import Dice, Draw, Fault, Faults, Kind, Outage
from pipeline.sandbox.limits import FixedWindow, Rate, rate_headers, retry_after_header
from pipeline.sandbox.shapes import error

_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_MESSAGES = {
    429: "Rate limit exceeded. Try again in {} seconds",
    500: "An unexpected error occurred",
    503: "The service is temporarily unavailable",
}
_BODIES = frozenset(("POST", "PUT", "PATCH", "DELETE"))


@dataclass(slots=True)
class Traffic:
    """What came in: (method, path, query) -> how often, and refusals by the rate."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    throttled: int = 0

    def calls(self, method: str = "", path: str = "") -> int:
        """Count requests of `method` (any) whose path begins with `path`."""
        return sum(
            count
            for (verb, place, _), count in self.requests.items()
            if method in ("", verb) and place.startswith(path)
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything the gate goes by."""

    dialect: Dialect
    faults: Faults
    rate: Rate | None
    refused_keys: frozenset[str]
    clock: Callable[[], float]
    drift: Callable[[str, Draw], None]
    record: bool
    started_at: float


class Gate:
    """ASGI middleware over the routes of the sandbox."""

    def __init__(self, app: ASGIApp, rules: Rules, traffic: Traffic) -> None:
        self._app = app
        self._rules = rules
        self._dialect = rules.dialect
        self._traffic = traffic
        self._dice = Dice(rules.faults)
        self._window = FixedWindow(rules.rate, rules.clock) if rules.rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or leave it without an answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = Call(scope, receive)
        if self._rules.record:
            self._traffic.requests[call.method, call.path, call.query] += 1
        outage = self._outage()
        if outage and outage.how != "503":
            await call.cut()
        elif outage:
            await self._failure(503, None).send(send)
        else:
            await self._admit(call, send)

    def _outage(self) -> Outage | None:
        elapsed = self._rules.clock() - self._rules.started_at
        return self._rules.faults.outage_at(elapsed)

    async def _admit(self, call: Call, send: Send) -> None:
        """Check key and rate, then let the request in."""
        key = call.header(b"authorization")
        refusal = self._refused_key(key)
        headers: list[Header] = []
        if refusal is None and self._window:
            standing = self._window.take(key)
            headers = rate_headers(standing, self._dialect)
            if not standing.allowed:
                self._traffic.throttled += 1
                refusal = self._failure(429, standing.retry_after)
        if refusal is None and call.method in _BODIES and not await call.read():
            refusal = self._plain(413, "Payload too large")
        if refusal is None:
            await self._meet(call, headers, send)
        else:
            refusal.headers += headers
            await refusal.send(send)

    def _refused_key(self, key: str) -> Reply | None:
        if not key:
            return self._plain(401, "API key is missing")
        if key.lower().startswith("bearer ") or key in self._rules.refused_keys:
            return self._plain(401, "Invalid API key")
        return None

    async def _meet(self, call: Call, headers: list[Header], send: Send) -> None:
        """Draw what the request meets, and let it happen."""
        if self._dice.idle:
            await self._finish(call, headers, None, send)
            return
        operation = operation_of(call)
        draw = self._dice.draw(operation, _identity(call, operation))
        if draw.delay:
            await asyncio.sleep(draw.delay)
        if draw.insert or draw.delete:
            self._rules.drift(operation, draw)
        await self._finish(call, headers, draw.fault, send)

    async def _finish(
        self, call: Call, headers: list[Header], fault: Fault | None, send: Send
    ) -> None:
        if fault is None or fault.after:
            reply = await call.perform(self._app)
            reply.headers += headers
        if fault is None:
            await reply.send(send)
        elif fault.kind is Kind.DROP:
            await call.cut()
        elif fault.kind is Kind.HANG:
            await call.hang(fault.seconds or 0.0)
        elif fault.kind is Kind.STATUS:
            failure = self._status(fault)
            failure.headers += headers
            await failure.send(send)
        elif fault.kind is Kind.GARBLE:
            reply.body = reply.body[: len(reply.body) // 2]
            await reply.send(send)
        else:
            await reply.send(send, upto=len(reply.body) // 2)
            await call.cut()

    def _status(self, fault: Fault) -> Reply:
        if fault.html:
            page = _HTML.format(f"{fault.status} Bad Gateway").encode()
            reply = Reply(fault.status, page, [(b"content-type", b"text/html")])
        else:
            seconds = None if fault.seconds is None else max(1, round(fault.seconds))
            reply = self._failure(fault.status, seconds)
        return reply

    def _failure(self, status: int, seconds: int | None) -> Reply:
        """Return an error of the server's own, with Retry-After where told."""
        message = _MESSAGES.get(status, _MESSAGES[500])
        reply = self._plain(status, message.format(seconds or "some"))
        if seconds is not None:
            now = self._rules.clock()
            reply.headers += retry_after_header(seconds, now, self._dialect)
        return reply

    def _plain(self, status: int, message: str) -> Reply:
        return Reply.of(status, error(status, message, self._dialect))


def operation_of(call: Call) -> str:
    """Return the class of a request, by which faults are told apart."""
    match call.path.strip("/").split("/"):
        case ["customers"]:
            if call.method == "POST":
                return "create"
            return "search" if "search=" in call.query else "list"
        case ["customers", _]:
            return {"GET": "get", "DELETE": "delete"}.get(call.method, "update")
        case ["customers", _, "payments"] | ["payments"]:
            return "payments"
        case _:
            return "other"


def _identity(call: Call, operation: str) -> str:
    """Return what makes two requests the same to the dice.

    A create is the person it names: an import key in its metadata is new in each run,
    and the same seed shall still give the same faults.
    """
    if operation != "create":
        return f"{call.method} {call.path}?{call.query}"
    try:
        body = json.loads(call.body)
        return "create " + "|".join(
            str(body.get(k)) for k in ("email", "phone", "name")
        )
    except (ValueError, AttributeError, RecursionError):
        return "create"
