"""Where runs and exports lie for `subject`: on this disk, or brought here from a store."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.export.closing import FOLDER as CLOSED
from pipeline.files.mirror import run_folder, runs_root, send
from pipeline.files.run_folder import RunFolder
from pipeline.files.stores import is_remote, store_at
from pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Roots:
    """Local folders of runs and exports; of a store, a private copy of this process."""

    runs_dir: str
    exports_dir: str
    runs: Path
    exports: Path

    def shown(self, path: Path) -> str:
        """Return where a person finds a file: its path, or its address in the store."""
        for address, root in (
            (self.runs_dir, self.runs),
            (self.exports_dir, self.exports),
        ):
            if is_remote(address) and path.is_relative_to(root):
                return f"{address.rstrip('/')}/{path.relative_to(root).as_posix()}"
        return str(path)

    def send_back(self, changed: Iterable[Path]) -> None:
        """Make the stores hold what was changed here; nothing is done for local folders.

        Raises:
            DiskError: A store refuses.
        """
        found = list(changed)
        for address, root in (
            (self.runs_dir, self.runs),
            (self.exports_dir, self.exports),
        ):
            if not is_remote(address):
                continue
            names = {
                path.relative_to(root).parts[0]
                for path in found
                if path.is_relative_to(root)
            }
            for name in sorted(names):
                send(address, RunFolder(root, name))


def roots_of(settings: Settings) -> Roots:
    """Return the folders of `settings`; what lies in a store is brought whole.

    Raises:
        DiskError, SettingsError: A store cannot be reached.
    """
    exports_dir = settings.exports_dir.removeprefix("file://")
    runs = runs_root(settings.runs_dir)
    exports = Path(exports_dir)
    if is_remote(settings.runs_dir):
        for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
            run_folder(settings.runs_dir, folder.name)
    if is_remote(exports_dir):
        for name in (*store_at(exports_dir).exports(), CLOSED):
            with suppress(UsageError):  # a folder that is none of ours
                exports = run_folder(exports_dir, name).root
    return Roots(settings.runs_dir, exports_dir, runs, exports)
