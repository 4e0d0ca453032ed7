"""An inbox in an empty folder, beside a server, driven by the command line."""

import json
import os

import pytest

from pipeline.cli import main
from tests.runs.world import csv_text
from tests.servers.odd import OddServer

OLD = 1_700_000_000.0


class Walked:
    """How one walk ended: `code`, `out`, `err`, and its JSON where it was asked for."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def states(self):
        return [(each["file"], each["state"]) for each in self.json["files"]]


class Box:
    """The inbox `root`; files are put into it with a time of change."""

    def __init__(self, folder, server, capfd):
        self.folder, self.server, self.capfd = folder, server, capfd
        self.root = folder / "in box"
        self.root.mkdir()

    def put(self, name, rows, age=0.0):
        """Put `rows` (or a text) into the inbox, last written long ago, minus `age`."""
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(rows if isinstance(rows, str) else csv_text(rows), "utf-8")
        os.utime(path, (OLD - age, OLD - age))
        return path

    def run(self, *argv):
        self.capfd.readouterr()
        code = main([str(each) for each in argv])
        out, err = self.capfd.readouterr()
        assert "Traceback" not in out + err
        return Walked(code, out, err)

    def walk(self, *options):
        return self.run("import", "--inbox", self.root, *options)

    def told(self, *options):
        return self.walk("--json", *options)

    def files(self, place=""):
        """Return what lies in a folder of the inbox, without hidden files."""
        top = self.root / place
        return sorted(
            str(p.relative_to(top)) for p in top.rglob("*")
            if p.is_file() and not p.name.startswith(".")
        )  # fmt: skip

    def text(self, name):
        return (self.root / name).read_text("utf-8")


@pytest.fixture
def server():
    with OddServer() as running:
        yield running


@pytest.fixture
def box(tmp_path, monkeypatch, server, capfd):
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "API_KEY": "pk_test.SecretOfTheShop42",
        "BASE_URL": server.url,
        "RATE": "off",
        "LANG": "en",
        "WORKERS": "1",
        "SETTLE_SECONDS": "0",
    }.items():
        monkeypatch.setenv(f"NOTCHPAY_{name}", value)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)
    return Box(tmp_path, server, capfd)
