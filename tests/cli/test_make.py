"""`make` hands any file name on, and prints its targets."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTER = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "ARGS")
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


def make(*argv):
    """Run make in the checkout with this Python instead of an environment of its own."""
    return subprocess.run(
        [
            "make", "--no-print-directory", "-o", ".venv/.installed",
            f"PIPELINE={sys.executable} -m pipeline", *argv,
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
        # what an outer make was called with is not for this one
        env={k: v for k, v in os.environ.items() if k not in OUTER},
    )  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["clients d'été (août) 2026.csv", 'a "b" & $HOME; c.csv'],
)
def test_a_file_of_any_name(tmp_path, monkeypatch, name):
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", str(tmp_path / "runs"))
    file = tmp_path / name
    file.write_text("Nom,Tel\nAwa Sow,670000001\n", encoding="utf-8")
    done = make("check", f"FILE={str(file).replace('$', '$$')}", "ARGS=--json")
    assert done.returncode == 0, done.stderr
    assert f'"file": "{file}"'.replace('"b"', '\\"b\\"') in done.stdout


def test_a_failing_command_fails_make(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", str(tmp_path / "runs"))
    done = make("check", f"FILE={tmp_path}/nowhere.csv")
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_alone_prints_the_targets_of_the_contract():
    told = make().stdout
    for target in (
        "demo", "test", "check", "plan", "import", "export", "report", "runs", "resume",
        "undo", "doctor", "sandbox", "chaos", "bench", "lint", "types", "format", "clean",
    ):  # fmt: skip
        assert f"\n  {target} " in f"\n{told}"
