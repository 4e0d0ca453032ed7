"""Take rows of pages, give them keys, and stage them as Arrow tables in batches."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from pipeline.export.arrays import numbers, strings
from pipeline.export.columns import Row, to_json
from pipeline.export.source import as_row
from pipeline.export.staging import Staging

BATCH_ROWS = 2_000

Convert = Callable[[Sequence[Row]], pa.Table]


class Sink:
    """The rows of one list on their way to the staging folder.

    `keys` are the hashes of all keys that came; `unreadable` counts lines of a list
    that are no objects.
    """

    def __init__(
        self, listing: str, staging: Staging, convert: Convert, *key_fields: str
    ) -> None:
        self._listing = listing
        self._staging = staging
        self._convert = convert
        self._key_fields = key_fields
        self._rows: list[Row] = []
        self._keys: list[str] = []
        self._pages: list[str] = []
        self._sweep = 1
        self.unreadable = 0
        self.keys: set[int] = set()

    def take(self, sweep: int, page: int | str, items: Sequence[Any]) -> list[int]:
        """Buffer the rows of a page and return the hashes of their keys."""
        if sweep != self._sweep:
            self.flush()
            self._sweep = sweep
        hashes: list[int] = []
        for item in items:
            row = as_row(item)
            if row is None:
                self.unreadable += 1
                continue
            key = self._key(row)
            self._rows.append(row)
            self._keys.append(key)
            hashes.append(hash(key))
        self.keys.update(hashes)
        self._pages.append(str(page))
        if len(self._rows) >= BATCH_ROWS:
            self.flush()
        return hashes

    def flush(self) -> None:
        """Stage what is buffered."""
        if not self._pages:
            return
        count, seq = len(self._rows), self._staging.next_seq
        table = self._convert(self._rows)
        table = table.append_column("_key", strings(self._keys))
        table = table.append_column("_seq", numbers(seq, count))
        table = table.append_column("_sweep", numbers(self._sweep, count, step=0))
        self._staging.add(self._listing, self._sweep, self._pages, table)
        self._rows, self._keys, self._pages = [], [], []

    def resumed(self, sweep: int) -> Iterator[tuple[int, list[int]]]:
        """Yield page numbers and keys that an interrupted export of `sweep` left."""
        if sweep != 1:
            return
        hashes = [hash(key) for key in self._staging.keys(self._listing)]
        self.keys.update(hashes)
        for part in self._staging.parts(self._listing):
            for page in part.pages:
                if page.isdecimal():
                    yield int(page), hashes
                hashes = []

    def resumed_names(self) -> Iterator[str]:
        """Yield the names of the pages that an interrupted export left."""
        self.keys.update(hash(key) for key in self._staging.keys(self._listing))
        for part in self._staging.parts(self._listing):
            yield from part.pages

    def _key(self, row: Row) -> str:
        for field in self._key_fields:
            told = row.get(field)
            if type(told) is str and told:
                return told
            if told is not None and told != "" and not isinstance(told, list | dict):
                return str(told)
        return "\0" + hashlib.sha256(to_json(row).encode()).hexdigest()
