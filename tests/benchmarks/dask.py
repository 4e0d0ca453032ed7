"""A check on a Dask cluster of two local workers beside the default of this machine.

Run as `python -m tests.benchmarks.dask [--rows N]`. Whole processes on the same cores,
the start of the cluster not counted; the third run loses a worker after a while. All
of them have to leave the same outcomes and findings, to the byte.
"""

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from distributed import LocalCluster

from tests.benchmarks.customers import Options, write

COMPARED = ("outcomes.parquet", "findings.jsonl", "rejected.csv")


def checked(file, runs, *options):
    """Check `file` in a process of its own; return its seconds and what it left."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("NOTCHPAY_")}
    env |= {
        "NOTCHPAY_RUNS_DIR": str(runs),
        "NOTCHPAY_WORKERS": "2",
        "NOTCHPAY_NO_ENV_FILE": "1",
    }
    command = [sys.executable, "-m", "pipeline", "check", file, "--quiet", *options]
    start = time.perf_counter()
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - start
    assert done.returncode in (0, 3), done.returncode
    (run,) = runs.iterdir()
    left = {
        name: hashlib.sha256((run / name).read_bytes()).hexdigest()
        for name in COMPARED
        if (run / name).exists()
    }
    summary = json.loads((run / "summary.json").read_text())
    return seconds, left, summary["timings"], summary["rows"]


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dedupe", default="strict")
    options = parser.parse_args(argv)
    build = Path("build")
    build.mkdir(exist_ok=True)
    lines = []
    with (
        tempfile.TemporaryDirectory(dir=build) as work,
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0",
            protocol="tcp://", silence_logs=50,
        ) as cluster,
    ):  # fmt: skip
        folder = Path(work)
        file = folder / "customers.csv"
        write(file, Options(rows=options.rows, copies=0.15))
        level = ("--dedupe", options.dedupe)
        away = ("--engine", "dask", "--scheduler", cluster.scheduler_address)
        here = checked(str(file), folder / "local", *level)
        lines.append(("local, 2 processes", here))
        lines.append(
            ("dask, 2 workers", checked(str(file), folder / "dask", *level, *away))
        )
        victim = next(iter(cluster.workers.values())).pid
        killer = threading.Timer(
            max(1.0, here[2]["read"] * 0.7 + 1), os.kill, (victim, signal.SIGKILL)
        )
        killer.start()
        lines.append(
            ("dask, one killed", checked(str(file), folder / "killed", *level, *away))
        )
        killer.join()
    results = [
        {
            "engine": name,
            "rows": options.rows,
            "seconds": round(seconds, 2),
            "ratio": round(seconds / here[0], 2),
            "is_same": left == here[1] and rows == here[3],
            "timings": timings,
        }
        for name, (seconds, left, timings, rows) in lines
    ]
    print(f"{'engine':<20} {'rows':>9} {'seconds':>8} {'ratio':>6}  same to the byte")
    for line in results:
        print(
            f"{line['engine']:<20} {line['rows']:>9} {line['seconds']:>8}"
            f" {line['ratio']:>6}  {'yes' if line['is_same'] else 'NO'}"
        )
    (build / "bench-dask.json").write_text(json.dumps(results, indent=2) + "\n")
    return 0 if all(line["is_same"] for line in results) else 1


if __name__ == "__main__":
    sys.exit(main())
