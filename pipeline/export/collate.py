"""Staged parts -> the files of a table, a part at a time, so that memory stays flat.

Rows are sorted inside a row group only: sorting a whole table of wide rows would take
as much memory as the table.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.arrays import as_numbers, integers
from pipeline.export.staging import read_columns
from pipeline.export.tables import ROW_GROUP, TableFile
from pipeline.files.publish import disk_errors
from schemas.exports import UNKNOWN_MONTH

Seqs = npt.NDArray[np.int64]

MONTH = "_month"


class Collator:
    """Spreads rows over the files of a table: one, or one in a folder for each month.

    Rows wait until a row group is full; where many months share them, the longest
    wait ends first.
    """

    def __init__(self, folder: Path, schema: pa.Schema, *, by_month: bool) -> None:
        self._folder = folder
        self._schema = schema
        self._by_month = by_month
        self._files: dict[str, TableFile] = {}
        self._sort = [(name, "ascending") for name in _SORT if name in schema.names]

    def collate(self, paths: Sequence[str], kept: Seqs) -> list[Path]:
        """Write the rows of the parts at `paths` whose numbers are in sorted `kept`."""
        with disk_errors(self._folder):
            for rows in _chosen(paths, kept, self._columns()):
                for month, share in self._shares(rows):
                    self._file(month).add(share)
                while sum(file.waiting for file in self._files.values()) >= ROW_GROUP:
                    longest = max(self._files.values(), key=lambda file: file.waiting)
                    longest.flush(self._sort)
            if not self._files:
                self._file(UNKNOWN_MONTH).add(self._schema.empty_table())
            for file in self._files.values():
                file.close(self._sort)
        return [self._files[month].path for month in sorted(self._files)]

    def _columns(self) -> list[str]:
        return [*self._schema.names, "_seq", *([MONTH] if self._by_month else [])]

    def _shares(self, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        if not self._by_month:
            yield UNKNOWN_MONTH, rows
            return
        months = pc.dictionary_encode(rows[MONTH].combine_chunks())
        codes = as_numbers(pa.chunked_array([months.indices.cast(pa.int64())]))
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes)).tolist()
        rows = rows.take(integers(order))
        for month, start, end in zip(
            months.dictionary.to_pylist(), [0, *ends], ends, strict=False
        ):
            yield month, rows.slice(start, end - start)

    def _file(self, month: str) -> TableFile:
        if month not in self._files:
            place = self._folder / f"month={month}" if self._by_month else self._folder
            self._files[month] = TableFile(place, "part-00000.parquet", self._schema)
        return self._files[month]


_SORT = ("created_at", "id", "reference")


def _chosen(paths: Sequence[str], kept: Seqs, columns: list[str]) -> Iterator[pa.Table]:
    """Yield of each part the rows whose `_seq` is in `kept`."""
    for path in paths:
        seqs = as_numbers(read_columns(path, ["_seq"])["_seq"])
        places = np.searchsorted(kept, seqs)
        found = places < len(kept)
        found[found] = kept[places[found]] == seqs[found]
        chosen = np.flatnonzero(found).astype(np.int64)
        if len(chosen) == 0:
            continue
        rows = read_columns(path, columns)
        yield rows if len(chosen) == len(rows) else rows.take(integers(chosen))
