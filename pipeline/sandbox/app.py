"""The sandbox put together: the API over its store, behind its gate."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from pipeline.sandbox import shapes
from pipeline.sandbox.api import Api, answered
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.drift import drift
from pipeline.sandbox.exchange import AnswerLostError
from pipeline.sandbox.faults import Faults
from pipeline.sandbox.gate import Gate, Rules, Traffic
from pipeline.sandbox.inputs import Refusal
from pipeline.sandbox.limits import Rate
from pipeline.sandbox.seeds import seed_customers, seed_payments
from pipeline.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Everything that makes one sandbox differ from another.

    Attributes:
        dialect: How it speaks.
        faults: What goes wrong.
        rate: Requests per window and key, or None for no limit.
        seed: Decides ids and seeded rows.
        data: A database file that stays, or None for one in memory.
        seed_customers: Customers to add at the start, where there are none yet.
        payments_per_customer: Payments to add for each of them.
        refused_keys: Keys that get 401.
        clock: Seconds since 1970; for times, windows, search lag and outages.
        record: Whether requests are counted one by one (memory grows with them).
    """

    dialect: Dialect = field(default_factory=Dialect)
    faults: Faults = field(default_factory=Faults)
    rate: Rate | None = None
    seed: int = 0
    data: Path | None = None
    seed_customers: int = 0
    payments_per_customer: int = 0
    refused_keys: frozenset[str] = frozenset()
    clock: Callable[[], float] = time.time
    record: bool = True


def open_store(options: SandboxOptions) -> Store:
    """Return the store, filled where it is new and filling is asked for."""
    store = Store(options.data, options.dialect, seed=options.seed, clock=options.clock)
    if options.seed_customers and not store.customer_total:
        seed_customers(store, options.seed_customers, options.seed)
        seed_payments(store, options.payments_per_customer, options.seed)
    return store


def create_app(options: SandboxOptions | None = None) -> Starlette:
    """Return the API as an ASGI app; `app.state.store` and `.traffic` look inside."""
    options = options or SandboxOptions()
    store, traffic = open_store(options), Traffic()
    rules = Rules(
        dialect=options.dialect,
        faults=options.faults,
        rate=options.rate,
        refused_keys=options.refused_keys,
        clock=options.clock,
        drift=drift(store),
        record=options.record,
        started_at=options.clock(),
    )
    app = Starlette(
        routes=Api(store, options.dialect).routes(),
        middleware=[Middleware(Gate, rules=rules, traffic=traffic)],
        exception_handlers={
            Refusal: _refused(options.dialect),
            HTTPException: _no_route(options.dialect),
        },
    )
    app.router.redirect_slashes = False
    app.state.options, app.state.store, app.state.traffic = options, store, traffic
    return app


def in_process(app: Starlette) -> httpx.AsyncBaseTransport:
    """Return a transport to `app` without a socket; drops look as over a socket."""
    return _InProcess(app)


class _InProcess(httpx.ASGITransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return await super().handle_async_request(request)
        except AnswerLostError as lost:
            if lost.timed_out:
                raise httpx.ReadTimeout(str(lost), request=request) from lost
            raise httpx.RemoteProtocolError(str(lost), request=request) from lost


def _refused(dialect: Dialect) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, refusal: Exception) -> Response:
        assert isinstance(refusal, Refusal)
        body = shapes.error(refusal.status, refusal.message, dialect, refusal.errors)
        return answered(refusal.status, body)

    return answer


def _no_route(dialect: Dialect) -> Callable[[Request, Exception], Response]:
    def answer(_: Request, missing: Exception) -> Response:
        assert isinstance(missing, HTTPException)
        message = HTTPStatus(missing.status_code).phrase
        body = shapes.error(missing.status_code, message, dialect)
        response = answered(missing.status_code, body)
        if missing.headers:
            allow = missing.headers["Allow"].split(", ")
            response.headers["Allow"] = ", ".join(sorted(allow))
        return response

    return answer
