"""Write files whole or not at all, with modes that keep people's data private."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import DiskError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_DISK_ERRORS = {
    errno.ENOSPC: "no space left on the device",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "a file may not grow any further",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission to write",
    errno.EPERM: "no permission to write",
    errno.ENOTDIR: "a part of the path is a file",
    errno.EISDIR: "it is a folder",
    errno.EEXIST: "a file of that name is in the way",
    errno.EIO: "the device fails",
    errno.ENAMETOOLONG: "the name is too long",
}


@contextmanager
def disk_errors(path: Path | str) -> Iterator[None]:
    """Turn the operating system's refusal to write below `path` into a `DiskError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise DiskError(
            f"cannot write `{path}`: {_DISK_ERRORS[error.errno]}",
            hint="free space or choose another folder, then run `resume`",
        ) from error


def private_folder(path: Path) -> Path:
    """Create the folder `path` with mode 0700 where it is not there, and return it."""
    with disk_errors(path):
        path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    return path


@contextmanager
def atomic(path: Path, *, mode: int = PRIVATE_FILE) -> Iterator[Path]:
    """Yield a temporary path beside `path` that replaces it when the block ends well.

    The file is flushed to the disk before it takes the name.
    """
    with disk_errors(path):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        draft = Path(name)
        try:
            draft.chmod(mode)
            yield draft
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, mode: int = PRIVATE_FILE) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with atomic(path, mode=mode) as draft:
        draft.write_text(text, encoding="utf-8")
