"""Bring any input to a local file that can be read twice: stdin, pipes, remote files."""

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import DiskError, InputError, PipelineError

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A regular local file that holds the input's bytes.

    `name` is what people call it, `sha256` and `size` (bytes) are of the content.
    A temporary file is removed by `close`.
    """

    path: Path
    name: str
    sha256: str
    size: int
    is_temporary: bool
    stamp: int = 0

    def check_unchanged(self) -> None:
        """Say where the file is no longer the one that was hashed.

        Raises:
            InputError: Its size or time of change differ.
        """
        if self.is_temporary:
            return
        with _said(self.name):
            now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size, self.stamp):
            raise InputError(
                f"`{self.name}` changed while it was read",
                hint="wait until it is written to its end, then start again",
            )

    def close(self) -> None:
        """Remove the file where it was spooled here."""
        if self.is_temporary:
            self.path.unlink(missing_ok=True)


def bring(
    address: str, *, stdin: BinaryIO | None = None, spool_dir: Path | None = None
) -> LocalFile:
    """Return `address` as a local file with its hash.

    A regular local file is read where it lies. Standard input (`-`), pipes and fsspec
    addresses (`s3://…`) are copied to `spool_dir` with mode 0600.

    Raises:
        InputError: There is no such file, or it cannot be read.
        DiskError: There is no room for the copy.
    """
    if address == "-":
        if stdin is None:
            raise InputError("standard input is not open", hint="name a file instead")
        with _said("standard input"):
            return _spool(stdin, "stdin", spool_dir)
    if "://" in address:
        return _bring_remote(address, spool_dir)
    path = Path(address)
    with _said(address), path.open("rb") as stream:
        told = os.fstat(stream.fileno())
        if not stat.S_ISREG(told.st_mode):
            return _spool(stream, path.name, spool_dir)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return LocalFile(path, path.name, digest, told.st_size, False, told.st_mtime_ns)


def _bring_remote(address: str, spool_dir: Path | None) -> LocalFile:
    import fsspec

    shown = _without_secrets(address)
    name = shown.rstrip("/").rpartition("/")[2]
    try:
        with _said(shown), fsspec.open(address, "rb") as stream:
            return _spool(stream, name, spool_dir)
    except PipelineError:
        raise
    except Exception as error:  # each file system brings errors of its own
        raise InputError(
            f"`{shown}` cannot be opened: {_one_line(error)}",
            hint="check the address, the credentials and the network; "
            "`s3://` needs the extra `s3`",
        ) from error


def _without_secrets(address: str) -> str:
    """Return the address without a password before the host and a signed query."""
    return re.sub(r"(?<=://)[^/@]*@", "", address).partition("?")[0]


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _spool(stream: BinaryIO, name: str, spool_dir: Path | None) -> LocalFile:
    handle, target = _new_file(spool_dir)
    try:
        with os.fdopen(handle, "wb", buffering=0) as out:
            digest, size = copy(stream, out)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return LocalFile(target, name, digest, size, is_temporary=True)


def _new_file(spool_dir: Path | None) -> tuple[int, Path]:
    try:
        handle, path = tempfile.mkstemp(prefix="input-", dir=spool_dir)
    except OSError as error:
        raise DiskError(
            f"no copy of the input can be made in `{spool_dir}`: {error.strerror}",
            hint="free some room or choose another runs folder",
        ) from error
    return handle, Path(path)


def copy(stream: BinaryIO, out: RawIOBase) -> tuple[str, int]:
    """Copy `stream` to its end and return the SHA-256 and the bytes.

    Raises:
        DiskError: There is no room.
    """
    digest = hashlib.sha256()
    size = 0
    while block := stream.read(_BLOCK):
        digest.update(block)
        size += len(block)
        _write(out, block)
    return digest.hexdigest(), size


def _write(out: RawIOBase, block: bytes) -> None:
    rest = memoryview(block)
    try:
        while rest:
            rest = rest[out.write(rest) or 0 :]
    except OSError as error:
        raise DiskError(
            f"no room to copy the input: {error.strerror}",
            hint="free some room or choose another runs folder",
        ) from error


@contextmanager
def _said(address: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(
            f"`{address}` does not exist", hint="check the path and the name"
        ) from error
    except IsADirectoryError as error:
        raise InputError(
            f"`{address}` is a folder, not a file", hint="name one file in it"
        ) from error
    except PermissionError as error:
        raise InputError(
            f"`{address}` may not be read by this user", hint="check its permissions"
        ) from error
    except (OSError, ValueError) as error:
        fact = getattr(error, "strerror", None) or error
        raise InputError(
            f"`{address[:200]}` cannot be read: {fact}",
            hint="check the path, the network and the permissions",
        ) from error
