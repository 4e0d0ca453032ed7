"""Typed values out of TOML tables; a mistake is told with its key and its line."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pipeline.errors import SettingsError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Document:
    """A TOML file: its tables, its text for looking up lines, its name for messages."""

    tables: Mapping[str, Any]
    text: str = ""
    name: str = ""

    def table(self, *path: str) -> "Reader":
        """Return the reader of a table; one that is absent is empty.

        Raises:
            SettingsError: The key is there, but no table.
        """
        value: Any = self.tables
        for key in path:
            value = value.get(key, {})
            if not isinstance(value, Mapping):
                said = f"is no table; write `[{'.'.join(path)}]`"
                raise self.fault(path, said)
        return Reader(self, path, value)

    def fault(
        self, path: Sequence[str], said: str, hint: str | None = None
    ) -> SettingsError:
        """Return the error about the key `path`, with the line where it stands."""
        keys = [key for key in path if key]
        line = line_of(keys, self.text)
        where = f"`{self.name}`" + (f" line {line}" if line else "")
        return SettingsError(f"{where}: `{'.'.join(keys)}` {said}", hint=hint)


class Reader:
    """Reads typed values out of one table; a wrong one is told with key and line."""

    def __init__(
        self, document: Document, path: tuple[str, ...], values: Mapping[str, Any]
    ) -> None:
        self._document = document
        self._path = path
        self._values = values

    def fail(self, key: str, said: str, hint: str | None = None) -> SettingsError:
        """Return the error about `key` of this table."""
        return self._document.fault((*self._path, *key.split(".", 1)), said, hint)

    def keys(self) -> tuple[str, ...]:
        """Return the keys of the table in the order of the file."""
        return tuple(self._values)

    def only(self, keys: Collection[str], why: str = "") -> None:
        """Refuse a key that is none of `keys`."""
        for key in self._values:
            if key not in keys:
                because = f"; {why}" if why else ""
                raise self.fail(
                    key, f"is no key here{because}", f"keys are {', '.join(keys)}"
                )

    def raw(self, key: str) -> Any:
        """Return the value as TOML has it, None where there is none."""
        return self._values.get(key)

    def take(self, key: str, kind: type[_T], wanted: str) -> _T | None:
        """Return the value, which must be a `kind`."""
        value = self._values.get(key)
        if value is not None and not isinstance(value, kind):
            raise self.fail(key, f"is not {wanted}")
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean, false where there is none."""
        return bool(self.take(key, bool, "true or false"))

    def number(self, key: str, *, least: float, most: float) -> float | None:
        """Return a number between `least` and `most`."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(key, "is not a number")
        if not least <= value <= most:
            raise self.fail(key, f"is {value:g}, not between {least:g} and {most:g}")
        return float(value)

    def word(self, key: str, words: Sequence[str]) -> str | None:
        """Return a text that is one of `words`."""
        value = self.take(key, str, f"one of {', '.join(words)}")
        if value is not None and value not in words:
            raise self.fail(key, f"is `{value}`, not one of {', '.join(words)}")
        return value

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts; numbers in it are taken as they are written."""
        values = self.take(key, list, "a list")
        if values is None:
            return None
        for value in values:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise self.fail(key, "holds something that is neither text nor number")
        return tuple(str(value) for value in values)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return a table of texts as pairs."""
        values = self.take(key, dict, "a table of COLUMN = VALUE") or {}
        for column, value in values.items():
            if not isinstance(value, str) or not value.strip():
                raise self.fail(f"{key}.{column}", "is not a text")
        return tuple(values.items())


def line_of(path: Sequence[str], text: str) -> int | None:
    """Return the line on which a TOML key stands, or its table; None where unseen."""
    table: tuple[str, ...] = ()
    best: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            table = _keys(header[1])
            if table and table == tuple(path[: len(table)]):
                best = number
            continue
        key = re.match(r"""\s*([\w.\-"']+)\s*=""", line)
        whole = (*table, *_keys(key[1])) if key else ()
        if whole and whole == tuple(path[: len(whole)]):
            best = number
    return best


def _keys(text: str) -> tuple[str, ...]:
    parts = re.findall(r"""\s*(?:"([^"]*)"|'([^']*)'|([^.\s"']+))\s*\.?""", text)
    return tuple(a or b or c for a, b, c in parts)
