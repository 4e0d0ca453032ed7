"""What a command tells while it works: nothing, unless somebody listens."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pipeline.files.publish import PRIVATE_FILE, disk_errors
from pipeline.report.words import Words
from pipeline.settings import Settings


class Talk(Protocol):
    """Where a run tells people how it goes; stdout is never used for it."""

    def say(self, text: str) -> None:
        """Print a line of talk."""
        ...

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage of `total` steps (None: not known)."""
        ...

    def advance(self, steps: int = 1) -> None:
        """Tell that `steps` of the stage are done."""
        ...

    def ask(self, question: str) -> bool:
        """Return whether a person says yes; true where there is nobody to ask."""
        ...


def said(settings: Settings, name: str, /, **facts: object) -> str:
    """Return a line of talk in the language of the settings."""
    return Words(settings.lang).text("said", name, **facts)


class Silence:
    """Tells nobody anything."""

    def say(self, text: str) -> None:
        """Drop the line."""

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage silently."""

    def advance(self, steps: int = 1) -> None:
        """Count nothing."""

    def ask(self, question: str) -> bool:  # noqa: ARG002 - nobody is there to read it
        """Say yes: there is nobody to ask."""
        return True


class RunLog:
    """`run.log`: JSON lines with an event name and fields; never a person's value."""

    def __init__(self, path: Path, run_id: str) -> None:
        with disk_errors(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
            self._file = os.fdopen(handle, "a", encoding="utf-8")
        self._path = path
        self._run_id = run_id

    def event(self, name: str, **fields: object) -> None:
        """Append one event."""
        line: Mapping[str, object] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "run": self._run_id,
            "event": name,
            **fields,
        }
        with disk_errors(self._path):
            self._file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
