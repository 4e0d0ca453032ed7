import pytest

from pipeline.runs.session import Session
from pipeline.state.store import open_state
from tests.apply.world import hurried


@pytest.fixture(autouse=True)
def no_pages(monkeypatch):
    """Leave the page of a run out: drawing it takes longer than the run."""
    monkeypatch.setattr(Session, "write_page", lambda _: None)


@pytest.fixture
def clock():
    return hurried()


@pytest.fixture
def state(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/state.db") as it:
        yield it
