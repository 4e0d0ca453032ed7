"""What the client costs beside bare httpx: creates against a local server, no limit.

    python -m tests.benchmarks.client [--rows 2000] [--rounds 3]

Prints requests a second and CPU time a request (medians of the rounds; the second is
the steadier on a busy machine) for bare httpx, for the client without a rate and with a
rate too high to matter, and writes `build/bench-client.json`.
"""

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path

import httpx

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.api.pace import MemoryPaceStore, Pace
from tests.benchmarks.window_server import window_server

CONCURRENCY = 8
BODY = {"name": "Ada Mballa", "email": "ada@example.com", "phone": "+237670000001"}


async def timed(rows, send):
    left = iter(range(rows))

    async def work():
        for _ in left:
            await send()

    began = (time.perf_counter(), time.process_time())
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    return rows / wall, cpu / rows * 1e6


async def bare(address, rows):
    limits = httpx.Limits(max_connections=CONCURRENCY)
    async with httpx.AsyncClient(
        limits=limits, trust_env=False, headers={"Authorization": "pk_test.benchmark"}
    ) as client:

        async def send():
            response = await client.post(f"{address}/customers", json=BODY)
            assert response.status_code == 201
            assert response.json()["customer"]["id"]

        return await timed(rows, send)


async def ours(address, rows, rate):
    pace = Pace(MemoryPaceStore(), rate, concurrency=CONCURRENCY)
    config = ApiConfig(address, "pk_test.benchmark", concurrency=CONCURRENCY)
    async with NotchPayClient(config, pace) as client:
        return await timed(rows, lambda: client.create_customer(BODY))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    kinds = {
        "bare httpx": lambda at: bare(at, options.rows),
        "client, rate off": lambda at: ours(at, options.rows, None),
        "client, rate 1000000/1": lambda at: ours(at, options.rows, Rate(10**6, 1.0)),
    }
    speeds = {name: [] for name in kinds}
    with window_server(0, 1.0) as address:
        for _ in range(options.rounds):
            for name, run in kinds.items():
                speeds[name].append(asyncio.run(run(address)))
    figures = {
        name: {
            "per_second": round(statistics.median(wall for wall, _ in each)),
            "cpu_us": round(statistics.median(cpu for _, cpu in each)),
        }
        for name, each in speeds.items()
    }
    for name, found in figures.items():
        print(f"{name}: {found['per_second']} requests/s, {found['cpu_us']} us of CPU")
    build = Path(__file__).resolve().parents[2] / "build"
    build.mkdir(exist_ok=True)
    (build / "bench-client.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
