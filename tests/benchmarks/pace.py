"""How much of a fixed window an import uses, and what it costs in 429s.

    python -m tests.benchmarks.pace [--rows 2000] [--rate 100/2] [--processes 1 4]

Target: at least 95 % of the allowed requests, fewer than 1 answer in 500 a 429; the
same with four processes on one shared pace. Prints a line for each and writes
`build/bench-pace.json`.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import httpx

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.api.stats import ApiStats
from pipeline.state.pace import DatabasePaceStore
from pipeline.state.store import open_state
from tests.benchmarks.window_server import window_server

CONCURRENCY = 8


async def create_rows(address, rate, store, rows):
    """Create `rows` customers as the apply stage does: some tasks, one queue."""
    stats = ApiStats()
    pace = Pace(store, rate, concurrency=CONCURRENCY, on_wait=stats.waited)
    left = iter(range(rows))

    async def work(client):
        for row in left:
            await client.create_customer({"name": f"Ada {row}", "email": "a@b.example"})

    config = ApiConfig(address, "pk_test.benchmark", concurrency=CONCURRENCY)
    async with NotchPayClient(config, pace, stats=stats) as client:
        await asyncio.gather(*(work(client) for _ in range(CONCURRENCY)))


def one_process(address, rate, state_url, rows):
    if state_url is None:
        asyncio.run(create_rows(address, rate, MemoryPaceStore(), rows))
        return
    with open_state(state_url) as state:
        store = DatabasePaceStore(state, "benchmark")
        asyncio.run(create_rows(address, rate, store, rows))


def measure(rows, rate, processes):
    """Return the share of the allowed requests that was used, and the 429s."""
    context = multiprocessing.get_context("spawn")
    with (
        window_server(rate.requests, rate.seconds) as address,
        tempfile.TemporaryDirectory() as folder,
    ):
        url = None if processes == 1 else f"sqlite:///{folder}/state.db"
        args = (address, rate, url, rows // processes)
        workers = [
            context.Process(target=one_process, args=args) for _ in range(processes)
        ]
        if url:
            open_state(url).close()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        told = httpx.get(f"{address}/stats", trust_env=False).json()
    allowed = told["seconds"] * rate.requests / rate.seconds
    return {
        "processes": processes,
        "rows": rows,
        "created": told["created"],
        "throttled": told["throttled"],
        "seconds": round(told["seconds"], 2),
        "used": round(told["created"] / allowed, 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--rate", type=Rate.parse, default="100/2")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 4])
    options = parser.parse_args()
    figures = []
    for processes in options.processes:
        found = measure(options.rows, options.rate, processes)
        figures.append(found)
        print(
            f"{processes} process(es): {found['created']} created in "
            f"{found['seconds']} s, {found['used']:.1%} of the allowed requests, "
            f"{found['throttled']} answers 429",
            flush=True,
        )
    build = Path(__file__).resolve().parents[2] / "build"
    build.mkdir(exist_ok=True)
    report = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "pace": figures}
    (build / "bench-pace.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
