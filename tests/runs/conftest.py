"""Worlds for the tests of whole runs."""

import pytest

from tests.runs.world import World
from tests.servers.odd import OddServer


@pytest.fixture
def world(tmp_path):
    """Return a maker of worlds: `world(customers=…, update="put")` and so on.

    Options of `Settings` go under `settings`; the rest is the server's.
    """
    servers = []

    def make(*, settings=None, **options):
        server = OddServer(**options).__enter__()
        servers.append(server)
        return World(tmp_path, server, **(settings or {}))

    yield make
    for server in servers:
        server.__exit__()


@pytest.fixture(autouse=True)
def no_page(monkeypatch):
    """Draw no page: it takes as long as a small import, and has tests of its own."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)
