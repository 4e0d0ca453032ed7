"""Keyed hashes and their secret."""

import stat
import threading
from pathlib import Path

import pytest

from pipeline.errors import DiskError, StateError
from pipeline.state.keyed import KeyedHash, load_keyed_hash
from pipeline.state.store import open_state

EMAIL = "ada@example.com"


def test_a_key_depends_on_secret_kind_and_value():
    one, two = KeyedHash(b"1" * 32), KeyedHash(b"2" * 32)
    key = one.key_of("email", EMAIL)
    assert (len(key), set(key) <= set("0123456789abcdef")) == (32, True)
    assert one.key_of("email", EMAIL) == key
    others = {
        two.key_of("email", EMAIL),
        one.key_of("phone", EMAIL),
        one.key_of("email", EMAIL + "x"),
    }
    assert key not in others
    assert len(others) == 3


def test_the_secret_has_a_file_of_its_own(state, tmp_path):
    state.key_of("email", EMAIL)
    file = tmp_path / "keys" / "state.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(bytes.fromhex(file.read_text().strip())) == 32
    assert [f.name for f in file.parent.iterdir()] == ["state.key"]


def test_keys_last(url, tmp_path):
    secret = tmp_path / "state.key"
    with open_state(url, secret_path=secret) as first:
        key = first.key_of("email", EMAIL)
    with open_state(url, secret_path=secret) as again:
        assert again.key_of("email", EMAIL) == key


def test_a_lost_secret_is_not_made_anew(url, tmp_path):
    secret = tmp_path / "state.key"
    with open_state(url, secret_path=secret) as first:
        first.key_of("email", EMAIL)
    secret.unlink()
    with (
        open_state(url, secret_path=secret) as again,
        pytest.raises(StateError, match="is missing"),
    ):
        again.key_of("email", EMAIL)


def test_the_secret_of_another_database_is_refused(url, tmp_path):
    with open_state(url, secret_path=tmp_path / "one.key") as first:
        first.key_of("email", EMAIL)
    other = tmp_path / "two.key"
    other.write_text("ab" * 32)
    with (
        open_state(url, secret_path=other) as again,
        pytest.raises(StateError, match="is not that of this database") as refused,
    ):
        again.key_of("email", EMAIL)
    assert "abab" not in refused.value.message


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31])
def test_a_damaged_secret_is_refused(tmp_path, text):
    file = tmp_path / "state.key"
    file.write_text(text)
    with pytest.raises(StateError, match="does not hold 64 hex digits"):
        load_keyed_hash(file, may_create=lambda: True)


def test_a_secret_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "state.key"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(StateError, match="cannot be read"):
        load_keyed_hash(file, may_create=lambda: True)


def test_where_no_file_can_be_made_it_is_said(tmp_path):
    (tmp_path / "keys").write_text("a file where the folder should be")
    file = tmp_path / "keys" / "state.key"
    with pytest.raises(StateError, match="cannot be read"):
        load_keyed_hash(file, may_create=lambda: True)
    # Not even root may make a folder of the kernel.
    file = Path("/proc/self/fd/none/state.key")
    with pytest.raises(DiskError, match="cannot be written"):
        load_keyed_hash(file, may_create=lambda: True)


@pytest.mark.postgres
def test_postgresql_needs_the_secret_named(shared_database):
    with (
        open_state(shared_database) as it,
        pytest.raises(StateError, match="no file is named") as refused,
    ):
        it.key_of("email", EMAIL)
    assert "NOTCHPAY_STATE_KEY_FILE" in refused.value.hint


def test_of_two_that_make_a_secret_at_once_one_wins(tmp_path):
    file, made = tmp_path / "state.key", []
    gate = threading.Barrier(4)

    def make():
        gate.wait()
        made.append(load_keyed_hash(file, may_create=lambda: True).fingerprint())

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert [f.name for f in tmp_path.iterdir()] == ["state.key"]
