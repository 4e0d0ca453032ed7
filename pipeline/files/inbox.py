"""An inbox on disk: what lies ready in it, and moving files on without losing one."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path, PurePosixPath

from pipeline.errors import InputError, LockedError
from pipeline.files.publish import (
    PRIVATE_FILE,
    disk_errors,
    private_folder,
    write_text,
)

LOCK = ".inbox.lock"
APPROVAL = ".approve.txt"
MESSAGE = ".message.txt"
_NOTES = (APPROVAL, MESSAGE)
_ENDINGS = (
    ".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart",
    ".swp", ".lock", ".lck", "~",
)  # fmt: skip
_BEGINNINGS = (".", "~$", "~")
_POLL = 1.0


class Place(StrEnum):
    """Where a file goes; folders of the inbox that are not read as such."""

    DONE = "done"
    FAILED = "failed"
    WAITING = "waiting"
    OUTBOX = "outbox"


class Left(StrEnum):
    """Why a file is left alone in the inbox."""

    NAME = "name"
    GROWING = "growing"
    NO_FILE = "no_file"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file in the inbox; `stamp` changes with every write to it.

    `folder` is the name of the folder it lies in, empty for the inbox itself.
    """

    path: Path
    folder: str
    stamp: tuple[int, int, int]

    @property
    def name(self) -> str:
        """The name as people call it, with the folder."""
        return str(PurePosixPath(self.folder) / self.path.name)

    @property
    def changed(self) -> float:
        """When it was last written, in epoch seconds."""
        return self.stamp[1] / 1e9

    def is_same(self) -> bool:
        """Tell whether it is still there and was not written since."""
        try:
            return _stamp(self.path) == self.stamp
        except FileNotFoundError:
            return False


def is_unfinished(name: str) -> bool:
    """Tell whether `name` is that of an upload under way, a lock or a hidden file.

    >>> [is_unfinished(n) for n in ("a.csv", "a.csv.part", "~$a.xlsx", ".a.csv")]
    [False, True, True, True]
    """
    return name.startswith(_BEGINNINGS) or name.lower().endswith(_ENDINGS)


class Inbox:
    """The folder `root` with `done`, `failed`, `waiting` and `outbox` in it.

    A file in a folder of the inbox keeps that folder's name wherever it goes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def locked(self, wait: float, pause: Callable[[float], None]) -> Iterator[None]:
        """Be the only walk through this inbox, waiting up to `wait` seconds for it.

        The kernel gives the lock back whatever ends the process, and no child holds it.

        Raises:
            InputError: There is no such folder.
            LockedError: Another walk goes on.
        """
        if not self.root.is_dir():
            raise InputError(
                f"there is no folder `{self.root}`", hint="create the inbox first"
            )
        with disk_errors(self.root):
            handle = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            waited = 0.0
            while not _take(handle):
                if waited >= wait:
                    raise LockedError(
                        f"another import walks through the inbox `{self.root}`",
                        hint="wait for it, or name `--wait SECONDS`",
                    )
                pause(_POLL)
                waited += _POLL
            yield
        finally:
            os.close(handle)

    def look(self) -> tuple[list[Arrival], list[tuple[str, Left]]]:
        """Return the files of the inbox, oldest first, and those left alone with why."""
        arrivals: list[Arrival] = []
        left: list[tuple[str, Left]] = []
        for folder in ("", *self._folders()):
            for path in _entries(self.root / folder):
                why = _why_left(path)
                found = None if why else _arrival(path, folder)
                if why is not None:
                    left.append((str(PurePosixPath(folder) / path.name), why))
                elif found is not None:
                    arrivals.append(found)
        arrivals.sort(key=lambda arrival: (arrival.stamp[1], arrival.name))
        return arrivals, left

    def _folders(self) -> list[str]:
        reserved = {str(place) for place in Place}
        with disk_errors(self.root):
            found = [path for path in self.root.iterdir() if _is_folder(path)]
        return sorted(path.name for path in found if path.name not in reserved)

    def waiting(self) -> list[Arrival]:
        """Return the files that wait for an approval, oldest first."""
        top = self.root / Place.WAITING
        found = [
            Arrival(path, _folder_of(path, top), _stamp(path))
            for path in sorted(top.rglob("*"))
            if path.is_file() and not is_unfinished(path.name) and not _is_note(path)
        ]
        return sorted(found, key=lambda arrival: (arrival.stamp[1], arrival.name))

    def move(self, arrival: Arrival, place: Place, sha256: str, at: str) -> Path:
        """Move a file on and return where it lies; nothing there is ever overwritten.

        A name that is taken, or whose receipt lies in the outbox, gets the time `at`
        and the beginning of the content's hash. A file that waited keeps its receipt.
        """
        folder = private_folder(self.root / place / arrival.folder)
        waited = arrival.path.relative_to(self.root).parts[0] == Place.WAITING
        target = self._claim(folder, arrival.path.name, f"{at}-{sha256[:8]}", waited)
        with disk_errors(target):
            shutil.move(arrival.path, target)
        for note in _NOTES:
            arrival.path.with_name(arrival.path.name + note).unlink(missing_ok=True)
        return target

    def _claim(self, folder: Path, name: str, suffix: str, has_receipt: bool) -> Path:
        """Make an empty file under a free name, so that a move replaces nobody's."""
        with disk_errors(folder):
            for number, free in enumerate(_names(name, suffix)):
                is_own = has_receipt and number == 0
                if self.receipt(folder / free).exists() and not is_own:
                    continue
                try:
                    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
                    os.close(os.open(folder / free, flags, PRIVATE_FILE))
                except FileExistsError:
                    continue
                return folder / free
        raise AssertionError(name)

    def receipt(self, moved: Path) -> Path:
        """Return where the receipt of a moved file lies."""
        return self._beside(moved, ".receipt.txt")

    def _beside(self, moved: Path, ending: str) -> Path:
        place = moved.relative_to(self.root).parts[1:-1]
        return self.root.joinpath(Place.OUTBOX, *place, moved.name + ending)

    def put_receipt(self, moved: Path, text: str) -> Path:
        """Write the receipt of a moved file, mode 0600, and return its path."""
        path = self.receipt(moved)
        private_folder(path.parent)
        write_text(path, text)
        return path

    def put_leftovers(self, moved: Path, run: Path, names: Sequence[str]) -> list[Path]:
        """Copy the files `names` of a run's folder into the outbox; return the copies."""
        copies = []
        for name in names:
            if not (run / name).is_file():
                continue
            target = self._beside(moved, f".{name}")
            private_folder(target.parent)
            with disk_errors(target):
                shutil.copyfile(run / name, target)
                target.chmod(PRIVATE_FILE)
            copies.append(target)
        return copies

    def put_note(self, moved: Path, ending: str, text: str) -> Path:
        """Write a small text beside a moved file, mode 0600, and return its path."""
        path = moved.with_name(moved.name + ending)
        write_text(path, text)
        return path


