"""The wheel and the sdist, built once, and an environment that holds nothing else."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CLEAN = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("NOTCHPAY_", "PYTHON", "COVERAGE", "COV_", "VIRTUAL_ENV"))
}


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and an empty folder to work in."""

    bin: Path
    folder: Path

    def start(self, *arguments, **more):
        return subprocess.Popen(
            [self.bin / "notchpay-pipeline", *map(str, arguments)],
            cwd=self.folder, env=CLEAN, text=True, **more,
        )  # fmt: skip

    def run(self, *arguments, **env):
        return subprocess.run(
            [self.bin / "notchpay-pipeline", *map(str, arguments)],
            cwd=self.folder, env=CLEAN | env, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder that holds a wheel, which was made from the sdist beside it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        folder,
        ROOT,
    ]
    done = subprocess.run(
        command, env=CLEAN, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def wheel(built):
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The wheel in an environment of its own, with what it asks for and no more."""
    home = tmp_path_factory.mktemp("env")
    subprocess.run(
        [sys.executable, "-m", "venv", home], env=CLEAN, check=True, timeout=120
    )
    if not _with_its_requirements(home, wheel):
        _with_borrowed_libraries(home, wheel)
    return Installed(home / "bin", tmp_path_factory.mktemp("elsewhere"))


def _with_its_requirements(home, wheel):
    """Install the wheel and what it requires: from uv's cache, else from the registry."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        return False
    command = [uv, "pip", "install", "--no-config", "--quiet", "--python", home]
    locked = ["--constraint", ROOT / "requirements.lock", wheel]
    return any(
        subprocess.run(
            [*command, *where, *locked], env=CLEAN, check=False, timeout=240
        ).returncode == 0
        for where in (["--offline"], [])
    )  # fmt: skip


def _with_borrowed_libraries(home, wheel):
    """Install the wheel alone; the libraries are those of the environment of the tests.

    Its editable install stays out: `.pth` files of a borrowed folder are not read.
    """
    (site,) = home.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    subprocess.run(
        [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps",
         "--no-index", "--force-reinstall", wheel],
        env=CLEAN, check=True, timeout=120,
    )  # fmt: skip
