"""Turn JSON rows into Arrow columns: whole columns at once, odd values one by one."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from schemas.exports import INSTANT, MONEY
from schemas.money import parse_money

Row = Mapping[str, Any]

NOTED = pa.list_(
    pa.struct([("rule", pa.string()), ("field", pa.string()), ("detail", pa.string())])
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS = pa.timestamp("ns", "UTC")
_ARROW_NO = (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError)


class Columns:
    """The rows of a batch, read field by field.

    A column is built at once where its values have the documented type. Where one
    has not, the column is built value by value: what can be told in the column's
    type is, and what cannot is null there and stands in `extra`. Nothing raises.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self._displaced: dict[int, dict[str, Any]] = {}
        self._noted: dict[int, list[tuple[str, str, str]]] = {}

    def texts(self, field: str) -> pa.Array:
        """Return `field` as strings; a number becomes its digits, with a finding."""
        values = [row.get(field) for row in self.rows]
        try:
            return pa.array(values, pa.string())
        except _ARROW_NO:
            return self._slow(field, values, self._text, pa.string())

    def amounts(self, field: str, values: Sequence[Any] | None = None) -> pa.Array:
        """Return `field`, or `values` under its name, as exact decimals."""
        if values is None:
            values = [row.get(field) for row in self.rows]
        if _WHOLE.issuperset(map(type, values)):  # Arrow would cut fractions off
            try:
                return pa.array(values, pa.int64()).cast(_WIDE).cast(MONEY)
            except _ARROW_NO:
                pass
        return self._slow(field, values, self._amount, MONEY)

    def instants(self, field: str) -> pa.Array:
        """Return `field` as UTC microseconds; digits beyond them are cut off."""
        values = [row.get(field) for row in self.rows]
        try:
            told = pa.array(values, pa.string()).cast(_NANOS)
            return told.cast(INSTANT, safe=False)
        except _ARROW_NO:
            return self._slow(field, values, self._instant, INSTANT)

    def flags(self, field: str) -> pa.Array:
        """Return `field` as true or false; 1 and 0 are understood."""
        values = [row.get(field) for row in self.rows]
        if _FLAG_TYPES.issuperset(map(type, values)) and _BITS.issuperset(values):
            return pa.array([v if v is None else v == 1 for v in values], pa.bool_())
        return self._slow(field, values, self._flag, pa.bool_())

    def objects(self, *fields: str) -> pa.Array:
        """Return the first of `fields` that a row has as JSON text; `[]` is `{}`."""
        return pa.array([self._object(row, fields) for row in self.rows], pa.string())

    def extra(self, named: frozenset[str], dropped: frozenset[str]) -> pa.Array:
        """Return all that is in no column as JSON text, null where that is nothing."""
        shapes: dict[tuple[str, ...], tuple[str, ...]] = {}
        texts: list[str | None] = []
        for index, row in enumerate(self.rows):
            shape = tuple(row)
            names = shapes.get(shape)
            if names is None:
                names = tuple(n for n in shape if n not in named and n not in dropped)
                shapes[shape] = names
            rest = {name: row[name] for name in names}
            rest |= self._displaced.get(index, {})
            if dropped and rest:
                rest = _without(rest, dropped)
            texts.append(to_json(rest) if rest else None)
        return pa.array(texts, pa.string())

    def displace(self, index: int, field: str, value: Any) -> None:  # noqa: ANN401 - JSON
        """Keep `value` of row `index` in `extra`, since no column can tell it."""
        self._displaced.setdefault(index, {})[field] = value

    def note(self, rule: str, field: str, index: int, detail: str = "") -> None:
        """Take down a finding about row `index`."""
        self._noted.setdefault(index, []).append((rule, field, detail))

    def noted(self) -> pa.Array:
        """Return what was noted, a list of (rule, field, detail) a row, mostly null."""
        told = [self._noted.get(index) for index in range(len(self.rows))]
        return pa.array(told, NOTED)

    def _slow(
        self,
        field: str,
        values: Sequence[Any],
        convert: Callable[[int, str, Any], Any],
        kind: pa.DataType,
    ) -> pa.Array:
        return pa.array(
            [None if v is None else convert(i, field, v) for i, v in enumerate(values)],
            kind,
        )

    def _text(self, index: int, field: str, value: Any) -> str | None:  # noqa: ANN401
        if isinstance(value, str):
            return value.encode("utf-8", "replace").decode()
        self.note("field_type_changed", field, index, _kind(value))
        if isinstance(value, bool | list | Mapping):
            self.displace(index, field, value)
            return None
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return f"{value:f}" if isinstance(value, Decimal) else str(value)

    def _amount(self, index: int, field: str, value: Any) -> Decimal | None:  # noqa: ANN401
        amount = parse_money(value)
        if amount is None:
            self.note("amount_unreadable", field, index)
            self.displace(index, field, value)
        elif isinstance(value, str):
            self.note("field_type_changed", field, index, _kind(value))
        return amount

    def _instant(self, index: int, field: str, value: Any) -> datetime | None:  # noqa: ANN401
        moment = read_time(value)
        if moment is None:
            self.note("time_unreadable", field, index)
            self.displace(index, field, value)
            return None
        if not isinstance(value, str):
            self.note("field_type_changed", field, index, _kind(value))
        elif moment.tzinfo is None:
            self.note("time_without_zone", field, index)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _flag(self, index: int, field: str, value: Any) -> bool | None:  # noqa: ANN401
        told = _FLAGS.get(str(value).strip().lower())
        if told is None:
            self.note("field_type_changed", field, index, _kind(value))
            self.displace(index, field, value)
        return told

    def _object(self, row: Row, fields: Sequence[str]) -> str | None:
        for field in fields:
            if field in row:
                value = row[field]
                if not value and (value == [] or value == {}):
                    return "{}"
                return None if value is None else to_json(value)
        return None


_WIDE = pa.decimal128(23, 4)
_WHOLE = frozenset((int, type(None)))
_FLAG_TYPES = frozenset((int, bool, type(None)))
_BITS = frozenset((0, 1, None))
_FLAGS = {
    "1": True,
    "0": False,
    "true": True,
    "false": False,
    "1.0": True,
    "0.0": False,
}


def to_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return `value` as compact JSON text, also with decimals and lone surrogates."""
    told = json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), default=_plain_number
    )
    return told.encode("utf-8", "replace").decode()


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


def _kind(value: object) -> str:
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


def _without(value: Any, dropped: frozenset[str]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {k: _without(v, dropped) for k, v in value.items() if k not in dropped}
    return [_without(v, dropped) for v in value] if isinstance(value, list) else value
