"""Runs folders in an object store: a run works in a copy here, which is sent after it.

A local runs folder is used as it is. An fsspec address stands for a private folder of
this process, which goes at its end; `send` makes the store equal to it, `runs_root` and
`run_folder` bring what the store holds.
"""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from pipeline.files.publish import PRIVATE_FILE, disk_errors, private_folder
from pipeline.files.run_folder import RunFolder
from pipeline.files.stores import file_system, make_folder, store_errors

_SUMMARY = "summary.json"


def runs_root(runs_dir: str) -> Path:
    """Return the local folder of the runs; of a store, every summary is brought first."""
    if "://" not in runs_dir:
        return Path(runs_dir)
    mirror = _mirror(runs_dir)
    mirror.bring_summaries()
    return mirror.folder


def new_folder(runs_dir: str, run_id: str) -> RunFolder:
    """Return the folder of a new run; nothing is brought."""
    root = _mirror(runs_dir).folder if "://" in runs_dir else Path(runs_dir)
    return RunFolder(root, run_id)


def run_folder(runs_dir: str, run_id: str) -> RunFolder:
    """Return the folder of a run that was; of a store, all its files are brought."""
    folder = new_folder(runs_dir, run_id)
    if "://" in runs_dir:
        _mirror(runs_dir).bring(folder)
    return folder


def send(runs_dir: str, folder: RunFolder, *names: str) -> None:
    """Make the store hold what `folder` holds, or only the files `names` of it.

    Nothing is done where the runs folder is local.
    """
    if "://" in runs_dir:
        _mirror(runs_dir).send(folder, names)


def shown(runs_dir: str, folder: RunFolder) -> str:
    """Return where a person finds the run: its path, or its address in the store."""
    if "://" in runs_dir:
        return f"{runs_dir.rstrip('/')}/{folder.run_id}"
    return str(folder.path)


@lru_cache
def _mirror(address: str) -> "Mirror":
    return Mirror(address)


class Mirror:
    """A runs folder of a store and its copy of this process (mode 0700)."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._fs, self._root = file_system(self._address)
        with disk_errors(tempfile.gettempdir()):
            self.folder = Path(tempfile.mkdtemp(prefix="notchpay-pipeline-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)

    def bring_summaries(self) -> None:
        """Bring the summary of every run."""
        with store_errors(self._address):
            self._fs.invalidate_cache()
            found = map(str, self._fs.glob(f"{self._root}/*/{_SUMMARY}"))
        for remote in found:
            self._bring(remote, self.folder / remote.rsplit("/", 2)[-2] / _SUMMARY)

    def bring(self, folder: RunFolder) -> None:
        """Bring every file of a run, its staging too."""
        for name, remote in self._files(folder).items():
            self._bring(remote, folder.path / name)

    def send(self, folder: RunFolder, names: tuple[str, ...] = ()) -> None:
        """Send files of a run; with no `names` all, and what is gone here goes there."""
        here = {
            path.relative_to(folder.path).as_posix(): path
            for path in folder.path.rglob("*")
            if path.is_file()
        }
        with store_errors(self._address):
            for name in here.keys() & set(names) if names else here:
                self._put(here[name], f"{self._root}/{folder.run_id}/{name}")
        if not names:
            gone = self._files(folder)
            with store_errors(self._address):
                for name in gone.keys() - here.keys():
                    self._fs.rm_file(gone[name])

    def _files(self, folder: RunFolder) -> dict[str, str]:
        """Return the store's files of a run: name below its folder -> path."""
        with store_errors(self._address):
            self._fs.invalidate_cache()
            found = map(str, self._fs.find(f"{self._root}/{folder.run_id}"))
            return {path.split(f"/{folder.run_id}/", 1)[1]: path for path in found}

    def _bring(self, remote: str, path: Path) -> None:
        with store_errors(self._address), disk_errors(path):
            private_folder(path.parent)
            path.touch(mode=PRIVATE_FILE)
            self._fs.get_file(remote, str(path))

    def _put(self, path: Path, remote: str) -> None:
        make_folder(self._fs, remote.rsplit("/", 1)[0])
        if path.stat().st_size:
            self._fs.put_file(str(path), remote)
        else:
            self._fs.pipe_file(remote, b"")
