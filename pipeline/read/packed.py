"""Unpack gzip, bz2, xz, zst and zip as a stream, within bounds."""

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipeline.errors import InputError
from pipeline.read.kind import HEAD, refuse_foreign
from pipeline.read.values import Stream

BOMB_BYTES = 1 << 30
"""Unpacked bytes from which the ratio is watched."""
BOMB_RATIO = 250
"""Most unpacked bytes for one packed byte from there on; customer files reach 30."""

_TABLES = (".csv", ".tsv", ".txt", ".psv", ".ssv", ".tab", ".dat")
_BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)
"""What the standard library raises for a damaged, locked or unknown packing."""


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that can be opened again and again; `name` is what holds them."""

    name: str
    open: Callable[[], Stream]


def plain(path: Path, name: str) -> Content:
    """Return the file's own bytes as content."""
    return Content(name, lambda: path.open("rb"))


def unpacked(path: Path, name: str, form: str) -> Content:
    """Return what the packed file holds.

    Raises:
        InputError: Damaged, with a password, or not exactly one table inside.
    """
    if form == "zip":
        member = _member(path, name)
        label = PurePosixPath(member).name
        content = Content(label, lambda: _open_member(path, name, member))
    else:
        label = name.rsplit(".", 1)[0] if "." in name else name
        content = Content(label, lambda: _open_stream(path, name, form))
    with closing(content.open()) as stream:
        head = stream.read(HEAD)
    refuse_foreign(head, name)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")):
        raise InputError(
            f"`{name}` holds a workbook or another archive",
            hint="unpack it and name the file in it",
        )
    return content


def _open_stream(path: Path, name: str, form: str) -> Stream:
    packed = path.stat().st_size
    if form == "zst":
        # Arrow says where a zst file is cut off; the zstandard package ends in silence.
        import pyarrow as pa

        return Bounded(pa.CompressedInputStream(str(path), "zstd"), name, packed)
    openers: dict[str, Callable[..., Stream]] = {
        "gzip": gzip.open,
        "bz2": bz2.open,
        "xz": lzma.open,
    }
    return Bounded(openers[form](path, "rb"), name, packed)


def _open_member(path: Path, name: str, member: str) -> Stream:
    with _said(name), zipfile.ZipFile(path) as archive:
        packed = archive.getinfo(member).compress_size
        return Bounded(archive.open(member), name, packed)


def _member(path: Path, name: str) -> str:
    with _said(name), zipfile.ZipFile(path) as archive:
        found = [
            info
            for info in archive.infolist()
            if not info.is_dir()
            and not info.filename.startswith("__MACOSX/")
            and not PurePosixPath(info.filename).name.startswith(".")
        ]
    tables = [i for i in found if i.filename.lower().endswith(_TABLES)]
    chosen = found if len(found) == 1 else tables
    if len(chosen) == 1:
        if chosen[0].flag_bits & 1:
            raise InputError(
                f"`{name}` has a password", hint="unpack it and name the file in it"
            )
        return chosen[0].filename
    names = ", ".join(f"`{info.filename}`" for info in found[:10])
    raise InputError(
        f"`{name}` holds {len(found)} files" + (f": {names}" if found else ""),
        hint="unpack it and name one of them",
    )


@contextmanager
def _said(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise InputError(
            f"`{name}` cannot be unpacked: {error}",
            hint="send the file again, or unpack it first",
        ) from error


class Bounded:
    """A stream that says damage in our words and stops at a decompression bomb."""

    def __init__(self, source: Stream, name: str, packed: int) -> None:
        self._source = source
        self._name = name
        self._packed = max(packed, 1)
        self._given = 0

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes.

        Raises:
            InputError: The packing is damaged, or unpacks without measure.
        """
        with _said(self._name):
            block = self._source.read(size)
        self._given += len(block)
        if self._given > BOMB_BYTES and self._given > BOMB_RATIO * self._packed:
            raise InputError(
                f"`{self._name}` unpacks to more than {BOMB_RATIO} times its size",
                hint="if it is a real table, unpack it first",
            )
        return block

    def close(self) -> None:
        """Close what is behind it."""
        self._source.close()
