"""Turn JSON rows into Arrow columns: whole columns at once, odd values one by one."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from pipeline.export.arrays import booleans, integers, strings
from schemas.exports import INSTANT, MONEY
from schemas.money import SCALE, parse_money

Row = Mapping[str, Any]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDE = pa.decimal128(23, SCALE)
_NANOS = pa.timestamp("ns", "UTC")


class Columns:
    """The rows of a batch, read field by field.

    A column is built at once where its values have the documented type. Where one
    has not, the column is built value by value: what can be told in the column's
    type is, and what cannot is null there and stands in `extra`. Nothing raises.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._fields = _transposed(rows)
        self._displaced: dict[int, dict[str, Any]] = {}
        self._noted: dict[int, list[tuple[str, str, str]]] = {}

    def values(self, field: str) -> Sequence[Any]:
        """Return what each row holds under `field`, None where that is nothing."""
        if self._fields is None:
            return [row.get(field) for row in self.rows]
        return self._fields.get(field) or (None,) * len(self.rows)

    def has(self, field: str) -> bool:
        """Say whether any row tells `field` at all."""
        if self._fields is None:
            return any(field in row for row in self.rows)
        return field in self._fields

    def is_everywhere(self, field: str) -> bool:
        """Say whether every row tells `field`."""
        if self._fields is None:
            return all(field in row for row in self.rows)
        return field in self._fields

    def texts(self, field: str) -> pa.Array:
        """Return `field` as strings; a number becomes its digits, with a finding."""
        values = self.values(field)
        if _TEXTS.issuperset(map(type, values)):
            return strings(values)
        return strings(self._each(field, values, self._text))

    def amounts(self, field: str, values: Sequence[Any] | None = None) -> pa.Array:
        """Return `field`, or `values` under its name, as exact decimals."""
        if values is None:
            values = self.values(field)
        kinds = set(map(type, values))
        if kinds == {int}:
            try:
                return integers(np.array(values, np.int64)).cast(_WIDE).cast(MONEY)
            except (OverflowError, pa.ArrowInvalid):
                pass
        elif kinds <= _WHOLE:
            try:
                return strings([v if v is None else str(v) for v in values]).cast(MONEY)
            except pa.ArrowInvalid:
                pass
        return strings(self._each(field, values, self._amount)).cast(MONEY)

    def instants(self, field: str) -> pa.Array:
        """Return `field` as UTC microseconds; digits beyond them are cut off."""
        values = self.values(field)
        if _TEXTS.issuperset(map(type, values)):
            try:
                return strings(values).cast(_NANOS).cast(INSTANT, safe=False)
            except pa.ArrowInvalid:
                pass
        return strings(self._each(field, values, self._instant)).cast(INSTANT)

    def flags(self, field: str) -> pa.Array:
        """Return `field` as true or false; 1 and 0 are understood."""
        values = self.values(field)
        if _FLAG_TYPES.issuperset(map(type, values)) and _BITS.issuperset(values):
            return booleans(values)
        return strings(self._each(field, values, self._flag)).cast(pa.bool_())

    def objects(self, *fields: str) -> pa.Array:
        """Return the first of `fields` that a row has as JSON text; `[]` is `{}`."""
        if not any(map(self.has, fields)):
            return pa.nulls(len(self.rows), pa.string())
        return strings([_object(row, fields) for row in self.rows])

    def leftovers(self, named: frozenset[str], dropped: frozenset[str]) -> pa.Array:
        """Return all that is in no column as JSON text, null where that is nothing."""
        marks = [f'"{name}"' for name in dropped]
        told: list[str | None] = []
        for index, rest in enumerate(self._rests(named | dropped)):
            rest.update(self._displaced.get(index, {}))
            told.append(_told(rest, dropped, marks) if rest else None)
        return strings(told)

    def _rests(self, left_out: frozenset[str]) -> Iterator[dict[str, Any]]:
        """Yield of each row the fields that are not left out."""
        if self._fields is None:
            for row in self.rows:
                yield {name: row[name] for name in row if name not in left_out}
            return
        names = [name for name in self._fields if name not in left_out]
        if not names:
            yield from ({} for _ in self.rows)
        for values in zip(*(self._fields[name] for name in names), strict=True):
            yield dict(zip(names, values, strict=True))

    def displace(self, index: int, field: str, value: Any) -> None:
        """Keep `value` of row `index` in `extra`, since no column can tell it."""
        self._displaced.setdefault(index, {})[field] = value

    def note(self, rule: str, field: str, index: int, detail: str = "") -> None:
        """Take down a finding about row `index`."""
        self._noted.setdefault(index, []).append((rule, field, detail))

    def noted(self) -> pa.Array:
        """Return what was noted of each row, JSON lists of rule, field and detail."""
        told = map(self._noted.get, range(len(self.rows)))
        return strings([None if notes is None else to_json(notes) for notes in told])

    def _each(
        self,
        field: str,
        values: Sequence[Any],
        convert: Callable[[int, str, Any], str | None],
    ) -> list[str | None]:
        return [
            None if v is None else convert(i, field, v) for i, v in enumerate(values)
        ]

    def _text(self, index: int, field: str, value: Any) -> str | None:
        if isinstance(value, str):
            return value
        self.note("field_type_changed", field, index, kind_of(value))
        if isinstance(value, bool | list | Mapping):
            self.displace(index, field, value)
            return None
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return f"{value:f}" if isinstance(value, Decimal) else str(value)

    def _amount(self, index: int, field: str, value: Any) -> str | None:
        amount = parse_money(value)
        if amount is None:
            self.note("amount_unreadable", field, index)
            self.displace(index, field, value)
            return None
        if isinstance(value, str):
            self.note("field_type_changed", field, index, kind_of(value))
        return f"{amount:f}"

    def _instant(self, index: int, field: str, value: Any) -> str | None:
        moment = read_time(value)
        if moment is None:
            self.note("time_unreadable", field, index)
            self.displace(index, field, value)
            return None
        if not isinstance(value, str):
            self.note("field_type_changed", field, index, kind_of(value))
        elif moment.tzinfo is None:
            self.note("time_without_zone", field, index)
        return moment.replace(tzinfo=UTC).isoformat()

    def _flag(self, index: int, field: str, value: Any) -> str | None:
        told = _FLAGS.get(str(value).strip().lower())
        if told is None:
            self.note("field_type_changed", field, index, kind_of(value))
            self.displace(index, field, value)
        return told


