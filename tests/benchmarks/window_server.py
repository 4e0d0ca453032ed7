"""An API that counts: creates customers at a fixed window, and nothing more.

Independent of the sandbox and of the pipeline, in a process of its own, so that the
measured pace owes nothing to the measuring.
"""

import asyncio
import json
import multiprocessing
import time
from collections import Counter
from contextlib import contextmanager
from multiprocessing.connection import Connection

_REASONS = {200: "OK", 201: "Created", 429: "Too Many Requests"}


class Window:
    """So many requests in each fixed window; `requests` 0 is no limit."""

    def __init__(self, requests, seconds):
        self.requests, self.seconds = requests, seconds
        self.began, self.used = 0.0, 0
        self.customers = 0
        self.statuses = Counter()
        self.first = self.last = None

    def admit(self, now):
        began = now - now % self.seconds
        if began != self.began:
            self.began, self.used = began, 0
        self.first = self.first or now
        self.last = now
        if self.requests and self.used >= self.requests:
            return False
        self.used += 1
        return True

    def headers(self, now, admitted):
        if not self.requests:
            return ""
        ends = self.began + self.seconds
        text = (
            f"X-RateLimit-Limit: {self.requests}\r\n"
            f"X-RateLimit-Remaining: {self.requests - self.used}\r\n"
            f"X-RateLimit-Reset: {int(ends)}\r\n"
        )
        # A whole second, as the API documents it: each 429 costs most of a window.
        return text if admitted else f"{text}Retry-After: {int(ends - now) + 1}\r\n"


class Exchange(asyncio.Protocol):
    """One connection: just enough HTTP/1.1 for a client that keeps it open."""

    def __init__(self, window):
        self.window, self.buffer = window, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].decode().lower()
            length = 0
            for line in head.split("\r\n")[1:]:
                if line.startswith("content-length:"):
                    length = int(line[15:])
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self.answer(head.split(" ", 2))

    def answer(self, head):
        window, now = self.window, time.time()
        if head[1] == "/stats":
            self.reply(200, "", stats(window))
            return
        admitted = window.admit(now)
        is_read = head[0] == "get"
        status = (200 if is_read else 201) if admitted else 429
        window.statuses[status] += 1
        window.customers += status == 201
        body = {"code": status, "status": _REASONS[status]}
        if is_read:
            # Nobody is there before an import; what it creates it never reads back.
            body |= {"items": [], "totals": 0, "last_page": 1, "current_page": 1}
        elif admitted:
            body["customer"] = {"id": f"cus.{window.customers}"}
        self.reply(status, window.headers(now, admitted), body)

    def reply(self, status, headers, body):
        content = json.dumps(body).encode()
        self.transport.write(
            f"HTTP/1.1 {status} {_REASONS[status]}\r\n"
            f"Content-Type: application/json\r\n{headers}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )


def stats(window):
    return {
        "created": window.statuses[201],
        "read": window.statuses[200],
        "throttled": window.statuses[429],
        "seconds": (window.last or 0) - (window.first or 0),
    }


def _serve(requests, seconds, ready: Connection):
    async def main():
        window = Window(requests, seconds)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Exchange(window), "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def window_server(requests, seconds):
    """Serve on loopback in another process; yields the address."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_serve, args=(requests, seconds, theirs), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()
