"""`check` starts quickly: it loads nothing that it does not need."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("sqlalchemy", "alembic", "httpx", "tenacity", "matplotlib", "jinja2",
         "hypothesis", "uvicorn", "starlette", "dns")  # fmt: skip
RUN = f"""
import sys
from pipeline.cli import main
code = main(["check", sys.argv[1], "--quiet", "--dedupe", "strict"])
print(code, [name for name in {HEAVY!r} if name in sys.modules])
"""


def test_a_check_loads_nothing_that_it_does_not_need(tmp_path):
    file = tmp_path / "c.csv"
    file.write_text("Nom,Téléphone\nAwa Sow,+237670000001\nBen Eto,12\n", "utf-8")
    env = {**os.environ, "PYTHONPATH": str(ROOT), "NOTCHPAY_NO_ENV_FILE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(file)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "3 []"
