"""Rows of a payments list as the `PAYMENTS` table, with money that adds up."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.arrays import constant, strings
from pipeline.export.columns import Columns, Row, kind_of
from schemas.exports import MONEY, PAYMENTS, PAYMENTS_TABLE, UNKNOWN_MONTH
from schemas.money import (
    FRANCS,
    IMPLAUSIBLE_ABOVE,
    OTHER,
    ZERO_DECIMAL,
    status_group,
)

TABLE = PAYMENTS_TABLE
_REFERENCES = ("reference", "id", "merchant_reference", "trxref")
_TEXTS = (*_REFERENCES, "currency", "status", "channel", "description")
_TIMES = ("created_at", "completed_at", "updated_at")
_AMOUNTS = ("amount", "amount_total", "converted_amount", "fee")
NAMED = frozenset((*_TEXTS, *_TIMES, *_AMOUNTS, "customer", "customer_id")) | {
    "charge",
    "fee_bearer",
    "payment_method",
    "metadata",
    "sandbox",
}
_WITHOUT_DECIMALS = strings(sorted(ZERO_DECIMAL))
_FRANCS = strings(sorted(FRANCS))
_BEARERS = {name: name for name in ("business", "customer")}
_BEARER_FIELDS = ("charge", "fee_bearer")
_NO_MONTH = constant(UNKNOWN_MONTH, pa.string())
_NO = constant("0", pa.bool_())
_BUSINESS = constant("business", pa.string())
_ZERO = constant("0", MONEY)
_UNKNOWN = constant(None, MONEY)
_IMPLAUSIBLE = constant(str(IMPLAUSIBLE_ABOVE), MONEY)


def payment_table(
    rows: Sequence[Row], timezone: str, dropped: frozenset[str]
) -> pa.Table:
    """Return `rows` as `PAYMENTS`, findings and month; dates are those of `timezone`."""
    columns = Columns(rows)
    built = {name: columns.texts(name) for name in _TEXTS}
    built["customer_id"] = _references(columns, "customer", "customer_id")
    built["payment_method"] = _references(columns, "payment_method")
    built |= _money(columns)
    built["status_group"] = _groups(columns, built["status"])
    built["metadata"] = columns.objects("metadata")
    built["sandbox"] = columns.flags("sandbox")
    for name in _TIMES:
        built[name] = columns.instants(name)
    for name in ("created", "completed"):
        built[f"{name}_date_local"] = local_dates(built[f"{name}_at"], timezone)
    _judge(columns, built)
    built["extra"] = columns.leftovers(NAMED, dropped)
    table = pa.table({name: built[name] for name in PAYMENTS.names}, schema=PAYMENTS)
    table = table.append_column("_month", months(built["created_date_local"]))
    return table.append_column("_noted", columns.noted())


def local_dates(instants: pa.Array, timezone: str) -> pa.Array:
    """Return the calendar day of each instant in `timezone`."""
    zoned = instants.cast(pa.timestamp("us", timezone))
    return pc.local_timestamp(zoned).cast(pa.date32(), safe=False)


def months(days: pa.Array) -> pa.Array:
    """Return the month of each day as `YYYY-MM`, `unknown` where there is none."""
    told = days.dictionary_encode()
    names = strings([f"{day:%Y-%m}" for day in told.dictionary.to_pylist()])
    return pc.fill_null(names.take(told.indices), _NO_MONTH)


def _references(columns: Columns, *fields: str) -> pa.Array:
    """Return the id that a field holds: as text, or inside an object told whole."""
    values = columns.values(fields[0])
    for other in fields[1:]:
        if None in values and columns.has(other):
            pairs = zip(values, columns.values(other), strict=True)
            values = [second if told is None else told for told, second in pairs]
    return strings(
        [
            told
            if told is None or isinstance(told, str)
            else _inner_reference(columns, fields[0], index, told)
            for index, told in enumerate(values)
        ]
    )


def _inner_reference(columns: Columns, field: str, index: int, told: Any) -> str | None:
    columns.note("field_type_changed", field, index, kind_of(told))
    if isinstance(told, int) and not isinstance(told, bool):
        return str(told)
    columns.displace(index, field, told)
    known = told if isinstance(told, Mapping) else {}
    inner = known.get("id") or known.get("reference")
    return str(inner) if isinstance(inner, str | int) else None


def _money(columns: Columns) -> dict[str, pa.Array]:
    totals = _or_inner(columns, "amount_total", "total")
    converted = _or_inner(columns, "converted_amount", "converted")
    amount, fee = columns.amounts("amount"), columns.amounts("fee")
    bearer = _bearers(columns)
    return {
        "amount": amount,
        "amount_total": columns.amounts("amount_total", totals),
        "converted_amount": columns.amounts("converted_amount", converted),
        "fee": fee,
        "fee_bearer": bearer,
        "net_amount": net_amounts(amount, fee, bearer),
    }


def net_amounts(amount: pa.Array, fee: pa.Array, bearer: pa.Array) -> pa.Array:
    """Return what reaches the business: null unless fee and bearer are known.

    The business bears the fee out of the amount; a customer pays it on top.
    """
    known = pc.and_(pc.is_valid(fee), pc.is_valid(bearer))
    borne = pc.if_else(pc.equal(bearer, _BUSINESS), fee, _ZERO)
    net = pc.subtract(amount, borne).cast(MONEY)
    return pc.if_else(known, net, _UNKNOWN)


def _or_inner(columns: Columns, field: str, inner: str) -> Sequence[Any]:
    """Return `field`, or what `amounts` tells where a row has no such field."""
    if columns.is_everywhere(field):
        return columns.values(field)
    return [
        row[field] if field in row else _mapping(row.get("amounts")).get(inner)
        for row in columns.rows
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _bearers(columns: Columns) -> pa.Array:
    """Return who bears the fee; a word that is not known stays in `extra`."""
    told: list[str | None] = []
    fields = _BEARER_FIELDS
    chosen = [
        (field, row[field]) if (field := fields[fields[0] not in row]) in row else None
        for row in columns.rows
    ]
    for index, pair in enumerate(chosen):
        known = _BEARERS.get(pair[1]) if pair and isinstance(pair[1], str) else None
        if known is None and pair and pair[1] is not None:
            known = _bearer(columns, index, *pair)
        told.append(known)
    return strings(told)


def _bearer(columns: Columns, index: int, field: str, told: Any) -> str | None:
    known = _BEARERS.get(told.strip().lower()) if isinstance(told, str) else None
    if known is None:
        columns.displace(index, field, told)
    return known


def _groups(columns: Columns, statuses: pa.Array) -> pa.Array:
    known = {told: status_group(told) for told in statuses.unique().to_pylist()}
    told_all = statuses.to_pylist()
    for status, group in known.items():
        if group == OTHER and status is not None:
            for index, told in enumerate(told_all):
                if told == status:
                    columns.note("unknown_status", "status", index, status)
    return strings([known[told] for told in told_all])


def _judge(columns: Columns, built: Mapping[str, pa.Array]) -> None:
    """Note amounts that cannot be right; nothing is changed."""
    currency = built["currency"]
    whole = pc.is_in(currency, _WITHOUT_DECIMALS)
    for field in _AMOUNTS:
        amounts = built[field]
        fraction = pc.not_equal(amounts, pc.trunc(amounts).cast(MONEY))
        for index in _where(pc.and_(whole, fraction)):
            columns.note("fraction_in_zero_decimal_currency", field, index)
    amount = built["amount"]
    francs = pc.is_in(currency, _FRANCS)
    huge = pc.and_(francs, pc.greater(amount, _IMPLAUSIBLE))
    small = pc.less_equal(amount, _ZERO)
    for index in _where(pc.or_(pc.fill_null(huge, _NO), pc.fill_null(small, _NO))):
        columns.note("amount_implausible", "amount", index)


def _where(mask: pa.Array) -> list[int]:
    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, _NO)).to_pylist()
    return found
