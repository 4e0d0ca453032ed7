"""Where exports are kept: a local folder, or any store that fsspec can address.

A finished export appears at once: on a local disk by renaming its folder, elsewhere by
writing `_SUCCESS` after everything else. `latest` moves after that, in one step.
"""

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from pipeline.errors import DiskError, SettingsError, UsageError
from pipeline.files.publish import disk_errors, private_folder
from schemas.exports import LATEST, LATEST_FILE, MANIFEST, SUCCESS

_OBJECT_STORES = frozenset(("s3", "s3a", "gs", "gcs", "abfs", "az", "oci", "oss"))


class Store(Protocol):
    """A place for exports, each in a folder named by its id."""

    def path(self, export_id: str) -> str:
        """Return the address of an export's folder."""
        ...

    def exports(self) -> list[str]:
        """Return the ids of the finished exports."""
        ...

    def manifest(self, export_id: str) -> Mapping[str, Any] | None:
        """Return the manifest of a finished export, None where there is none."""
        ...

    def latest(self) -> str | None:
        """Return the id of the export that `latest` points to."""
        ...

    def publish(self, folder: Path, export_id: str, mode: int) -> None:
        """Make the finished `folder` the export `export_id`; files get `mode`."""
        ...

    def point(self, export_id: str) -> None:
        """Let `latest` point to `export_id`."""
        ...

    def read(self, relative: str) -> bytes | None:
        """Return a small file below the root, None where it is not there."""
        ...

    def write(self, relative: str, content: bytes) -> None:
        """Write a small file below the root, whole or not at all."""
        ...

    def fetch(self, export_id: str, table: str, folder: Path) -> Path:
        """Return a local folder with the files of one table of an export."""
        ...


def is_remote(root: str) -> bool:
    """Return whether `root` is an fsspec address rather than a local path."""
    return "://" in root and not root.startswith("file://")


def store_at(root: str) -> Store:
    """Return the store at `root`, a local path or an fsspec address.

    Raises:
        SettingsError: Nothing installed can reach such an address.
    """
    if is_remote(root):
        return RemoteStore(root)
    return LocalStore(Path(root.removeprefix("file://")))


