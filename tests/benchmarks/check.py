"""How quick is `check`: whole processes, from start to written outcomes, beside the naive way.

Run as `python -m tests.benchmarks.check [--rows N] [--naive-rows N]`. Ratios within one
run count; the machine is shared and noisy.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.benchmarks.customers import Options, write

RUNS = (("off", 0.0, 18), ("exact", 0.0, 15), ("strict", 0.15, 10))


def pss_mb(pid):
    """Return the proportional memory of a process and its children, in MB."""
    total = 0
    todo = [pid]
    while todo:
        one = todo.pop()
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text()
            children = Path(f"/proc/{one}/task/{one}/children").read_text()
        except OSError:
            continue
        total += sum(
            int(x.split()[1]) for x in text.splitlines() if x.startswith("Pss:")
        )
        todo += [int(child) for child in children.split()]
    return total / 1024


def measured(command, env):
    """Run a command; return its wall seconds, CPU seconds and peak PSS in MB."""
    before = os.times()
    start = time.perf_counter()
    peak = 0.0
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as process:
        done = threading.Event()

        def watch():
            nonlocal peak
            while not done.wait(0.2):
                peak = max(peak, pss_mb(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        process.wait()
        done.set()
        watcher.join()
    wall = time.perf_counter() - start
    after = os.times()
    cpu = (
        after.children_user
        + after.children_system
        - before.children_user
        - before.children_system
    )
    return wall, cpu, peak


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--naive-rows", type=int, default=200_000)
    options = parser.parse_args(argv)
    results = []
    with tempfile.TemporaryDirectory(
        dir="build" if Path("build").is_dir() else None
    ) as work:
        folder = Path(work)
        env = {
            **os.environ,
            "NOTCHPAY_RUNS_DIR": str(folder / "runs"),
            "NOTCHPAY_NO_ENV_FILE": "1",
        }
        small = folder / "naive.csv"
        write(small, Options(rows=options.naive_rows, dirt=0.05))
        wall, cpu, peak = measured(
            [sys.executable, "-m", "tests.benchmarks.naive", str(small)], env
        )
        naive = options.naive_rows / wall
        results.append(
            {
                "what": "naive",
                "rows": options.naive_rows,
                "wall": wall,
                "cpu": cpu,
                "rows_per_second": naive,
                "peak_mb": peak,
                "ratio": 1.0,
            }
        )
        for level, copies, aim in RUNS:
            path = folder / f"{level}.csv"
            write(path, Options(rows=options.rows, dirt=0.05, copies=copies))
            command = [
                sys.executable,
                "-m",
                "pipeline",
                "check",
                str(path),
                "--dedupe",
                level,
                "--json",
            ]
            wall, cpu, peak = measured(command, env)
            rate = options.rows / wall
            results.append(
                {
                    "what": f"check --dedupe {level}",
                    "rows": options.rows,
                    "wall": wall,
                    "cpu": cpu,
                    "rows_per_second": rate,
                    "peak_mb": peak,
                    "ratio": rate / naive,
                    "aim": aim,
                }
            )
            path.unlink()
    print(
        f"{'what':<24}{'rows':>10}{'wall s':>9}{'CPU s':>9}{'rows/s':>10}{'x naive':>9}{'aim':>5}{'peak MB':>9}"
    )
    for r in results:
        print(
            f"{r['what']:<24}{r['rows']:>10}{r['wall']:>9.1f}{r['cpu']:>9.1f}{r['rows_per_second']:>10.0f}{r['ratio']:>9.1f}{r.get('aim', ''):>5}{r['peak_mb']:>9.0f}"
        )
    Path("build").mkdir(exist_ok=True)
    Path("build/bench-check.json").write_text(json.dumps(results, indent=2))
    return results


if __name__ == "__main__":
    main()
