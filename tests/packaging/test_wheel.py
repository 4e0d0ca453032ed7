"""What `pip install notchpay-pipeline` gives: everything it needs, and nothing of ours."""

import csv
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from pipeline import __version__

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PEOPLE = (
    "Nom,Téléphone,E-mail\n"
    "Awa Sow,+237670000001,awa@example.com\n"
    "Sow Awa,+237670000001,\n"
    "Ben Eto,12,ben(at)example.com\n"
)


def shipped():
    """Every file of the two packages, as it has to be in a wheel."""
    return {
        path.relative_to(ROOT).as_posix()
        for top in ("pipeline", "schemas")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_both_packages_whole_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as packed:
        names = {n for n in packed.namelist() if ".dist-info/" not in n}
        (metadata,) = (n for n in packed.namelist() if n.endswith("/METADATA"))
        said = packed.read(metadata).decode()
    assert names - {"pipeline/sample_data/customers.csv"} == shipped()
    assert "Requires-Python: >=3.11" in said
    assert "Provides-Extra: dask" in said


def test_the_sdist_holds_what_a_checkout_needs(built):
    (packed,) = built.glob("*.tar.gz")
    with tarfile.open(packed) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert shipped() <= names
    assert {"Makefile", "README.md", "requirements.lock", "tests/conftest.py"} <= names
    assert not {n for n in names if n.startswith((".venv", "runs/", "build/"))}


def test_it_is_not_the_checkout_that_runs(installed):
    done = subprocess.run(
        [installed.bin / "python", "-c", "import pipeline; print(pipeline.__file__)"],
        cwd=installed.folder, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert str(installed.bin.parent) in done.stdout


def test_the_version_is_said(installed):
    done = installed.run("--version")
    assert (done.returncode, done.stdout) == (0, f"notchpay-pipeline {__version__}\n")


def test_a_file_of_ones_own_is_checked(installed):
    file = installed.folder / "clients d'été.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    done = installed.run("check", file.name, "--json", "--lang", "fr")
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["rows"] == {
        "read": 3, "accepted": 1, "merged": 1, "rejected": 1, "review": 0,
    }  # fmt: skip
    (left,) = installed.folder.glob("runs/*/rejected.csv")
    (row,) = csv.DictReader(left.read_text(encoding="utf-8-sig").splitlines())
    assert row["Nom"] == "Ben Eto"
    assert row["_suggestion"]
    (run,) = installed.folder.glob("runs/*/summary.json")
    page = installed.run("report", run.parent.name)
    assert (page.returncode, page.stderr) == (0, "")
    assert (run.parent / "report.html").stat().st_size > 5_000


def test_a_template_is_written(installed):
    done = installed.run("template", "empty.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    assert (installed.folder / "empty.xlsx").stat().st_size > 1_000


def test_the_demo_brings_its_own_sample(installed):
    done = installed.run("demo", "--folder", "demo")
    assert done.returncode == 0, done.stderr
    assert list(installed.folder.glob("demo/exports/*/_SUCCESS"))


def test_the_sandbox_starts_and_is_written_to(installed):
    with installed.start("sandbox", stdout=subprocess.PIPE) as sandbox:
        try:
            address = sandbox.stdout.readline().split()[-1]
            file = installed.folder / "two.csv"
            file.write_text(PEOPLE, encoding="utf-8")
            done = installed.run(
                "import", "two.csv", "--json", "--pass", "max_reject_rate",
                NOTCHPAY_BASE_URL=address, NOTCHPAY_API_KEY="pk_test.wheel",
                NOTCHPAY_SETTLE_SECONDS="0",
            )  # fmt: skip
            assert json.loads(done.stdout)["rows"]["created"] == 1, done.stderr
        finally:
            sandbox.terminate()


@pytest.mark.parametrize(
    ("shell", "mark"),
    [("bash", "complete "), ("zsh", "#compdef"), ("fish", "complete")],
)
def test_the_shell_completes_commands(installed, shell, mark):
    script = installed.run(
        _NOTCHPAY_PIPELINE_COMPLETE=f"source_{shell}", _TYPER_COMPLETE_TEST="1"
    )
    assert mark in script.stdout
    words = installed.run(
        _NOTCHPAY_PIPELINE_COMPLETE="complete_bash",
        COMP_WORDS="notchpay-pipeline exp", COMP_CWORD="1",
    )  # fmt: skip
    assert set(words.stdout.split()) >= {"export", "explain"}


def test_types_reach_who_imports_it(installed):
    """With `py.typed`, mypy reads the annotations of the installed package."""
    program = installed.folder / "mine.py"
    program.write_text(
        "from pipeline.runs.request import FileRequest\n"
        "reveal_type(FileRequest('a').file)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--follow-imports=silent",
         "--python-executable", installed.bin / "python", program],
        cwd=installed.folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert re.search(r'Revealed type is "(builtins\.)?str"', done.stdout), done.stdout
