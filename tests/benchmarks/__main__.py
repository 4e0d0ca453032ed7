"""`make bench`: every benchmark in a process of its own, one table after the other.

`ARGS="check journal"` picks some. Each writes its figures under `build/` as well.
Ratios within one run count; machines are shared and noisy.
"""

import json
import subprocess
import sys
from pathlib import Path

NAMES = (
    "check",
    "dedupe",
    "index",
    "ranking",
    "export",
    "journal",
    "pace",
    "client",
    "dask",
)


def main(names):
    failed = []
    for name in names or NAMES:
        print(f"\n=== {name}", flush=True)
        command = [sys.executable, "-m", f"tests.benchmarks.{name}"]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    found = {
        path.stem.removeprefix("bench-"): json.loads(path.read_text())
        for path in sorted(Path("build").glob("bench-*.json"))
    }
    Path("build/bench.json").write_text(json.dumps(found, indent=2))
    return f"failed: {', '.join(failed)}" if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
