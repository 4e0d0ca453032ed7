"""Holders of leases as the operating system tells them."""

import os
import socket

import pytest

from pipeline.state import processes
from pipeline.state.processes import (
    Holder,
    holder_of,
    is_dead,
    is_here,
    is_of_earlier_boot,
    this_process,
)

HERE = socket.gethostname()


def test_this_process_lives():
    mine = this_process()
    assert (mine.host, mine.pid) == (HERE, os.getpid())
    assert is_here(mine)
    assert not is_dead(mine)
    assert not is_of_earlier_boot(mine)


def test_nothing_is_known_of_another_host():
    far = holder_of("far", 1)
    assert far == Holder("far", 1, None, None)
    assert not is_dead(far)
    assert not is_here(far)
    assert not is_of_earlier_boot(far)


def test_another_container_on_this_machine_is_not_here():
    mine = this_process()
    other = Holder(HERE, mine.pid, f"{mine.place.split('/')[0]}/pid:[9]", "1")
    assert not is_here(other)
    assert not is_dead(other)
    assert not is_of_earlier_boot(other)


def test_a_process_of_another_user_lives():
    assert not is_dead(holder_of(HERE, 1))


def test_a_process_that_may_not_be_signalled_lives(monkeypatch):
    def refuse(pid, signal):
        raise PermissionError

    monkeypatch.setattr(processes.os, "kill", refuse)
    assert not is_dead(this_process())


@pytest.mark.parametrize(
    ("pid", "dead"),
    [(os.getpid(), False), (2**22 + 1, True)],
    ids=["this process", "nobody"],
)
def test_without_proc_the_pid_alone_decides(monkeypatch, pid, dead):
    monkeypatch.setattr(processes, "_place", lambda: None)
    monkeypatch.setattr(processes, "_stat", lambda pid: [])
    holder = holder_of(HERE, pid)
    assert (holder.place, holder.started) == (None, None)
    assert is_dead(holder) is dead


def test_a_system_without_proc_has_no_place(monkeypatch):
    def absent(self):
        raise FileNotFoundError

    monkeypatch.setattr(processes.Path, "readlink", absent)
    assert this_process().place is None
