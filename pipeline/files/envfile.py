"""A `.env` file: set variables in it, keep every other line as it is, mode 0600."""

import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import SettingsError
from pipeline.files.publish import write_text

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)")
_PLAIN = re.compile(r"[A-Za-z0-9_./:@,+\-]*")


def conflicts(path: Path, values: Mapping[str, str]) -> list[str]:
    """Return those of `values` that the file sets to something else, sorted.

    Raises:
        SettingsError: The file cannot be read.
    """
    there = {
        found[1]: _bare(found[2])
        for line in _lines(path)
        if (found := _LINE.fullmatch(line))
    }
    return sorted(n for n, value in values.items() if there.get(n, value) != value)


def set_values(path: Path, values: Mapping[str, str]) -> None:
    """Set `values` in the file, whole or not at all; lines of other names stay.

    Raises:
        SettingsError: The file cannot be read.
        DiskError: It cannot be written.
    """
    left = dict(values)
    lines = []
    for line in _lines(path):
        found = _LINE.fullmatch(line)
        if found is None or found[1] not in values:
            lines.append(line)
        elif found[1] in left:
            lines.append(_written(found[1], left.pop(found[1])))
    lines += (_written(name, value) for name, value in left.items())
    write_text(path.resolve(), "\n".join(lines) + "\n")


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{path}` cannot be read") from error


def _bare(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1].replace("\\'", "'")
    return text.partition(" #")[0].strip()


def _written(name: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    return f"{name}='" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