def _transposed(rows: Sequence[Row]) -> Mapping[str, tuple[Any, ...]] | None:
    """Return the rows field by field where all have the same fields, else None."""
    if len(set(map(tuple, rows))) != 1:
        return None
    columns = zip(*(row.values() for row in rows), strict=True)
    return dict(zip(rows[0], columns, strict=True))


def _object(row: Row, fields: Sequence[str]) -> str | None:
    for field in fields:
        if field in row:
            value = row[field]
            if value is None:
                return None
            return to_json(value) if value or value not in ([], {}) else "{}"
    return None


_TEXTS = frozenset((str, type(None)))
_WHOLE = frozenset((int, type(None)))
_FLAG_TYPES = frozenset((int, bool, type(None)))
_BITS = frozenset((0, 1, None))
_FLAGS = {"1": "1", "true": "1", "1.0": "1", "0": "0", "false": "0", "0.0": "0"}


def to_json(value: Any) -> str:
    """Return `value` as compact JSON text, decimals as plain numbers."""
    try:
        return orjson.dumps(value, default=_plain_number).decode()
    except TypeError:
        # Whole numbers beyond 64 bits, and halves of surrogate pairs.
        return _ENCODE(value)


def read_time(value: object) -> datetime | None:
    """Return the moment that `value` tells, without a zone where it tells none.

    Read are RFC 3339 and its near relatives, and seconds (or milliseconds) since 1970.
    """
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float | Decimal):
            seconds = float(value)
            seconds = seconds / 1000 if abs(seconds) > _MILLIS else seconds
            return _EPOCH + timedelta(seconds=seconds)
        if isinstance(value, str):
            told = datetime.fromisoformat(value.strip().upper())
            return told.astimezone(UTC) if told.tzinfo else told
    except (ValueError, OverflowError):
        return None
    return None


_MILLIS = 100_000_000_000


def kind_of(value: object) -> str:
    """Say what JSON type `value` has, as a finding tells it."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float | Decimal):
        return "a number"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else "text"


def _plain_number(value: object) -> float | int:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODE = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_plain_number
).encode


def _told(rest: Row, dropped: frozenset[str], marks: Sequence[str]) -> str:
    """Return `rest` as JSON text, without the dropped fields of the objects in it."""
    text = to_json(rest)
    if any(mark in text for mark in marks):
        return to_json(_without(rest, dropped))
    return text


def _without(value: Any, dropped: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        return {k: _without(v, dropped) for k, v in value.items() if k not in dropped}
    return [_without(v, dropped) for v in value] if isinstance(value, list) else value
