"""The folder in which machines hand files to each other, local or not."""

import pickle
import stat

import pytest

from pipeline.files.exchange import Exchange


@pytest.fixture(params=["path", "file", "memory"])
def exchange(request, tmp_path):
    addresses = {
        "path": str(tmp_path / "between"),
        "file": f"file://{tmp_path}/between",
        "memory": f"memory://between-{tmp_path.name}/x",
    }
    made = Exchange(addresses[request.param])
    made.create()
    yield made
    made.remove()


def test_what_one_hands_over_the_other_brings(exchange, tmp_path):
    mine, yours = tmp_path / "mine", tmp_path / "yours"
    mine.mkdir()
    yours.mkdir()
    (mine / "a").write_bytes(b"1")
    exchange.hand_over(mine, ["a", "not there"])
    (mine / "a").write_bytes(b"22")
    exchange.hand_over(mine, ["a"])
    other_side = pickle.loads(pickle.dumps(exchange))
    other_side.bring(["a", "not there"], yours)
    assert {p.name: p.read_bytes() for p in yours.iterdir()} == {"a": b"22"}
    assert stat.S_IMODE((yours / "a").stat().st_mode) == 0o600
    exchange.drop(["a", "not there"])
    (yours / "a").unlink()
    other_side.bring(["a"], yours)
    assert list(yours.iterdir()) == []


def test_nothing_stays(exchange, tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    exchange.hand_over(tmp_path, ["a"])
    exchange.remove()
    exchange.remove()
    assert not (tmp_path / "between").exists()


def test_a_local_folder_is_open_to_its_owner_only(tmp_path):
    Exchange(str(tmp_path / "x" / "y")).create()
    assert stat.S_IMODE((tmp_path / "x" / "y").stat().st_mode) == 0o700
