"""How long an export of 20,000 customers and 60,000 payments takes, and its memory.

`python -m tests.benchmarks.export [--customers N] [--payments N] [--runs N] [--alone]`
exports from a server on loopback by turns with this pipeline and with dlt's `rest_api`
source, each run in a process of its own, and prints one JSON object: the medians, their
ratio, requests and peak memory. dlt gets an environment of its own under `build/`.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

DLT = "dlt[parquet]==1.31.*"


async def timed(url, root):
    """Export as the product does; seconds of fetching and writing, without imports."""
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
    tables = result.manifest["tables"]
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "rows": tables["customers"]["rows"] + tables["payments"]["rows"],
        "requests": client.stats.as_dict()["requests"],
        "findings": len(result.findings),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def one(python, script, *words):
    """Run a script in its own process; return the JSON that it prints last."""
    done = subprocess.run(
        [python, script, *words], stdout=subprocess.PIPE, check=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def dlt_python():
    """Return the interpreter of an environment with dlt, None where there is none."""
    folder = ROOT / "build" / "dlt-env"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    asked = [python, "-c", "import dlt, pyarrow"]
    if subprocess.run(asked, check=False, stderr=subprocess.DEVNULL).returncode:
        pip = [python, "-m", "pip", "install", "--quiet", DLT]
        if subprocess.run(pip, check=False).returncode:
            print("skipped dlt: it cannot be installed here", file=sys.stderr)
            return None
    return python


def middle(runs):
    """Return the run with the median time, its numbers rounded."""
    seconds = statistics.median_low([run["seconds"] for run in runs])
    found = next(run for run in runs if run["seconds"] == seconds)
    peak = max(run["peak_rss_mb"] for run in runs)
    rounded = {k: round(v, 2) if isinstance(v, float) else v for k, v in found.items()}
    return rounded | {
        "peak_rss_mb": peak,
        "all_seconds": [round(r["seconds"], 2) for r in runs],
    }


def compare(url, runs, *, alone):
    """Export by turns; return what is printed."""
    python = None if alone else dlt_python()
    ours, theirs = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            ours.append(one(sys.executable, __file__, "--one", url, folder))
        if python:
            with tempfile.TemporaryDirectory() as folder:
                theirs.append(one(python, HERE / "dlt_export.py", url, folder))
    told = {"benchmark": "export", **middle(ours)}
    told["rows_per_second"] = round(told["rows"] / told["seconds"])
    if theirs:
        told["dlt"] = middle(theirs)
        told["times_as_fast"] = round(told["dlt"]["seconds"] / told["seconds"], 2)
        cpu = told["dlt"]["cpu_seconds"] / told["cpu_seconds"]
        told["times_less_cpu"] = round(cpu, 2)
    return told


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--payments", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("URL", "FOLDER"))
    asked = parser.parse_args()
    if asked.one:
        url, folder = asked.one
        print(json.dumps(asyncio.run(timed(url, Path(folder) / "exports"))))
        return
    from tests.benchmarks.page_server import page_server

    with page_server(asked.customers, asked.payments) as url:
        print(json.dumps(compare(url, asked.runs, alone=asked.alone)))


if __name__ == "__main__":
    main()
