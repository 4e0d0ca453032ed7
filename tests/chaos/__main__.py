"""Run the fault matrix and print its table.

    python -m tests.chaos [--runs 2000] [--seed 1] [--only NAME] [--add] [--docs]

Every run is repeatable: `--only "clock jump" --seed 17 --runs 1` plays one again.
Writes `build/chaos.json`, and with `--docs` `docs/chaos.md` and the README's table. With `--add` its runs
join those that `build/chaos.json` tells of: many hours can be played in parts.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

from tests.chaos.matrix import chosen, play_all
from tests.chaos.table import as_markdown, as_text, in_manual, joined, totals

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="faults whose name holds this")
    parser.add_argument(
        "--add", action="store_true", help="join the runs played before"
    )
    parser.add_argument(
        "--docs", action="store_true", help="write docs/chaos.md and the manual's table"
    )
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    began = time.monotonic()
    plays = chosen(options.runs, options.seed, options.only)
    if not plays:
        parser.error(f"no fault is called `{options.only}`")
    rows = play_all(plays, options.processes)
    seconds = round(time.monotonic() - began)
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    seeds = [options.seed]
    if options.add and (build / "chaos.json").exists():
        before = json.loads((build / "chaos.json").read_text())
        rows = joined(before["faults"], rows)
        seconds += before["seconds"]
        seeds = [*before["seeds"], options.seed]
    print(as_text(rows, seconds))
    report = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seeds": seeds,
        "seconds": seconds,
        "total": totals(rows),
        "faults": rows,
    }
    (build / "chaos.json").write_text(json.dumps(report, indent=2) + "\n")
    if options.docs:
        (ROOT / "docs" / "chaos.md").write_text(as_markdown(rows, seeds, seconds))
        manual = ROOT / "README.md"
        manual.write_text(in_manual(manual.read_text(), rows))
    sys.exit(0 if totals(rows)["bad"] == 0 else 1)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
