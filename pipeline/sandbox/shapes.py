"""Stored rows and outcomes as the JSON that a dialect writes."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.rows import CustomerRow, PaymentRow, token

Body = dict[str, Any]

_FIELDS = {
    "live": (
        "id", "name", "email", "phone", "company_name", "tax_number", "metadata",
        "created_at", "updated_at",
    ),
    "docs": ("id", "name", "email", "phone", "metadata", "created_at", "updated_at"),
    "oas": (
        "id", "name", "email", "phone", "company_name", "address", "blocked",
        "created_at", "updated_at",
    ),
}  # fmt: skip
_EMPTY: dict[str, object] = {"object": {}, "array": [], "null": None}
_SHORT = ("id", "name", "email", "phone", "created_at")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 # UTC throughout, written as Z


def envelope(code: int, message: str, dialect: Dialect) -> Body:
    """Return the keys that every answer has."""
    return {
        "code": code if dialect.code == "int" else str(code),
        "status": HTTPStatus(code).phrase,
        "message": message,
    }


def error(
    code: int,
    message: str,
    dialect: Dialect,
    errors: Mapping[str, Sequence[str]] | None = None,
) -> Body:
    """Return the body of a refusal."""
    body = envelope(code, message, dialect)
    if dialect.error_message == "no":
        del body["message"]
    if errors:
        body["errors"] = {name: list(texts) for name, texts in errors.items()}
    return body


def single(code: int, message: str, row: CustomerRow, dialect: Dialect) -> Body:
    """Return one customer in its envelope."""
    shown = customer(row, dialect)
    body = envelope(code, message, dialect)
    if dialect.object_key == "root":
        return {**shown, **body}
    return {**body, dialect.object_key: shown}


def page(
    message: str,
    key: str,
    rows: Sequence[Body],
    counts: tuple[int, int, int],
    dialect: Dialect,
) -> Body:
    """Return a page of rows; `counts` are total, limit and page number."""
    total, limit, number = counts
    return {
        **envelope(200, message, dialect),
        "totals": total,
        "last_page": max(1, -(-total // limit)),
        "current_page": number,
        "selected": len(rows),
        key: rows,
    }


def customer(row: CustomerRow, dialect: Dialect, *, listed: bool = False) -> Body:
    """Return a customer as an answer shows it; `listed`: as a row of a list."""
    names = _FIELDS[dialect.fields]
    if listed and dialect.list_metadata == "no":
        names = _SHORT
    known: Body = {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "phone": _phone(row.phone, dialect),
        "created_at": written_time(row.created_us, dialect),
        "updated_at": written_time(row.updated_us, dialect),
        "blocked": bool(row.blocked),
    }
    if "metadata" in names:
        known["metadata"] = _metadata(row.metadata, dialect)
    more = json.loads(row.more) if row.more != "{}" else {}
    return {name: known[name] if name in known else more.get(name) for name in names}


def _phone(phone: str | None, dialect: Dialect) -> str | int | None:
    if phone is None or dialect.phone == "plus":
        return phone
    digits = phone.removeprefix("+")
    if dialect.phone == "integer" and digits.isascii() and digits.isdigit():
        return int(digits)
    return digits


def _metadata(text: str, dialect: Dialect) -> object:
    if text != "{}":
        return json.loads(text)
    return _EMPTY[dialect.empty_metadata]


def payment(row: PaymentRow, dialect: Dialect) -> Body:
    """Return a payment in the shape of the dialect's year."""
    created = written_time(row.created_us, dialect)
    done = None if row.completed_us is None else written_time(row.completed_us, dialect)
    if dialect.payment_rows == "docs":
        return _payment_docs(row, created, done)
    shared = {
        "reference": row.reference,
        "merchant_reference": row.merchant_reference,
        "trxref": row.merchant_reference,
        "amount": row.amount,
        "currency": row.currency,
        "status": row.status,
        "customer": row.customer,
        "description": row.description,
        "callback": None,
    }
    if dialect.payment_rows == "2024":
        return {
            **shared,
            "amount_total": row.amount,
            "converted_amount": row.amount,
            "fee": row.fee,
            "sandbox": bool(row.sandbox),
            "geo": "203.0.113.7",
            "locked_currency": None,
            "created_at": created,
            "updated_at": done or created,
        }
    return {
        **shared,
        "amounts": {
            "total": row.amount,
            "converted": row.amount,
            "currency": row.currency,
            "rate": 1,
        },
        "fees": [],
        "charge": row.charge,
        "sandbox": row.sandbox,
        "created_at": created,
        "completed_at": done,
    }


def _payment_docs(row: PaymentRow, created: str, done: str | None) -> Body:
    shown: Body = {
        "id": f"pay_{token(row.reference, 9)}",
        "reference": row.merchant_reference,
        "amount": row.amount,
        "currency": row.currency,
        "status": row.status,
        "customer": row.customer,
        "payment_method": f"pm.{token(row.channel, 16)}",
        "description": row.description,
        "metadata": {},
        "created_at": created,
    }
    return shown if done is None else {**shown, "completed_at": done}


def methods(row: CustomerRow, dialect: Dialect) -> list[Body]:
    """Return the payment methods of a customer: one for a phone, or none."""
    if row.phone is None:
        return []
    return [
        {
            "id": f"pm.{token(row.id, 16)}",
            "type": "Mobile Money",
            "channel": "cm.mtn",
            "phone": _phone(row.phone, dialect),
            "created_at": written_time(row.created_us, dialect),
        }
    ]


def written_time(micros: int, dialect: Dialect) -> str:
    """Return a time as RFC 3339 in UTC, with the dialect's fraction digits."""
    when = _EPOCH + timedelta(microseconds=micros)
    return when.isoformat(timespec=dialect.timestamps) + "Z"
