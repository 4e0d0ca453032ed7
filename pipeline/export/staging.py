"""Pages that were read, on disk until the export stands: what an interruption leaves.

A staging folder belongs to one request (its key) and one process at a time. Its
journal names the parts that are whole; what the journal does not name is ignored.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import LockedError
from pipeline.files.publish import PRIVATE_FILE, disk_errors, private_folder

MAX_AGE = timedelta(hours=1)
"""Pages older than this are read again: they tell too little about now."""

_JOURNAL = "pages.jsonl"
_LOCK = "lock"
_PART_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """A file of rows: `pages` of one sweep over `listing`; `rows` and `size` of it."""

    name: str
    listing: str
    sweep: int
    pages: tuple[str, ...]
    rows: int
    size: int
    at: str


class Staging:
    """The parts of one request, and the journal that names them."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self._clock = clock
        self._parts, self._results = _read_journal(folder, clock())
        self._number = 1 + max((int(p.name[:8]) for p in self._parts), default=0)

    @property
    def next_seq(self) -> int:
        """The number of the next row: rows read later have higher ones."""
        return self._number * _PART_ROWS

    def parts(self, listing: str) -> list[Part]:
        """Return the parts of `listing` in the order in which they were read."""
        return [part for part in self._parts if part.listing == listing]

    def paths(self, listing: str) -> list[str]:
        """Return the paths of those parts."""
        return [str(self.folder / part.name) for part in self.parts(listing)]

    def add(
        self, listing: str, sweep: int, pages: Sequence[str], table: pa.Table
    ) -> None:
        """Write `table` as a part and name it in the journal."""
        path = self.folder / f"{self._number:08d}.parquet"
        self._number += 1
        with disk_errors(self.folder):
            with private_file(path) as file:
                pq.write_table(table, file, compression="snappy", use_dictionary=False)
            part = Part(
                name=path.name,
                listing=listing,
                sweep=sweep,
                pages=tuple(pages),
                rows=len(table),
                size=path.stat().st_size,
                at=self._clock().isoformat(),
            )
            self._write({"part": asdict(part)})
        self._parts.append(part)

    def result(self, listing: str) -> Mapping[str, Any] | None:
        """Return what was said when `listing` was read to its end, or None."""
        return self._results.get(listing)

    def finish(self, listing: str, result: Mapping[str, Any]) -> None:
        """Say that `listing` is read to its end, with what there is to know of it."""
        self._results[listing] = result
        with disk_errors(self.folder):
            self._write({"finished": listing, "result": dict(result)})

    def forget(self, listing: str, from_sweep: int = 0) -> None:
        """Leave out the parts of `listing` from sweep `from_sweep` on."""
        kept = [p for p in self._parts if p.listing != listing or p.sweep < from_sweep]
        if len(kept) == len(self._parts):
            return
        self._parts = kept
        with disk_errors(self.folder):
            self._write({"forgotten": listing, "from_sweep": from_sweep})

    def keys(self, listing: str) -> Iterator[str]:
        """Yield the key of every staged row of `listing`."""
        for path in self.paths(listing):
            yield from read_columns(path, ["_key"])["_key"].to_pylist()

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, entry: Mapping[str, Any]) -> None:
        with private_file(self.folder / _JOURNAL, "a") as journal:
            journal.write((json.dumps(entry) + "\n").encode())


@contextmanager
def staging(folder: Path, clock: Callable[[], datetime]) -> Iterator[Staging]:
    """Open the staging folder of a request; it stays unless its owner removes it.

    Raises:
        LockedError: Another process works on the same request.
    """
    private_folder(folder.parent)
    private_folder(folder)
    with private_file(folder / _LOCK, "a") as lock:
        _take(lock, folder)
        yield Staging(folder, clock)


def read_columns(path: str, columns: Sequence[str]) -> pa.Table:
    """Return columns of a part; on one thread, since each keeps memory of its own."""
    with pq.ParquetFile(path, pre_buffer=False) as file:
        return file.read(columns=list(columns), use_threads=False)


def private_file(path: Path, mode: str = "w") -> IO[bytes]:
    """Open `path` for writing bytes; a new file has mode 0600 from its first byte."""
    flags = os.O_WRONLY | os.O_CREAT
    flags |= os.O_APPEND if mode == "a" else os.O_TRUNC
    return os.fdopen(os.open(path, flags, PRIVATE_FILE), f"{mode}b")


def _take(lock: IO[bytes], folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise LockedError(
            f"another export of the same request is running (`{folder}`)",
            hint="wait for it, or stop it",
        ) from error


def _read_journal(
    folder: Path, now: datetime
) -> tuple[list[Part], dict[str, Mapping[str, Any]]]:
    """Return parts and results where all are whole and young enough, else nothing."""
    path = folder / _JOURNAL
    parts: list[Part] = []
    results: dict[str, Mapping[str, Any]] = {}
    for entry in _entries(path):
        if "part" in entry:
            parts.append(
                Part(**entry["part"] | {"pages": tuple(entry["part"]["pages"])})
            )
        elif "finished" in entry:
            results[entry["finished"]] = entry["result"]
        else:
            name, sweep = entry["forgotten"], entry["from_sweep"]
            parts = [p for p in parts if p.listing != name or p.sweep < sweep]
    oldest = min((datetime.fromisoformat(part.at) for part in parts), default=now)
    if now - oldest > MAX_AGE or not all(_whole(folder, part) for part in parts):
        path.unlink()
        return [], {}
    return parts, results


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the journal's lines; a torn one, the last before a crash, ends them."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _whole(folder: Path, part: Part) -> bool:
    path = folder / part.name
    return path.exists() and path.stat().st_size == part.size
