"""Inputs come from disk, standard input, pipes and fsspec addresses alike."""

import hashlib
import io
import os
import stat
import threading
from pathlib import Path

import fsspec
import pytest

from pipeline.errors import DiskError, InputError
from pipeline.files.spool import bring, copy
from pipeline.read import open_source

DATA = b"name,email\nAna,ana@example.com\n"
SHA = hashlib.sha256(DATA).hexdigest()


def test_a_local_file_is_read_where_it_lies(tmp_path):
    path = tmp_path / "l'été à Douala.csv"
    path.write_bytes(DATA)
    local = bring(str(path))
    assert (local.path, local.sha256, local.size) == (path, SHA, len(DATA))
    local.check_unchanged()
    local.close()
    assert path.exists()


def test_standard_input_is_spooled_privately(tmp_path):
    with open_source("-", stdin=io.BytesIO(DATA), spool_dir=tmp_path) as source:
        [spooled] = tmp_path.iterdir()
        assert stat.S_IMODE(spooled.stat().st_mode) == 0o600
        assert (source.sha256, source.size) == (SHA, len(DATA))
        assert source.layout.name == "stdin"
        assert source.sample(5).cells.num_rows == 1
        assert [len(chunk) for chunk in source.chunks()] == [1]
    assert list(tmp_path.iterdir()) == []


def test_a_remote_file_is_spooled(tmp_path):
    with fsspec.open("memory://bucket/customers.csv", "wb") as remote:
        remote.write(DATA)
    with open_source("memory://bucket/customers.csv", spool_dir=tmp_path) as source:
        assert source.layout.name == "customers.csv"
        assert source.sha256 == SHA


def test_a_pipe_is_spooled(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(DATA,))
    writer.start()
    local = bring(str(pipe), spool_dir=tmp_path)
    writer.join()
    assert (local.sha256, local.name, local.is_temporary) == (SHA, "pipe", True)
    local.close()
    assert not local.path.exists()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("missing.csv", "does not exist"),
        ("", "is a folder"),
        (".", "is a folder"),
        ("memory://bucket/missing.csv", "does not exist"),
        ("klingon://x/y.csv", "cannot be read: Protocol not known"),
        ("s3x://user:word@host/x.csv?sig=1", "^`s3x://host/x.csv` cannot"),
        ("a/b\0c.csv", "cannot be"),
        ("x" * 300, "cannot be read"),
    ],
)
def test_what_cannot_be_opened_is_said(tmp_path, monkeypatch, address, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        bring(address, spool_dir=tmp_path)
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_closed_standard_input_is_said():
    with pytest.raises(InputError, match="standard input is not open"):
        bring("-")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(DATA)
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        bring(str(path))


def test_a_spool_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(DiskError, match="no copy of the input"):
        bring("-", stdin=io.BytesIO(DATA), spool_dir=tmp_path / "missing")


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
def test_a_full_disk_is_said():
    with (
        FULL.open("wb", buffering=0) as full,
        pytest.raises(DiskError, match="no room to copy"),
    ):
        copy(io.BytesIO(DATA), full)


class Breaks(io.BytesIO):
    """A stream that breaks after its first block."""

    def read(self, size=-1):
        if self.tell():
            raise TimeoutError("timed out")
        return super().read(5)


def test_a_copy_that_breaks_leaves_nothing(tmp_path):
    with pytest.raises(InputError, match="`standard input` cannot be read: timed out"):
        bring("-", stdin=Breaks(DATA), spool_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_changes_meanwhile_is_said(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(DATA)
    with open_source(str(path)) as source:
        with path.open("ab") as stream:
            stream.write(b"Bob,bob@example.com\n")
        with pytest.raises(InputError, match="changed while it was read"):
            list(source.chunks())


def test_a_refused_input_leaves_no_copy(tmp_path):
    with pytest.raises(InputError, match="is empty"):
        open_source("-", stdin=io.BytesIO(b""), spool_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
