"""Commands as a user types them, in this process: exit code, standard output, error."""

import json
from typing import NamedTuple

import pytest

from pipeline.cli import main
from tests.servers.odd import OddServer

KEY = "pk_test.SecretOfTheShop42"


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """Standard output, which is one JSON value."""
        return json.loads(self.out)

    @property
    def said(self):
        """Everything printed, blanks joined, as a person reads it."""
        return " ".join(f"{self.out} {self.err}".split())


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder with nothing set but the language and no pace."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "NOTCHPAY_RATE": "off",
        "NOTCHPAY_LANG": "en",
        "NOTCHPAY_WORKERS": "1",
        "NOTCHPAY_SETTLE_SECONDS": "0",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def run(here, capfd):
    """Run a command line in the empty folder; return how it ended."""

    def go(*argv):
        capfd.readouterr()
        code = main([str(arg) for arg in argv])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Ended(code, out, err)

    return go


@pytest.fixture
def api(here, monkeypatch):
    """Return a server whose key and address are set."""
    with OddServer() as server:
        monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
        monkeypatch.setenv("NOTCHPAY_BASE_URL", server.url)
        yield server
