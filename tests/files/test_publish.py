"""Files appear whole or not at all, private, and a refusal of the disk is one error."""

import errno
import os
import stat

import pytest

from pipeline.errors import DiskError, UsageError
from pipeline.files.masks import mask, mask_email, mask_phone, mask_text
from pipeline.files.publish import atomic, disk_errors, private_folder, write_text
from pipeline.files.run_folder import RunFolder, new_run_id


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_umask():
    old = os.umask(0)
    yield
    os.umask(old)


def test_a_file_is_private_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "summary.json"
    path.write_text("old")
    write_text(path, "né\n")
    assert path.read_bytes() == b"n\xc3\xa9\n"
    assert mode(path) == 0o600
    write_text(path, "x", mode=0o640)
    assert mode(path) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]


def test_a_block_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "summary.json"
    path.write_text("old")

    def fail():
        with atomic(path) as draft:
            draft.write_text("half")
            assert mode(draft) == 0o600
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["summary.json"]


def test_folders_are_private(tmp_path):
    folder = RunFolder(tmp_path / "runs", "r1").create()
    assert [mode(p) for p in (folder.root, folder.path, folder.staging)] == [0o700] * 3
    private_folder(folder.path)  # a second time does nothing


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "no space left on the device"),
        (errno.EDQUOT, "the disk quota is used up"),
        (errno.EFBIG, "a file may not grow any further"),
        (errno.EROFS, "the file system is read-only"),
        (errno.EACCES, "no permission to write"),
        (errno.EEXIST, "a file of that name is in the way"),
    ],
)
def test_what_the_disk_refuses(number, said):
    with pytest.raises(DiskError) as refused, disk_errors("runs/x"):
        raise OSError(number, "…")
    assert refused.value.message == f"cannot write `runs/x`: {said}"
    assert refused.value.hint


def test_other_errors_of_the_system_are_no_matter_of_the_disk():
    with pytest.raises(ConnectionResetError), disk_errors("runs/x"):
        raise ConnectionResetError(errno.ECONNRESET, "…")


def test_a_folder_where_a_file_should_be(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(DiskError):
        RunFolder(tmp_path / "runs", "r1").create()
    with pytest.raises(DiskError):
        private_folder(tmp_path / "runs" / "below")


def test_a_run_id_sorts_by_time_and_is_no_path():
    assert new_run_id(1_767_225_600, "abc") == "20260101T000000Z-000abc"
    assert new_run_id(1_767_225_600.5, "abc") == "20260101T000000Z-800abc"
    for bad in ("..", "", "a/b", ".x", "x" * 100):
        with pytest.raises(UsageError):
            RunFolder("runs", bad)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "awa@example.com", "a…@…"),
        ("email", "no address", "n…"),
        ("phone", "+237670000001", "+237…01"),
        ("phone", "670000001", "67…01"),
        ("phone", "1234", "…"),
        ("phone", "", "…"),
        ("name", "Awa Sow", "A…"),
        ("name", "", ""),
        ("name", None, ""),
        ("metadata.Ville", "Douala", "D…"),
    ],
)
def test_masks(field, value, shown):
    assert mask(field, value) == shown


def test_a_mask_gives_nothing_away():
    assert "example" not in mask_email("awa@example.com")
    assert "67000" not in mask_phone("+237670000001")
    assert mask_text("Awa") == "A…"
