"""What a command does not need it does not import: imports are most of a small check."""

import json
import os
import subprocess
import sys
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "customers.csv"
HEAVY = {
    "airflow", "alembic", "charset_normalizer", "dask", "deltalake", "distributed",
    "fsspec", "hypothesis", "httpx", "jinja2", "matplotlib", "opentelemetry", "orjson",
    "polars", "python_calamine", "splink", "sqlalchemy", "starlette", "tenacity",
    "uvicorn", "xlsxwriter", "zstandard",
}  # fmt: skip
CODE = """
import json, sys
from pipeline.cli.app import run
run(["check", sys.argv[1], "--quiet", *sys.argv[2:]])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported(tmp_path, *options):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(SAMPLE), *options],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "NOTCHPAY_RUNS_DIR": str(tmp_path / "runs")},
    )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_check_of_a_small_file_imports_little(tmp_path):
    # rejected.xlsx is written, and that is what XlsxWriter is for
    assert imported(tmp_path) & HEAVY <= {"xlsxwriter"}
