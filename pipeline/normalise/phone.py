"""Phones of a column: certain ones at once, the rest one by one, then the flags."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import phonenumbers
import pyarrow as pa

from pipeline.normalise.column import Column, Remark
from pipeline.normalise.phonecell import Policy, Reading
from pipeline.normalise.phonefast import Fast, fast_phones
from pipeline.normalise.phonerounds import expects_mobile, read_cells
from pipeline.normalise.textarrays import (
    Bools,
    Ints,
    matches,
    nulls,
    positions,
    put,
    take,
)

_DIGITS = "0123456789"
_PLACEHOLDER = (
    "(?:" + "|".join(f"{d}{{7}}" for d in _DIGITS) + "|12345678|23456789|98765432)$"
)


@dataclass(frozen=True, slots=True)
class Regions:
    """From where each row dials: `names[ids[row]]`; `given` where the row says so."""

    names: tuple[str, ...]
    ids: Ints
    given: Bools


@dataclass(frozen=True, slots=True)
class Phones:
    """A phone column and how many of its numbers were read by the default region."""

    column: Column
    assumed: int


def normalise_phones(cells: pa.StringArray, regions: Regions, policy: Policy) -> Phones:
    """Return the E.164 form of `cells`, or why there is none.

    Args:
        cells: Cells as they stand in the file, null where empty.
        regions: From where each row dials; as long as `cells`.
        policy: What the sender allows beyond what is certain.
    """
    rows = positions(np.asarray(cells.is_valid()))
    filled = cells if len(rows) == len(cells) else take(cells, rows)
    fast = fast_phones(filled, regions.ids[rows], regions.names, expects_mobile())
    slow = _Slow(filled, rows, regions, policy)
    slow.read(positions(np.asarray(fast.e164.is_null())))
    column = _scatter(slow.merge(fast), rows, len(cells))
    remarks = [*slow.remarks, *_flags(column, rows, slow, regions, cells)]
    assumed = int((slow.is_national & ~regions.given[rows]).sum())
    found = Column(column, slow.problems, tuple(remarks), slow.further)
    return Phones(found, assumed)


def _scatter(values: pa.StringArray, rows: Ints, length: int) -> pa.StringArray:
    return values if len(rows) == length else put(nulls(length), rows, values)


class _Slow:
    """Cells that are not certain at first sight; positions are those of the chunk."""

    def __init__(
        self, cells: pa.StringArray, rows: Ints, regions: Regions, policy: Policy
    ) -> None:
        self.cells = cells
        self.rows = rows
        self.regions = regions
        self.policy = policy
        self.found: list[tuple[int, str]] = []
        self.codes = np.zeros(len(rows), np.int64)
        self.is_landline = np.zeros(len(rows), np.bool_)
        self.is_national = np.zeros(len(rows), np.bool_)
        self.problems: dict[int, Remark] = {}
        self.remarks: list[Remark] = []
        self.further: dict[int, tuple[str, ...]] = {}

    def read(self, left: Ints) -> None:
        """Read the cells at `left`, equal ones once."""
        ids = self.regions.ids[self.rows[left]]
        keys = list(zip(take(self.cells, left).to_pylist(), ids.tolist(), strict=True))
        known = read_cells(list(dict.fromkeys(keys)), self.regions.names, self.policy)
        for place, key in zip(left.tolist(), keys, strict=True):
            self._note(place, key[0], known[key])

    def _note(self, place: int, cell: str, reading: Reading) -> None:
        row = int(self.rows[place])
        if reading.e164 is None:
            assert reading.problem is not None  # one of both is always set
            self.problems[row] = Remark(
                row, reading.problem, cell, None, reading.suggestion
            )
            return
        self.found.append((place, reading.e164))
        self.codes[place] = reading.calling_code
        self.is_landline[place] = reading.is_landline
        is_abroad = "+" in reading.text or reading.text.startswith("00")
        self.is_national[place] = not is_abroad
        if reading.further:
            self.further[row] = reading.further
        self.remarks.extend(
            Remark(row, rule, cell, reading.e164) for rule in reading.rules
        )

    def merge(self, fast: Fast) -> pa.StringArray:
        """Return all numbers, and take over what `fast` knows about its own."""
        done = fast.calling_code > 0
        self.codes[done] = fast.calling_code[done]
        self.is_national[done] = fast.is_national[done]
        self.is_landline |= fast.is_landline & done
        places = np.array([place for place, _ in self.found], np.int64)
        numbers = pa.array([number for _, number in self.found], pa.string())
        return put(fast.e164, places, numbers)


def _flags(
    column: pa.StringArray,
    rows: Ints,
    slow: _Slow,
    regions: Regions,
    cells: pa.StringArray,
) -> Iterator[Remark]:
    """Yield what is worth a look in numbers that are good."""
    codes = [phonenumbers.country_code_for_region(name) for name in regions.names]
    expected = np.array(codes, np.int64)[regions.ids[rows]]
    differs = (slow.codes > 0) & regions.given[rows] & (slow.codes != expected)
    flagged = (
        ("region_mismatch", rows[differs]),
        ("landline", rows[slow.is_landline]),
        ("phone_placeholder", positions(matches(column, _PLACEHOLDER))),
    )
    for rule, found in flagged:
        originals = take(cells, found).to_pylist()
        numbers = take(column, found).to_pylist()
        for row, cell, number in zip(found.tolist(), originals, numbers, strict=True):
            yield Remark(row, rule, cell, number)
