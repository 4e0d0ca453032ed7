"""The quick, exact part of reading phones: plain digits in certain forms.

Whatever is not certain is left out, and the library itself decides it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.normalise import plans
from pipeline.normalise.plans import RegionPlan
from pipeline.normalise.textarrays import (
    Bools,
    Bytes,
    Ints,
    gather,
    nulls,
    positions,
    put,
    raw,
    take,
)

_DIGIT, _PLUS, _OTHER = 1, 1 << 20, -(1 << 40)
_LONGEST, _SHORTEST = 40, 7
_ZERO, _PLUS_SIGN, _DOT = ord("0"), ord("+"), ord(".")
_PADDING = 8


def _weights() -> Ints:
    table = np.full(256, _OTHER, np.int64)
    table[[ord(c) for c in " -.()/"]] = 0
    table[[ord(c) for c in "0123456789"]] = _DIGIT
    table[_PLUS_SIGN] = _PLUS
    return table


_WEIGHTS = _weights()


@dataclass(slots=True)
class Digits:
    """Cells without their separators: `size` characters from `starts` in `data`."""

    data: Bytes
    starts: Ints
    sizes: Ints
    has_plus: Bools
    is_plain: Bools

    def begins(self, text: str, rows: Ints) -> Bools:
        """Return which of `rows` begin with `text` and go on behind it."""
        starts = self.starts[rows]
        found: Bools = self.sizes[rows] > len(text)
        for offset, character in enumerate(text.encode()):
            found &= self.data[starts + offset] == character
        return found

    def skip(self, rows: Ints, count: int | Ints) -> None:
        """Move the start of `rows` behind their first `count` characters."""
        self.starts[rows] += count
        self.sizes[rows] -= count

    def text(self, rows: Ints) -> pa.StringArray:
        """Return what is left of `rows`."""
        return gather(self.data, self.starts[rows], self.sizes[rows])


def strip_separators(cells: pa.StringArray) -> Digits:
    """Return `cells` (no nulls) as digits; `is_plain` where nothing else was there.

    Blanks, `- . ( ) /` are what the library drops as well. A cell that ends in `.0`
    is not plain: it is a number that a spreadsheet wrote, not a separator.
    """
    data, offsets = raw(cells)
    base, end = int(offsets[0]), int(offsets[-1])
    data, offsets = data[base:end], offsets - base
    weights = _WEIGHTS[data]
    is_kept = weights > 0
    sums = np.diff(_running(weights)[offsets])
    starts_and_end = _running(is_kept)[offsets]
    starts, sizes = starts_and_end[:-1], np.diff(starts_and_end)
    padded = np.concatenate([data[is_kept], np.zeros(_PADDING, np.uint8)])
    has_plus = padded[starts] == _PLUS_SIGN
    lengths = np.diff(offsets)
    is_plain = (
        (sums == sizes + has_plus * (_PLUS - _DIGIT))
        & (lengths <= _LONGEST)
        & (sizes >= _SHORTEST)
        & ~_ends_in_point_zero(data, offsets[1:], lengths)
    )
    return Digits(padded, starts, sizes, has_plus, is_plain)


def _running(values: npt.NDArray[Any]) -> Ints:
    """Return the sum of everything before each place (one more than `values`)."""
    total = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=total[1:])
    return total


def _ends_in_point_zero(data: Bytes, ends: Ints, lengths: Ints) -> Bools:
    if not len(data):
        return np.zeros(len(ends), np.bool_)
    last = data[ends - 1] == _ZERO
    second = data[np.maximum(ends - 2, 0)]
    third = data[np.maximum(ends - 3, 0)]
    pointed = (second == _DOT) | ((second == _ZERO) & (third == _DOT))
    result: Bools = last & pointed & (lengths > 2)  # noqa: PLR2004 - `.0` itself
    return result


@dataclass(frozen=True, slots=True)
class Fast:
    """What is certain: `e164` (null where it is not) and facts of those rows."""

    e164: pa.StringArray
    calling_code: Ints
    is_national: Bools
    is_landline: Bools


def fast_phones(
    cells: pa.StringArray,
    region_ids: Ints,
    regions: Sequence[str],
    expects_mobile: frozenset[int] = frozenset(),
) -> Fast:
    """Return the E.164 form of every cell whose reading is certain.

    `cells` holds no nulls. `region_ids` points into `regions`, one for each cell.
    `expects_mobile` are the calling codes for which landlines are looked for.
    """
    reading = _Reading(strip_separators(cells), expects_mobile)
    digits = reading.digits
    reading.international(positions(digits.has_plus & digits.is_plain), 1)
    bare = positions(digits.is_plain & ~digits.has_plus)
    own: list[tuple[Ints, RegionPlan]] = []
    for identity, region in enumerate(regions):
        plan = plans.region_plan(region)
        rows = bare[region_ids[bare] == identity]
        if plan is not None and len(rows):
            own.append((reading.national(rows, plan), plan))
    reading.settle()
    for rows, plan in own:
        reading.without_own_code(rows, plan)
    reading.settle()
    return Fast(
        reading.e164, reading.calling_code, reading.is_national, reading.is_landline
    )


class _Reading:
    """Rows on their way from digits to E.164.

    `code` is the calling code of the rows that `settle` looks at next, 0 elsewhere;
    `calling_code` that of the rows that are done.
    """

    def __init__(self, digits: Digits, expects_mobile: frozenset[int]) -> None:
        length = len(digits.starts)
        self.digits = digits
        self.expects_mobile = expects_mobile
        self.e164 = nulls(length)
        self.code = np.zeros(length, np.int64)
        self.calling_code = np.zeros(length, np.int64)
        self.is_national = np.zeros(length, np.bool_)
        self.is_landline = np.zeros(length, np.bool_)

    def international(self, rows: Ints, skipped: int) -> None:
        """Read `rows` as calling code and number behind `skipped` characters."""
        digits = self.digits
        digits.skip(rows, skipped)
        rows = rows[digits.sizes[rows] >= _SHORTEST]
        leading = np.zeros(len(rows), np.int64)
        for offset in range(3):
            leading = leading * 10 + (digits.data[digits.starts[rows] + offset] - _ZERO)
        table, names = plans.calling_codes()
        codes = table[leading]
        for code in np.unique(codes[codes > 0]).tolist():
            plan = plans.main_plan(code)
            chosen = rows[codes == code]
            digits.skip(chosen, len(names[code]))
            assert plan is not None  # every calling code in the table has one
            self._strip_prefix(chosen, plan)

    def national(self, rows: Ints, plan: RegionPlan) -> Ints:
        """Read `rows` as dialled in one region.

        Returns:
            The rows that begin with the region's own calling code: should they not
            be good as they stand, `without_own_code` comes next.
        """
        rows = self._dial_abroad(rows, plan)
        self.is_national[rows] = True
        begins = self.digits.begins(str(plan.calling_code), rows)
        self._strip_prefix(rows[~begins], plan)
        own = rows[begins]
        if len(own):
            unprefixed = own[self._prefix_lengths(own, plan) == 0]
            self.code[unprefixed] = plan.calling_code
        return own

    def without_own_code(self, rows: Ints, plan: RegionPlan) -> None:
        """Read `rows` again without the calling code, where the library does so.

        That is where the whole is no national number, or too long for one. Behind the
        code the library looks for a national prefix twice.
        """
        rows = rows[self.calling_code[rows] == 0]
        main = plans.main_plan(plan.calling_code)
        if main is None or not len(rows):
            return
        is_national = plans.fits(self.digits.text(rows), plan.general)
        is_long = self.digits.sizes[rows] > plan.longest
        self.digits.skip(rows, len(str(plan.calling_code)))
        is_open = np.zeros(len(self.code), np.bool_)
        rest = self._strip_prefix(rows, plan)
        is_open[rest] = plans.fits(self.digits.text(rest), plan.general)
        self.code[rows[~(is_long | (is_open[rows] & ~is_national))]] = 0
        self.code[rest[self._prefix_lengths(rest, main) != 0]] = 0

    def settle(self) -> None:
        """Accept every row with a `code` whose national number is certain."""
        rows = positions(self.code > 0)
        key = self.code[rows] * 64 + np.clip(self.digits.sizes[rows], 0, 63)
        order = np.argsort(key, kind="stable")
        rows, key = rows[order], key[order]
        numbers = self.digits.text(rows)
        edges = np.flatnonzero(np.diff(key, prepend=-1, append=-1))
        good = np.zeros(len(rows), np.bool_)
        for start, stop in pairwise(edges.tolist()):
            code, size = divmod(int(key[start]), 64)
            piece = numbers.slice(start, stop - start)
            good[start:stop] = plans.certain(piece, code, size)
            if code in self.expects_mobile:
                self.is_landline[rows[start:stop]] = plans.landlines(piece, code, size)
        self._accept(rows[good], numbers.filter(pa.array(good)))
        self.code[rows] = 0

    def _accept(self, rows: Ints, numbers: pa.StringArray) -> None:
        self.calling_code[rows] = self.code[rows]
        codes = pc.cast(pa.array(self.code[rows]), pa.string())
        values = pc.binary_join_element_wise("+", codes, numbers, "")
        self.e164 = put(self.e164, rows, values)

    def _dial_abroad(self, rows: Ints, plan: RegionPlan) -> Ints:
        """Read rows that begin with the international prefix; return the others."""
        digits = self.digits
        if not plan.idd.isdigit():
            return rows[~plans.fits(digits.text(rows), f"^(?:{plan.idd})")]
        candidates = rows[digits.begins(plan.idd, rows)]
        behind = digits.data[digits.starts[candidates] + len(plan.idd)]
        abroad = candidates[behind != _ZERO]
        self.international(abroad, len(plan.idd))
        return np.setdiff1d(rows, abroad, assume_unique=True)

    def _strip_prefix(self, rows: Ints, plan: RegionPlan) -> Ints:
        """Skip the national prefix and set `code`; return the rows this is sure of."""
        lengths = self._prefix_lengths(rows, plan)
        rows, lengths = rows[lengths >= 0], lengths[lengths >= 0]
        self.digits.skip(rows, lengths)
        self.code[rows] = plan.calling_code
        return rows

    def _prefix_lengths(self, rows: Ints, plan: RegionPlan) -> Ints:
        """Return how much of each row is national prefix; -1 where that is unsure."""
        if plan.prefix_regex is not None:
            lengths = np.zeros(len(rows), np.int64)
            texts = self.digits.text(rows)
            some = positions(plans.fits(texts, plan.prefix_pattern))
            found = [_prefix_length(t, plan) for t in take(texts, some).to_pylist()]
            lengths[some] = np.array(found, np.int64)
            return lengths
        if not plan.prefix:
            return np.zeros(len(rows), np.int64)
        return self.digits.begins(plan.prefix, rows) * np.int64(len(plan.prefix))


def _prefix_length(text: str, plan: RegionPlan) -> int:
    """Return the length of the national prefix of `text`, which has one."""
    assert plan.prefix_regex is not None
    found = plan.prefix_regex.match(text)
    assert found is not None
    if not plan.transform or not found.groups() or found.groups()[-1] is None:
        return found.end()
    is_plain = plan.transform == r"\1"  # by far the most; expanding it would be slow
    kept: str = found[1] if is_plain else found.expand(plan.transform)
    rest = kept + text[found.end() :]
    return len(text) - len(rest) if text.endswith(rest) else -1