def settle(
    arrivals: Sequence[Arrival],
    seconds: float,
    now: float,
    pause: Callable[[float], None],
) -> tuple[list[Arrival], list[Arrival]]:
    """Return (ready, growing): what nobody writes any more, and what somebody does.

    A file that was written less than `seconds` ago is looked at again after that time,
    all of them after one pause.
    """
    young = {a.path for a in arrivals if now - a.changed < seconds}
    if young:
        ages = [max(0.0, now - a.changed) for a in arrivals if a.path in young]
        pause(seconds - min(ages))
    ready: list[Arrival] = []
    growing: list[Arrival] = []
    for arrival in arrivals:
        is_still = arrival.is_same() and not is_being_written(arrival.path)
        (ready if is_still else growing).append(arrival)
    return ready, growing


def is_being_written(path: Path) -> bool:
    """Tell whether a process of this machine has the file open for writing.

    Linux answers by refusing a read lease; where it cannot be asked, nobody has.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # not our file, or a file system without leases
    finally:
        os.close(handle)
    return False


def _names(name: str, suffix: str) -> Iterator[str]:
    """Yield `name`, then names with the suffix before the endings, without end."""
    stem, dot, endings = name.partition(".")
    yield name
    yield f"{stem}~{suffix}{dot}{endings}"
    for number in count(2):
        yield f"{stem}~{suffix}-{number}{dot}{endings}"


def _take(handle: int) -> bool:
    try:
        # Record locks belong to this process alone: forked workers do not inherit them.
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _entries(folder: Path) -> list[Path]:
    """Return what a person or program put into a folder, but for folders."""
    with disk_errors(folder):
        found = [p for p in folder.iterdir() if p.is_symlink() or not p.is_dir()]
    return sorted(path for path in found if path.name != LOCK)


def _is_folder(path: Path) -> bool:
    hidden = path.name.startswith(".")
    return path.is_dir() and not path.is_symlink() and not hidden


def _why_left(path: Path) -> Left | None:
    if is_unfinished(path.name):
        return Left.NAME
    if path.is_symlink() or not path.is_file():
        return Left.NO_FILE
    return None


def _arrival(path: Path, folder: str) -> Arrival | None:
    try:
        return Arrival(path, folder, _stamp(path))
    except FileNotFoundError:
        return None  # taken away while we looked


def _stamp(path: Path) -> tuple[int, int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns, told.st_ino


def _folder_of(path: Path, top: Path) -> str:
    folder = path.parent.relative_to(top)
    return "" if folder == Path() else str(folder)


def _is_note(path: Path) -> bool:
    return path.name.endswith(_NOTES)
