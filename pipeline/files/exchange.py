"""A folder in which machines hand files to each other; any address that fsspec knows."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files.publish import PRIVATE_FILE, private_folder
from pipeline.files.stores import is_remote


@dataclass(frozen=True, slots=True)
class Exchange:
    """A folder that both sides reach: a local or shared path, or an fsspec address.

    Picklable; each side opens its own file system. A file appears whole or not at all.
    Every method raises `OSError` where the folder cannot be used.
    """

    address: str

    def create(self) -> None:
        """Make the folder; where it has a mode, it is open to its owner only."""
        if not is_remote(self.address):
            private_folder(Path(self._opened()[1]))

    def hand_over(self, folder: Path, names: Iterable[str]) -> None:
        """Copy those of `names` that are in the local `folder` into the exchange."""
        system, root = self._opened()
        for name in names:
            if not (folder / name).is_file():
                continue
            if is_remote(self.address):
                system.put_file(str(folder / name), f"{root}/{name}")
                continue
            # Two workers may be at one part, if the first was thought dead.
            draft = f"{root}/.{name}.{hashlib.md5(str(folder).encode()).hexdigest()}"  # noqa: S324 - a name, no secret
            system.put_file(str(folder / name), draft)
            Path(draft).replace(f"{root}/{name}")

    def bring(self, names: Iterable[str], folder: Path) -> None:
        """Copy those of `names` that are in the exchange into the local `folder`."""
        system, root = self._opened()
        system.invalidate_cache()
        for name in names:
            if system.exists(f"{root}/{name}"):
                system.get_file(f"{root}/{name}", str(folder / name))
                (folder / name).chmod(PRIVATE_FILE)

    def drop(self, names: Iterable[str]) -> None:
        """Remove files that are there."""
        system, root = self._opened()
        for name in names:
            if system.exists(f"{root}/{name}"):
                system.rm_file(f"{root}/{name}")

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        system, root = self._opened()
        system.invalidate_cache()
        if system.exists(root):
            system.rm(root, recursive=True)

    def _opened(self) -> tuple[Any, str]:
        import fsspec

        system, root = fsspec.core.url_to_fs(self.address)
        return system, str(root).rstrip("/")
