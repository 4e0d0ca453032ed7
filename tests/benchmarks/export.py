"""How long an export of 20,000 customers and 60,000 payments takes, and its memory.

`python tests/benchmarks/export.py [--customers N] [--payments N]` starts a server of
its own on loopback that answers from pages made beforehand, exports, and prints one
JSON object: seconds, rows a second, requests and peak memory of the export.
"""

import argparse
import asyncio
import json
import math
import multiprocessing
import resource
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SIZE = 100
STATUSES = ("complete", "complete", "complete", "failed", "pending", "expired")


def customer(n: int) -> dict[str, object]:
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


def payment(n: int, customers: int) -> dict[str, object]:
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


def pages(rows: list[dict[str, object]]) -> list[bytes]:
    last = max(1, math.ceil(len(rows) / SIZE))
    made = []
    for page in range(1, last + 1):
        items = rows[(page - 1) * SIZE : page * SIZE]
        body = {
            "code": 200,
            "status": "OK",
            "message": "Retrieved",
            "totals": len(rows),
            "last_page": last,
            "current_page": page,
            "selected": len(items),
            "items": items,
        }
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(text)}\r\n\r\n"
        made.append(head.encode() + text)
    return made


class Protocol(asyncio.Protocol):
    answers: dict[str, list[bytes]]

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
            return b"HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        page = int(parse_qs(parts.query).get("page", ["1"])[0])
        return found[min(page, len(found)) - 1]


def serve(pipe, customers, payments):
    Protocol.answers = {
        "/customers": pages([customer(n) for n in range(customers)]),
        "/payments": pages([payment(n, customers) for n in range(payments)]),
    }

    async def run():
        listener = socket.create_server(("127.0.0.1", 0))
        server = await asyncio.get_running_loop().create_server(Protocol, sock=listener)
        pipe.send(listener.getsockname()[1])
        async with server:
            await server.serve_forever()

    asyncio.run(run())


async def timed(url, root):
    from pipeline.api.client import NotchPayClient
    from pipeline.api.config import ApiConfig
    from pipeline.api.pace import MemoryPaceStore, Pace
    from pipeline.export.request import ExportRequest
    from pipeline.export.run import export

    request = ExportRequest("all", str(root), "bench", "bench")
    pace = Pace(MemoryPaceStore(), None)
    async with NotchPayClient(ApiConfig(url, "pk_test.bench"), pace) as client:
        start, cpu = time.perf_counter(), time.process_time()
        result = await export(client, request, clock=lambda: datetime.now(UTC))
        seconds = time.perf_counter() - start
        cpu = time.process_time() - cpu
        return result, seconds, cpu, client.stats


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--payments", type=int, default=60_000)
    asked = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    server = context.Process(target=serve, args=(there, asked.customers, asked.payments), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{here.recv()}"
    with tempfile.TemporaryDirectory() as folder:
        result, seconds, cpu, stats = asyncio.run(timed(url, Path(folder) / "exports"))
    server.terminate()
    told = result.manifest["tables"]
    rows = sum(told[table]["rows"] for table in ("customers", "payments"))
    print(
        json.dumps(
            {
                "benchmark": "export",
                "rows": rows,
                "seconds": round(seconds, 2),
                "cpu_seconds": round(cpu, 2),
                "rows_per_second": round(rows / seconds),
                "requests": stats.as_dict()["requests"],
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "findings": len(result.findings),
            }
        )
    )


if __name__ == "__main__":
    main()
