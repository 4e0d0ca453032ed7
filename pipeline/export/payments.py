"""Rows of a payments list as the `PAYMENTS` table, with money that adds up."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.export.columns import Columns, Row, kind_of, strings
from schemas.exports import MONEY, PAYMENTS, UNKNOWN_MONTH
from schemas.money import (
    FRANCS,
    IMPLAUSIBLE_ABOVE,
    OTHER,
    ZERO_DECIMAL,
    status_group,
)

TABLE = "payments"
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
_BEARERS = frozenset(("business", "customer"))


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
    return pc.fill_null(pc.strftime(days, format="%Y-%m"), UNKNOWN_MONTH)


def _references(columns: Columns, *fields: str) -> pa.Array:
    """Return the id that a field holds: as text, or inside an object told whole."""
    values: list[str | None] = []
    for index, row in enumerate(columns.rows):
        told = row.get(fields[0])
        for other in fields[1:]:
            told = row.get(other) if told is None else told
        if told is not None and not isinstance(told, str):
            told = _inner_reference(columns, fields[0], index, told)
        values.append(told)
    return strings(values)


def _inner_reference(columns: Columns, field: str, index: int, told: Any) -> str | None:
    columns.note("field_type_changed", field, index, kind_of(told))
    if isinstance(told, int) and not isinstance(told, bool):
        return str(told)
    columns.displace(index, field, told)
    known = told if isinstance(told, Mapping) else {}
    inner = known.get("id") or known.get("reference")
    return str(inner) if isinstance(inner, str | int) else None


def _money(columns: Columns) -> dict[str, pa.Array]:
    rows = columns.rows
    inner = [a if isinstance(a := row.get("amounts"), dict) else {} for row in rows]
    totals = [
        row["amount_total"] if "amount_total" in row else told.get("total")
        for row, told in zip(rows, inner, strict=True)
    ]
    converted = [
        row["converted_amount"] if "converted_amount" in row else told.get("converted")
        for row, told in zip(rows, inner, strict=True)
    ]
    amount, fee = columns.amounts("amount"), columns.amounts("fee")
    bearer = strings([_bearer(columns, i, row) for i, row in enumerate(rows)])
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
    borne = pc.if_else(pc.equal(bearer, "business"), fee, pa.scalar(Decimal(0), MONEY))
    net = pc.subtract(amount, borne).cast(MONEY)
    return pc.if_else(known, net, pa.scalar(None, MONEY))


def _bearer(columns: Columns, index: int, row: Row) -> str | None:
    field = "charge" if "charge" in row else "fee_bearer"
    told = row.get(field)
    if isinstance(told, str) and told.strip().lower() in _BEARERS:
        return told.strip().lower()
    if told is not None:
        columns.displace(index, field, told)
    return None


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
    huge = pc.and_(francs, pc.greater(amount, pa.scalar(IMPLAUSIBLE_ABOVE, MONEY)))
    small = pc.less_equal(amount, pa.scalar(Decimal(0), MONEY))
    for index in _where(pc.or_(pc.fill_null(huge, False), pc.fill_null(small, False))):
        columns.note("amount_implausible", "amount", index)


def _where(mask: pa.Array) -> list[int]:
    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    return found
