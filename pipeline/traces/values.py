"""What was found of a person in one file, and what would become of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipeline.privacy.marks import Marks

JSON = Any


@dataclass(frozen=True, slots=True)
class Who:
    """Whom to look for in a file: by marks, and by row numbers where it has them.

    `names_too` says that the person's whole name alone is enough to blank a line.
    """

    marks: Marks
    rows: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Trace:
    """One file that holds the person.

    Attributes:
        place: runs, exports or inbox.
        path: The file.
        kind: Its format, as a user would call it.
        act: What erasing does: blank, redact, rewrite or remove.
        records: How many lines of it are the person's.
        told: These lines in clear, for whom they belong to.
    """

    place: str
    path: Path
    kind: str
    act: str
    records: int
    told: tuple[dict[str, JSON], ...] = field(default=(), repr=False)


class Format(Protocol):
    """One way to keep records in a file."""

    kind: str
    act: str

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the person's records, in clear."""
        ...

    def erase(self, path: Path, who: Who) -> None:
        """Take the clear values of these records out, for good."""
        ...
