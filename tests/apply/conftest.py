import pytest

from pipeline.state.store import open_state
from tests.apply.world import hurried


@pytest.fixture
def clock():
    return hurried()


@pytest.fixture
def state(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/state.db") as it:
        yield it
