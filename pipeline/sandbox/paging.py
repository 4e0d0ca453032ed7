"""Pages of one table in list order, quick at any depth."""

import sqlite3
from typing import Any

Row = tuple[Any, ...]

_REMEMBERED = 32


class Pager:
    """Pages of `table`, whose key is the integer `seq`.

    While no row was ever deleted in between, a page is a range of `seq`; else SQLite
    counts rows. The rows that a filter matches are remembered until the table
    changes, so that the next page does not look for them again.
    """

    def __init__(
        self, con: sqlite3.Connection, table: str, *, newest_first: bool
    ) -> None:
        self._con = con
        self._table = table
        self._way = "DESC" if newest_first else "ASC"
        self._matches: dict[tuple[Any, ...], list[int]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Count anew, after rows came or went."""
        self._matches.clear()
        self.total, self._first, self._last = self._con.execute(
            # The table is one of ours, never input.
            f"SELECT count(*), min(seq), max(seq) FROM {self._table}"
        ).fetchone()

    def added(self, seq: int) -> None:
        """Take note of one new row, the newest."""
        self._matches.clear()
        self.total += 1
        self._last = seq
        if self._first is None:
            self._first = seq

    def changed(self) -> None:
        """Take note of a row whose values changed."""
        self._matches.clear()

    def removed(self) -> None:
        """Take note of one row that is gone."""
        self._matches.clear()
        self.total -= 1
        self._first, self._last = self._con.execute(
            f"SELECT min(seq), max(seq) FROM {self._table}"
        ).fetchone()

    def page(self, limit: int, offset: int) -> list[Row]:
        """Return up to `limit` rows after the first `offset` ones."""
        if offset >= self.total:
            return []
        if self._last - self._first + 1 != self.total:
            return self._rows("", "LIMIT ? OFFSET ?", (limit, offset))
        if self._way == "DESC":
            return self._rows("WHERE seq <= ?", "LIMIT ?", (self._last - offset, limit))
        return self._rows("WHERE seq >= ?", "LIMIT ?", (self._first + offset, limit))

    def matching(
        self, where: str, values: tuple[Any, ...], limit: int, offset: int
    ) -> tuple[int, list[Row]]:
        """Return how many rows match `where`, and one page of them."""
        key = (where, values)
        if key not in self._matches:
            if len(self._matches) >= _REMEMBERED:
                self._matches.clear()
            found = self._con.execute(
                f"SELECT seq FROM {self._table} WHERE {where} ORDER BY seq {self._way}",
                values,
            )
            self._matches[key] = [seq for (seq,) in found]
        seqs = self._matches[key]
        return len(seqs), self.picked(seqs[offset : offset + limit])

    def picked(self, seqs: list[int]) -> list[Row]:
        """Return the rows of these keys, in list order."""
        marks = ",".join("?" * len(seqs))
        return self._rows(f"WHERE seq IN ({marks})", "", tuple(seqs))

    def _rows(self, where: str, rest: str, values: tuple[Any, ...]) -> list[Row]:
        return self._con.execute(
            f"SELECT * FROM {self._table} {where} ORDER BY seq {self._way} {rest}",
            values,
        ).fetchall()
