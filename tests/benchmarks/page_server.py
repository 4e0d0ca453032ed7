"""A list server on loopback that answers from pages made beforehand.

It costs next to nothing a request, so that what is measured is the client.
"""

import asyncio
import json
import math
import multiprocessing
import socket
from contextlib import contextmanager
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

SIZE = 100
STATUSES = ("complete", "complete", "complete", "failed", "pending", "expired")
ABSENT = b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def customer(n):
    return {
        "id": f"cus.test_{n:016x}",
        "name": f"Ngo Bayiha Éloïse {n}",
        "email": f"eloise.{n}@example.com",
        "phone": f"+2376{70000000 + n:08d}",
        "metadata": {"user_id": str(n), "country": "CM", "shop": "Akwa"},
        "company_name": None,
        "created_at": f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}T08:{n % 60:02d}:21.{n % 1000000:06d}Z",
        "updated_at": "2026-10-01T08:00:00.000000Z",
    }


def payment(n, customers):
    made = f"2025-{n % 12 + 1:02d}-{n % 28 + 1:02d}T{n % 24:02d}:{n % 60:02d}:21.{n % 1000000:06d}Z"
    amount = 500 + n % 100_000
    return {
        "reference": f"trx.test_{n:020x}",
        "merchant_reference": f"order_{n}",
        "trxref": f"order_{n}",
        "amount": amount,
        "amount_total": amount,
        "amounts": {"total": amount, "converted": amount, "currency": "XAF", "rate": 1},
        "converted_amount": amount,
        "fee": amount // 50,
        "fees": [],
        "currency": "XAF",
        "status": STATUSES[n % 6],
        "customer": f"cus.test_{n % customers:016x}",
        "payment_method": f"pm.{n % 977:016x}",
        "charge": "business",
        "description": f"Order {n} of the shop",
        "callback": None,
        "sandbox": 0,
        "geo": "203.0.113.7",
        "created_at": made,
        "completed_at": made if n % 6 < 3 else None,
        "updated_at": made,
    }


def pages(make, count):
    """Yield the answers of a list whose rows `make(number)` makes, head and all."""
    last = max(1, math.ceil(count / SIZE))
    for page in range(1, last + 1):
        items = [make(n) for n in range((page - 1) * SIZE, min(page * SIZE, count))]
        body = {
            "code": 200,
            "status": "OK",
            "message": "Retrieved",
            "totals": count,
            "last_page": last,
            "current_page": page,
            "selected": len(items),
            "items": items,
        }
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n"
        yield head.encode() + text


class Protocol(asyncio.Protocol):
    answers: ClassVar = {}

    def connection_made(self, transport):
        self.transport = transport
        self.waiting = b""

    def data_received(self, data):
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, self.waiting = self.waiting.partition(b"\r\n\r\n")
            self.transport.write(self.answer(head.split(b" ", 2)[1].decode()))

    def answer(self, target):
        parts = urlsplit(target)
        found = self.answers.get(parts.path)
        if found is None:
            return ABSENT
        page = int(parse_qs(parts.query).get("page", ["1"])[0])
        return found[min(page, len(found)) - 1]


def serve(pipe, customers, payments):
    Protocol.answers = {
        "/customers": list(pages(customer, customers)),
        "/payments": list(pages(lambda n: payment(n, customers), payments)),
    }

    async def run():
        listener = socket.create_server(("127.0.0.1", 0))
        server = await asyncio.get_running_loop().create_server(Protocol, sock=listener)
        pipe.send(listener.getsockname()[1])
        async with server:
            await server.serve_forever()

    asyncio.run(run())


@contextmanager
def page_server(customers, payments):
    """Run the server in a process of its own; yield its address."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(
        target=serve, args=(there, customers, payments), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()
