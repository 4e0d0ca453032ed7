"""One run at a time per account and source."""

import os
import socket
import subprocess
import sys

import pytest
from sqlalchemy import update

from pipeline.errors import LockedError
from pipeline.state import lease as room
from pipeline.state.lease import LeaseLostError
from pipeline.state.schema import leases
from pipeline.state.store import open_state

HERE = socket.gethostname()


def test_a_second_run_is_told_who_has_the_lock(state):
    state.acquire("acc", "crm", "run-1")
    with pytest.raises(LockedError) as refused:
        state.acquire("acc", "crm", "run-2")
    assert refused.value.message == (
        "run `run-1` works on source `crm` since 2026-09-21 14:13:20 UTC"
        f" (host {HERE}, pid {os.getpid()})"
    )
    assert "--wait" in refused.value.hint
    assert refused.value.exit_code == 6


@pytest.mark.parametrize(("account", "source"), [("acc", "shop"), ("other", "crm")])
def test_other_sources_and_accounts_are_free(state, account, source):
    state.acquire("acc", "crm", "run-1")
    assert state.acquire(account, source, "run-2").run_id == "run-2"


def test_tokens_grow_with_every_holder(state):
    tokens = []
    for number in range(3):
        held = state.acquire("acc", "crm", f"run-{number}")
        tokens.append(held.token)
        held.release()
    assert tokens == [1, 2, 3]


def test_another_host_is_replaced_only_after_its_lease(state, clock):
    far = state.acquire("acc", "crm", "run-1", host="far", pid=1, ttl=60)
    clock.now += 59
    with pytest.raises(LockedError):
        state.acquire("acc", "crm", "run-2")
    far.renew()
    clock.now += 59
    with pytest.raises(LockedError):
        state.acquire("acc", "crm", "run-2")
    clock.now += 1
    near = state.acquire("acc", "crm", "run-2")
    with pytest.raises(LeaseLostError):
        far.renew()
    far.release()
    near.renew()


def test_a_dead_process_of_this_host_is_replaced_at_once(state):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    state.acquire("acc", "crm", "run-1", host=HERE, pid=gone.pid)
    assert state.acquire("acc", "crm", "run-2").token == 2


def test_a_zombie_is_dead(state):
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True
    )
    state.acquire("acc", "crm", "run-1", host=HERE, pid=child.pid)
    with pytest.raises(LockedError):
        state.acquire("acc", "crm", "run-2")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert state.acquire("acc", "crm", "run-2").token == 2
    child.communicate()


def test_a_pid_that_is_used_again_is_not_the_holder(state):
    state.acquire("acc", "crm", "run-1", host=HERE, pid=os.getppid())
    with state.db.write() as con:
        con.execute(update(leases).values(started="1"))
    assert state.acquire("acc", "crm", "run-2").token == 2


def test_a_living_process_of_this_host_keeps_an_expired_lease(state, clock):
    state.acquire("acc", "crm", "run-1", ttl=60)
    clock.now += 10_000
    with pytest.raises(LockedError):
        state.acquire("acc", "crm", "run-2")


def test_an_earlier_boot_is_dead_where_the_database_has_one_machine(state, clock):
    state.acquire("acc", "crm", "run-1", ttl=60)
    with state.db.write() as con:
        con.execute(update(leases).values(place="an-earlier-boot/pid:[1]"))
    if state.db.is_sqlite:
        assert state.acquire("acc", "crm", "run-2").token == 2
    else:
        with pytest.raises(LockedError):
            state.acquire("acc", "crm", "run-2")
        clock.now += 60
        assert state.acquire("acc", "crm", "run-2").token == 2


def test_a_run_that_failed_in_this_process_left_its_lease_behind(url, tmp_path):
    with open_state(url, secret_path=tmp_path / "k") as first:
        first.acquire("acc", "crm", "run-1")
    with open_state(url, secret_path=tmp_path / "k") as second:
        assert second.acquire("acc", "crm", "run-1").token == 2


def test_check_asks_the_database_only_when_it_is_time(state, monkeypatch):
    ticks = iter([0.0, 14.9, 15.0, 15.0, 15.1])
    monkeypatch.setattr(room, "_ticks", lambda: next(ticks))
    held = state.acquire("acc", "crm", "run-1", ttl=60)
    with state.db.write() as con:
        con.execute(update(leases).values(token=9))
    held.check()
    with pytest.raises(LeaseLostError):
        held.check()


def test_a_commit_renews_a_lease_that_grew_old(state, clock, monkeypatch):
    ticks = iter([0.0, 20.0, 20.0])
    monkeypatch.setattr(room, "_ticks", lambda: next(ticks))
    held = state.acquire("acc", "crm", "run-1", host="far", pid=1, ttl=60)
    clock.now += 50
    with state.db.write() as con:
        held.confirm(con)
    clock.now += 59
    with pytest.raises(LockedError):
        state.acquire("acc", "crm", "run-2")


def test_only_a_pid_may_be_named(state):
    state.acquire("acc", "crm", "run-1", pid=os.getppid())
    with pytest.raises(LockedError, match=f"host {HERE}, pid {os.getppid()}"):
        state.acquire("acc", "crm", "run-2")
