"""The inbox on disk, without a server: what is ready, what grows, where names go."""

import fcntl
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import InputError, LockedError
from pipeline.files.inbox import (
    Inbox,
    Left,
    Place,
    _names,
    is_being_written,
    is_unfinished,
    settle,
)

SHA = "0123456789abcdef"
AT = "20261122T230501Z"


@pytest.fixture
def inbox(tmp_path):
    return Inbox(tmp_path)


def put(inbox, name, text="x", at=1000.0):
    path = inbox.root / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def test_oldest_first_over_all_folders(inbox):
    put(inbox, "b.csv", at=3)
    put(inbox, "a.csv", at=3)
    put(inbox, "shop/c.csv", at=1)
    put(inbox, "shop/deeper/d.csv", at=1)
    put(inbox, ".hidden/e.csv", at=1)
    put(inbox, "done/f.csv", at=1)
    put(inbox, "a.csv.part")
    found, left = inbox.look()
    assert [each.name for each in found] == ["shop/c.csv", "a.csv", "b.csv"]
    assert left == [("a.csv.part", Left.NAME)]


@given(st.text(alphabet="abc. ~$", min_size=1, max_size=8))
def test_a_name_with_a_partial_ending_is_never_taken(name):
    assert is_unfinished(f"{name}.part")
    assert is_unfinished(f"~${name}")
    assert is_unfinished(f".{name}")


def test_a_young_file_is_looked_at_again_once(inbox):
    quiet = put(inbox, "quiet.csv", at=1000)
    grows = put(inbox, "grows.csv", at=1003)
    gone = put(inbox, "gone.csv", at=1003)
    old = put(inbox, "old.csv", at=10)
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        grows.write_text("more")
        gone.unlink()

    found, _ = inbox.look()
    ready, growing = settle(found, 5.0, 1004.0, pause)
    assert pauses == [pytest.approx(4.0)]
    assert [each.path for each in ready] == [old, quiet]
    assert {each.path for each in growing} == {grows, gone}


def test_nobody_waits_for_old_files(inbox):
    put(inbox, "old.csv", at=10)
    found, _ = inbox.look()
    ready, growing = settle(found, 5.0, 1004.0, lambda _: pytest.fail("waited"))
    assert (len(ready), growing) == (1, [])


def test_who_writes_is_known_where_it_can_be(inbox, monkeypatch):
    path = put(inbox, "a.csv")
    with path.open("a"):
        assert is_being_written(path)
    assert not is_being_written(path)
    assert not is_being_written(inbox.root / "gone.csv")
    monkeypatch.delattr(fcntl, "F_SETLEASE")
    with path.open("a"):
        assert not is_being_written(path)


def test_a_file_system_without_leases(inbox):
    assert not is_being_written(inbox.root)


def move(inbox, name, place=Place.DONE):
    found = [each for each in inbox.look()[0] if each.name == name]
    return inbox.move(found[0], place, SHA, AT)


def test_nothing_is_ever_overwritten(inbox):
    names = []
    for number in range(4):
        put(inbox, "shop/a.tar.gz", str(number))
        names.append(move(inbox, "shop/a.tar.gz").name)
    assert names == [
        "a.tar.gz",
        "a~20261122T230501Z-01234567.tar.gz",
        "a~20261122T230501Z-01234567-2.tar.gz",
        "a~20261122T230501Z-01234567-3.tar.gz",
    ]
    folder = inbox.root / "done/shop"
    assert [(folder / name).read_text() for name in names] == list("0123")


@given(st.text(alphabet="ab.", min_size=1, max_size=6))
def test_names_are_all_different(name):
    made = [free for _, free in zip(range(20), _names(name, "s"), strict=False)]
    assert len(set(made)) == 20
    assert made[0] == name


def test_a_receipt_is_not_overwritten_by_another_file(inbox):
    """The same name in `failed` and in `done` gets a receipt each."""
    put(inbox, "a.csv", "bad")
    failed = move(inbox, "a.csv", Place.FAILED)
    inbox.put_receipt(failed, "failed")
    put(inbox, "a.csv", "good")
    done = move(inbox, "a.csv")
    inbox.put_receipt(done, "done")
    assert failed.name == "a.csv" != done.name
    assert inbox.receipt(failed).read_text() == "failed"
    assert inbox.receipt(done).read_text() == "done"


def test_a_file_that_waited_keeps_its_name_and_receipt(inbox):
    put(inbox, "shop/a.csv")
    moved = move(inbox, "shop/a.csv", Place.WAITING)
    inbox.put_receipt(moved, "waits")
    note = inbox.put_note(moved, ".approve.txt", "do it")
    (waiting,) = inbox.waiting()
    assert (waiting.name, waiting.path) == ("shop/a.csv", moved)
    done = inbox.move(waiting, Place.DONE, SHA, AT)
    assert done == inbox.root / "done/shop/a.csv"
    assert inbox.receipt(done).read_text() == "waits"
    assert not note.exists()
    assert inbox.waiting() == []


def test_leftovers_are_copied_where_they_are(inbox, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "rejected.csv").write_text("x")
    put(inbox, "a.csv")
    moved = move(inbox, "a.csv")
    copies = inbox.put_leftovers(moved, run, ["rejected.xlsx", "rejected.csv"])
    assert copies == [inbox.root / "outbox/a.csv.rejected.csv"]


def test_one_walk_at_a_time(inbox):
    pauses = []
    code = (
        "import sys; from pathlib import Path; from pipeline.files.inbox import Inbox\n"
        "with Inbox(Path(sys.argv[1])).locked(0, None):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    argv = [sys.executable, "-c", code, str(inbox.root)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError, match="another import walks"),
            inbox.locked(2.0, pauses.append),
        ):
            pytest.fail("two walks")
        other.communicate("")
    assert pauses == [1.0, 1.0]
    with inbox.locked(0, pauses.append):
        assert inbox.look() == ([], [])


def test_no_folder_no_walk(tmp_path):
    with (
        pytest.raises(InputError, match="there is no folder"),
        Inbox(tmp_path / "x").locked(0, lambda _: None),
    ):
        pytest.fail("walked")
