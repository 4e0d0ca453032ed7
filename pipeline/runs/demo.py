"""`demo`: the main job end to end against a sandbox, in a folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ApiUnreachableError, UsageError
from pipeline.files.publish import private_folder

_HOMES = (Path(__file__).parents[2], Path(__file__).parents[1])
"""Where `sample_data` lies: in a checkout, and in a wheel."""
_CUSTOMERS, _PAYMENTS = 40, 5


def demo(folder: Path) -> int:
    """Import the sample into a fresh sandbox, import it again, export; say where all lies.

    A key, a `.env` and other settings of this machine are ignored.
    """
    sample = str(_sample())
    private_folder(folder)
    with _sandbox() as url:
        environment = _environment(url, folder)
        _step(1, "The sample is imported")
        _run(environment, "import", sample, "--allow-leftovers", "--no-progress")
        _step(2, "The same file again: nothing is left to write")
        _run(environment, "import", sample, "--allow-leftovers", "--no-progress")
        _step(3, "Customers and payments are exported to Parquet")
        _run(environment, "export", "--allow-leftovers", "--no-progress")
    _point_at(folder)
    return 0


def _sample() -> Path:
    for home in _HOMES:
        if (file := home / "sample_data" / "customers.csv").is_file():
            return file
    raise UsageError("the sample data is not here: install the package again")


def _environment(url: str, folder: Path) -> Mapping[str, str]:
    """Return the environment of the commands: nothing of the user's own settings."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NOTCHPAY_")}
    return kept | {
        "NOTCHPAY_NO_ENV_FILE": "1",
        "NOTCHPAY_BASE_URL": url,
        "NOTCHPAY_API_KEY": "pk_test.demo",
        "NOTCHPAY_RATE": "off",
        "NOTCHPAY_RUNS_DIR": str(folder / "runs"),
        "NOTCHPAY_EXPORTS_DIR": str(folder / "exports"),
    }


@contextmanager
def _sandbox() -> Iterator[str]:
    command = [
        *(sys.executable, "-m", "pipeline", "sandbox"),
        *("--seed-customers", str(_CUSTOMERS)),
        *("--payments-per-customer", str(_PAYMENTS)),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        try:
            assert process.stdout is not None  # it is a pipe
            url = process.stdout.readline().strip()
            if not url.startswith("http://127.0.0.1"):
                raise ApiUnreachableError("the sandbox did not start")
            yield url
        finally:
            process.terminate()


def _run(environment: Mapping[str, str], *command: str) -> None:
    line: Sequence[str] = (sys.executable, "-m", "pipeline", *command)
    done = subprocess.run(line, env=dict(environment), check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise ApiUnreachableError(
            f"`{command[0]}` ended with exit code {done.returncode}"
        )


def _step(number: int, text: str) -> None:
    sys.stdout.write(f"\n=== {number}. {text}\n")
    sys.stdout.flush()


def _point_at(folder: Path) -> None:
    sys.stdout.write("\n=== What came of it\n")
    for path in sorted((folder / "runs").glob("*/summary.json"))[-3:-1]:
        summary = json.loads(path.read_text(encoding="utf-8"))
        counts = ", ".join(f"{name} {n}" for name, n in summary["rows"].items() if n)
        requests = summary["api"]["by_operation"]
        writes = sum(requests.get(name, 0) for name in ("create", "update"))
        sys.stdout.write(f"{counts}; writes sent: {writes}\n")
        sys.stdout.write(f"  {path.parent}/report.html\n")
    latest = folder / "exports" / "latest"
    sys.stdout.write(f"export: {latest.resolve()}\n")
