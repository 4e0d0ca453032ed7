"""A drop folder: the files that are whole, oldest first, and where they go afterwards."""

import time
from pathlib import Path

from pipeline.airflow.connection import home

_UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart")
_SETTLED_SECONDS = 2.0


def inbox() -> str:
    """Return the drop folder of the example DAGs."""
    return str(home() / "notchpay" / "inbox")


def files_in(folder: str) -> list[str]:
    """Return the files of a local drop folder, oldest first.

    Hidden ones, `~$…`, `….part` and what grows while we look are left alone. A folder
    that is not there has none.
    """
    place = Path(folder)
    if not place.is_dir():
        return []
    found = [path for path in place.iterdir() if path.is_file() and _is_whole(path)]
    looked = {path: _state(path) for path in found}
    now = time.time()
    if any(now - changed < _SETTLED_SECONDS for changed, _ in looked.values()):
        time.sleep(_SETTLED_SECONDS)
    steady = [path for path, state in looked.items() if _state(path) == state]
    return [str(path) for path in sorted(steady, key=lambda p: (looked[p], p.name))]


def _is_whole(path: Path) -> bool:
    name = path.name
    return not name.startswith((".", "~$")) and not name.endswith(_UNFINISHED)


def _state(path: Path) -> tuple[float, int]:
    """Return when the file was changed and how long it is; (0, -1) if it is gone."""
    try:
        told = path.stat()
    except FileNotFoundError:
        return 0.0, -1
    return told.st_mtime, told.st_size


def put_away(file: str, into: str = "done") -> str:
    """Move `file` into the folder `into` beside it; return where it lies now.

    A file of that name that lies there already is kept: the new one gets a number.
    """
    path = Path(file)
    place = path.parent / into
    place.mkdir(mode=0o700, exist_ok=True)
    target, number = place / path.name, 1
    while target.exists():
        number += 1
        target = place / f"{path.stem}-{number}{path.suffix}"
    return str(path.rename(target))
