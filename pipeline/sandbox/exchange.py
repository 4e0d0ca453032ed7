"""A request read whole and an answer not sent yet: what passes through the gate."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

MAX_BODY = 1 << 20
JSON_TYPE: Header = (b"content-type", b"application/json")


class AnswerLostError(Exception):
    """The answer never arrives: what a caller without a socket sees of a drop.

    `timed_out`: it would have waited in vain instead.
    """

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("the sandbox gave no answer, as its faults ask")
        self.timed_out = timed_out


@dataclass(slots=True)
class Reply:
    """A whole answer that has not gone out yet."""

    status: int
    body: bytes
    headers: list[Header] = field(default_factory=list)

    @classmethod
    def of(cls, status: int, body: Mapping[str, Any]) -> "Reply":
        """Return `body` as a JSON answer."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return cls(status, text.encode(), [JSON_TYPE])

    async def send(self, send: Send, upto: int | None = None) -> None:
        """Send it, or only the first `upto` bytes of the body it announces."""
        length: Header = (b"content-length", b"%d" % len(self.body))
        headers = [pair for pair in self.headers if pair[0] != b"content-length"]
        await send(
            {
                "type": "http.response.start",
                "status": self.status,
                "headers": [*headers, length],
            }
        )
        part = self.body if upto is None else self.body[:upto]
        more = upto is not None
        await send({"type": "http.response.body", "body": part, "more_body": more})


@dataclass(slots=True)
class Call:
    """A request, read whole."""

    scope: Scope
    receive: Receive
    body: bytes = b""

    @property
    def method(self) -> str:
        """GET, POST, PUT, PATCH, DELETE or whatever came."""
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        """The decoded path."""
        return str(self.scope["path"])

    @property
    def query(self) -> str:
        """The query as it was sent."""
        return bytes(self.scope["query_string"]).decode("latin-1")

    def header(self, name: bytes) -> str:
        """Return a header's value, or nothing."""
        for key, value in self.scope["headers"]:
            if key == name:
                return bytes(value).decode("latin-1").strip()
        return ""

    async def read(self) -> bool:
        """Read the body; False where it is too long or the caller went away."""
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await self.receive()
            if message["type"] != "http.request":
                return False
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > MAX_BODY:
                return False
            more = message.get("more_body", False)
        self.body = b"".join(parts)
        return True

    async def perform(self, app: ASGIApp) -> Reply:
        """Let `app` carry out the request and return its answer unsent."""
        reply = Reply(500, b"")

        async def receive() -> Message:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                reply.status = message["status"]
                reply.headers = list(message["headers"])
            else:
                reply.body += message.get("body", b"")

        await app(self.scope, receive, send)
        return reply

    async def cut(self) -> None:
        """Close the connection without another byte.

        Raises:
            AnswerLostError: There is no connection, the caller is in this process.
        """
        transport = self.scope.get("state", {}).get("transport")
        if transport is None:
            raise AnswerLostError(timed_out=False)
        transport.abort()
        await self._gone()

    async def hang(self, seconds: float) -> None:
        """Leave the caller waiting, then close the connection.

        Raises:
            AnswerLostError: There is no connection, the caller is in this process.
        """
        if "transport" not in self.scope.get("state", {}):
            raise AnswerLostError(timed_out=True)
        try:
            await asyncio.wait_for(self._gone(), seconds)
        except TimeoutError:
            await self.cut()

    async def _gone(self) -> None:
        # The server must know that the connection is lost before the app returns,
        # or it would try to answer.
        while (await self.receive())["type"] != "http.disconnect":
            pass