class LocalStore:
    """Exports in a folder of this machine; `latest` is a symbolic link."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, export_id: str) -> str:
        """Return the path of an export's folder."""
        return str(self.root / export_id)

    def exports(self) -> list[str]:
        """Return the ids of the finished exports, sorted."""
        found = self.root.glob(f"*/{SUCCESS}")
        return sorted(p.parent.name for p in found if not p.parent.is_symlink())

    def manifest(self, export_id: str) -> Mapping[str, Any] | None:
        """Return the manifest of a finished export."""
        if not (self.root / export_id / SUCCESS).exists():
            return None
        return _manifest(self.read(f"{export_id}/{MANIFEST}"))

    def latest(self) -> str | None:
        """Return the name of the folder that the link points to."""
        link = self.root / LATEST
        return link.resolve().name if link.is_symlink() else None

    def publish(self, folder: Path, export_id: str, mode: int) -> None:
        """Rename `folder` to its place after its files are safely on the disk."""
        target = self.root / export_id
        if target.exists():
            raise UsageError(f"`{target}` is there already")
        with disk_errors(self.root):
            private_folder(self.root)
            _settle(folder, mode)
            try:
                folder.rename(target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                draft = self.root / f".{export_id}"
                shutil.copytree(folder, draft)
                _settle(draft, mode)
                draft.rename(target)
            _flush(self.root)

    def point(self, export_id: str) -> None:
        """Replace the link in one step."""
        draft = self.root / f".{LATEST}-{export_id}"
        with disk_errors(self.root):
            draft.unlink(missing_ok=True)
            draft.symlink_to(export_id, target_is_directory=True)
            draft.replace(self.root / LATEST)

    def read(self, relative: str) -> bytes | None:
        """Return a file's bytes."""
        path = self.root / relative
        return path.read_bytes() if path.is_file() else None

    def write(self, relative: str, content: bytes) -> None:
        """Write beside the file, then take its name."""
        path = self.root / relative
        with disk_errors(path):
            private_folder(path.parent)
            draft = path.with_name(f".{path.name}.part")
            draft.touch(mode=0o600)
            draft.write_bytes(content)
            draft.replace(path)

    def fetch(self, export_id: str, table: str, folder: Path) -> Path:  # noqa: ARG002 - a protocol's
        """Return the folder itself: it is local."""
        return self.root / export_id / table


class RemoteStore:
    """Exports in an object store; `latest.json` names the newest."""

    def __init__(self, root: str) -> None:
        self._address = root.rstrip("/")
        self._fs, self._root = file_system(self._address)

    def path(self, export_id: str) -> str:
        """Return the address of an export's folder."""
        return f"{self._address}/{export_id}"

    def exports(self) -> list[str]:
        """Return the ids of the finished exports, sorted."""
        with store_errors(self._address):
            found = self._fs.glob(f"{self._root}/*/{SUCCESS}")
        return sorted(str(name).rsplit("/", 2)[-2] for name in found)

    def manifest(self, export_id: str) -> Mapping[str, Any] | None:
        """Return the manifest of a finished export."""
        if self.read(f"{export_id}/{SUCCESS}") is None:
            return None
        return _manifest(self.read(f"{export_id}/{MANIFEST}"))

    def latest(self) -> str | None:
        """Return the id that `latest.json` names."""
        told = _manifest(self.read(LATEST_FILE)) or {}
        export_id = told.get("export_id")
        return export_id if isinstance(export_id, str) else None

    def publish(self, folder: Path, export_id: str, mode: int) -> None:  # noqa: ARG002 - a protocol's
        """Upload every file of `folder`: the manifest late, `_SUCCESS` last."""
        target = f"{self._root}/{export_id}"
        last = {MANIFEST: 1, SUCCESS: 2}
        files = (path for path in folder.rglob("*") if path.is_file())
        with store_errors(self._address):
            if self._fs.exists(f"{target}/{SUCCESS}"):
                raise UsageError(f"`{self.path(export_id)}` is there already")
            for path in sorted(files, key=lambda p: (last.get(p.name, 0), p)):
                name = path.relative_to(folder).as_posix()
                if path.stat().st_size:
                    make_folder(self._fs, f"{target}/{name}".rsplit("/", 1)[0])
                    self._fs.put_file(str(path), f"{target}/{name}")
                else:
                    self._fs.pipe_file(f"{target}/{name}", b"")

    def point(self, export_id: str) -> None:
        """Write `latest.json`."""
        told = {"export_id": export_id, "path": self.path(export_id)}
        self.write(LATEST_FILE, json.dumps(told).encode())

    def read(self, relative: str) -> bytes | None:
        """Return an object's bytes."""
        with store_errors(self._address):
            try:
                self._fs.invalidate_cache()
                content: bytes = self._fs.cat_file(f"{self._root}/{relative}")
            except FileNotFoundError:
                return None
        return content

    def write(self, relative: str, content: bytes) -> None:
        """Write an object: stores show it whole or not at all."""
        with store_errors(self._address):
            self._fs.pipe_file(f"{self._root}/{relative}", content)

    def fetch(self, export_id: str, table: str, folder: Path) -> Path:
        """Download the Parquet files of one table into `folder`."""
        source = f"{self._root}/{export_id}/{table}"
        with store_errors(self._address), disk_errors(folder):
            for name in self._fs.find(source):
                relative = str(name)[len(source.lstrip("/")) :].lstrip("/")
                target = folder / table / relative.rsplit(f"{table}/", 1)[-1]
                private_folder(target.parent)
                self._fs.get_file(name, str(target))
        return private_folder(folder / table)


def file_system(address: str) -> tuple[Any, str]:
    """Return fsspec's file system for `address` and the path in it.

    Raises:
        SettingsError: Nothing installed can reach such an address.
    """
    import fsspec

    scheme = address.split("://", 1)[0]
    with store_errors(address):
        try:
            found: tuple[Any, str] = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise SettingsError(
                f"`{address}` cannot be reached: nothing here speaks {scheme}",
                hint=f"install notchpay-pipeline[{scheme}], or name a local folder",
            ) from error
    return found


def make_folder(file_system: Any, path: str) -> None:
    """Make a folder, where the store has any: a bucket is never made by mistake."""
    kinds = file_system.protocol
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if not kinds & _OBJECT_STORES:
        file_system.makedirs(path, exist_ok=True)


def _manifest(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    try:
        told = json.loads(content)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _settle(folder: Path, mode: int) -> None:
    """Set the modes below `folder` and see every file on the disk."""
    folder_mode = mode | (mode & 0o444) >> 2
    for path in (*folder.rglob("*"), folder):
        path.chmod(folder_mode if path.is_dir() else mode)
        _flush(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def store_errors(root: str) -> Iterator[None]:
    """Turn a store's refusal into a `DiskError`."""
    try:
        yield
    except _refusals() as error:
        raise DiskError(
            f"`{root}` cannot be used: {type(error).__name__}: {error}",
            hint="check the address, the credentials and the bucket",
        ) from error


def _refusals() -> tuple[type[Exception], ...]:
    """Return what a store may raise: also the S3 client's own, where it is installed."""
    try:
        errors = import_module("botocore.exceptions")
    except ImportError:
        return (OSError,)
    found: type[Exception] = errors.BotoCoreError
    return (OSError, found)
