"""What never losing a row costs: creates through engine and journal beside bare httpx.

    python -m tests.benchmarks.journal [--rows 10000] [--rounds 3]

Target: at least 50 % of what bare httpx reaches at its best concurrency on the same
server (a process of its own, no limit), over the apply stage, SQLite on disk with
`synchronous=FULL`. Prints medians of the rounds and writes `build/bench-journal.json`.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from pipeline.runs.importing import import_customers
from pipeline.runs.request import FileRequest, ImportRequest
from pipeline.settings import load_settings
from tests.benchmarks.window_server import window_server

CONCURRENCIES = (4, 8, 16, 32)
FIRST = ("Amina", "Brice", "Chantal", "Didier", "Estelle", "Fabrice", "Gisele", "Herve")


def body(row):
    return {"name": f"{FIRST[row % 8]} Abena", "email": f"client{row}@example.com"}


async def bare(address, rows, concurrency):
    """Return requests a second of httpx alone."""
    left = iter(range(rows))
    limits = httpx.Limits(max_connections=concurrency)
    async with httpx.AsyncClient(
        limits=limits, trust_env=False, headers={"Authorization": "pk_test.benchmark"}
    ) as client:

        async def work():
            for row in left:
                response = await client.post(f"{address}/customers", json=body(row))
                assert response.json()["customer"]["id"]

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(concurrency)))
    return rows / (time.perf_counter() - began)


def whole(address, rows, folder):
    """Return rows a second of the apply stage of an import."""
    file = Path(folder) / "people.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("name,email\n")
        out.writelines(
            f"{one['name']},{one['email']}\n" for one in map(body, range(rows))
        )
    settings = load_settings(
        base_url=address,
        api_key="pk_test.benchmark",
        rate="off",
        runs_dir=f"{folder}/runs",
    )
    request = ImportRequest(FileRequest(str(file), dedupe="off"))
    session = import_customers(settings, request)
    assert session.summary.rows["created"] == rows, session.summary.rows
    return rows / session.summary.timings["apply"]


def measure(rows, rounds):
    """Return the median speeds, and the best concurrency of bare httpx."""
    with window_server(0, 1.0) as address:
        first = {c: asyncio.run(bare(address, rows // 4, c)) for c in CONCURRENCIES}
        best = max(first, key=first.get)
        alone, ours = [], []
        for _ in range(rounds):
            alone.append(asyncio.run(bare(address, rows, best)))
            with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
                ours.append(whole(address, rows, folder))
    return {
        "rows": rows,
        "concurrency": best,
        "bare_per_second": round(statistics.median(alone)),
        "apply_per_second": round(statistics.median(ours)),
        "share": round(statistics.median(ours) / statistics.median(alone), 3),
    }


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    found = measure(options.rows, options.rounds)
    print(
        f"bare httpx {found['bare_per_second']}/s at {found['concurrency']} at once,"
        f" an import's apply stage {found['apply_per_second']}/s:"
        f" {found['share']:.1%} (target 50 %)"
    )
    build = Path(__file__).resolve().parents[2] / "build"
    build.mkdir(exist_ok=True)
    (build / "bench-journal.json").write_text(json.dumps(found, indent=2) + "\n")
    return found


if __name__ == "__main__":
    main()
