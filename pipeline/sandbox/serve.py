"""Serves the sandbox over HTTP on loopback: in the foreground, or in a thread."""

import asyncio
import contextlib
import functools
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Self, TextIO, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from pipeline.sandbox.app import SandboxOptions, create_app
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.faults import Faults, Outage
from pipeline.sandbox.limits import Rate

if TYPE_CHECKING:
    from pipeline.sandbox.gate import Traffic
    from pipeline.sandbox.store import Store

HOST = "127.0.0.1"
_GRACE_SECONDS = 1
_BACKLOG = 2048


class _Corked:
    """A transport that sends head and body of an answer in one go.

    The server writes them apart, which costs every answer a second system call.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        # What was written before a drop (half an answer) is still to arrive.
        self._flush()
        self._transport.abort()

    def _flush(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        if data:
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:  # whatever else it has
        return getattr(self._transport, name)


class _Protocol(H11Protocol):
    """Tells the app its transport, so that a fault can close the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        corked = cast("asyncio.Transport", _Corked(transport, self.loop))
        super().connection_made(corked)
        self.app_state = {**self.app_state, "transport": corked}


class _Server(uvicorn.Server):
    """A server that says when it listens, and that a signal ends quietly."""

    def __init__(
        self, config: uvicorn.Config, faults: Faults, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._refusals = [o for o in faults.outages if o.how == "refuse"]
        self._ready = ready
        self.back = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        address = self.servers[0].sockets[0].getsockname()
        for outage in self._refusals:
            self._plan_refusal(outage, address)
        self._ready()

    def _plan_refusal(self, outage: Outage, address: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        if outage.start:
            loop.call_later(outage.start, self._leave)
        else:
            self._leave()
        reopen = functools.partial(self._return, address)
        loop.call_later(outage.start + outage.seconds, reopen)

    def _leave(self) -> None:
        """Stop listening and break every connection."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _return(self, address: tuple[str, int]) -> None:
        async def listen() -> None:
            self.servers = [
                await asyncio.get_running_loop().create_server(
                    lambda: _Protocol(self.config, self.server_state, {}),
                    sock=_bound(address),
                )
            ]
            self.back.set()

        self._returning = asyncio.ensure_future(listen())

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        self.should_exit = True


def _bound(address: tuple[str, int]) -> socket.socket:
    # asyncio switches Nagle's delay off only where the protocol is spelt out.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
    except OSError:
        bound.close()
        raise
    return bound


class _Listener:
    """A bound socket, the app behind it and the server between them."""

    def __init__(
        self, options: SandboxOptions, port: int, ready: Callable[[], None]
    ) -> None:
        self.socket = _bound((HOST, port))
        self.port: int = self.socket.getsockname()[1]
        self.app = create_app(options)
        config = uvicorn.Config(
            self.app,
            http=_Protocol,
            loop="asyncio",
            lifespan="off",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self.server = _Server(config, options.faults, ready)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def run(self) -> None:
        try:
            self.server.run(sockets=[self.socket])
        finally:
            self.socket.close()
            self.app.state.store.close()


def serve(
    options: SandboxOptions,
    port: int = 0,
    port_file: Path | None = None,
    out: TextIO | None = None,
) -> None:
    """Serve until interrupted; `port` 0 takes a free one.

    The address is the first line on `out` (default: standard output), written when
    connections are accepted. `port_file` then holds the port already, and goes at
    the end.

    Raises:
        OSError: The port is taken.
    """
    told = out or sys.stdout

    def announce() -> None:
        if port_file:
            fresh = port_file.with_name(port_file.name + ".new")
            fresh.write_text(f"{listener.port}\n", encoding="ascii")
            fresh.replace(port_file)
        told.write(f"{listener.url}\n")
        told.flush()

    listener = _Listener(options, port, announce)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            listener.run()
    finally:
        if port_file:
            port_file.unlink(missing_ok=True)


class SandboxThread:
    """A sandbox on a free loopback port, in a thread, as a context manager.

    Attributes:
        url: Its address.
        store: Its rows.
        back: Set when an outage of the kind `refuse` is over.
        traffic: Its requests, counted: `traffic.calls("POST", "/customers")`.
    """

    def __init__(self, options: SandboxOptions | None = None, port: int = 0) -> None:
        self._up = threading.Event()
        self._listener = _Listener(options or SandboxOptions(), port, self._up.set)
        self._thread = threading.Thread(target=self._listener.run, daemon=True)
        self.url = self._listener.url
        self.port = self._listener.port
        self.store: Store = self._listener.app.state.store
        self.back = self._listener.server.back
        self.traffic: Traffic = self._listener.app.state.traffic

    @property
    def requests(self) -> dict[tuple[str, str, str], int]:
        """Requests so far: (method, path, query) -> how often."""
        return dict(self.traffic.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.server.should_exit = True
        self._thread.join()


def run_sandbox(  # noqa: PLR0913 # one argument an option of the command
    *,
    port: int = 0,
    port_file: Path | None = None,
    data: Path | None = None,
    seed_customers: int = 0,
    payments_per_customer: int = 0,
    rate: str = "off",
    faults: str = "",
    dialect: str = "",
    seed: int = 0,
) -> None:
    """Run `notchpay-pipeline sandbox`: the options of the command line as they are.

    Raises:
        SpecError: `rate`, `faults` or `dialect` cannot be understood.
        OSError: The port is taken, or `data` cannot be opened.
    """
    options = SandboxOptions(
        dialect=Dialect.parse(dialect),
        faults=Faults.parse(faults, seed),
        rate=Rate.parse(rate),
        seed=seed,
        data=data,
        seed_customers=seed_customers,
        payments_per_customer=payments_per_customer,
        record=False,
    )
    serve(options, port, port_file)
