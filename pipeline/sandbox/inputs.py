"""What a request may say: bodies and query parameters, checked or refused."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipeline.sandbox.dialect import Dialect
from schemas.fields import EMAIL_MAX, NAME_MAX

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_TEXTS = {
    "name": NAME_MAX,
    "email": EMAIL_MAX,
    "phone": 64,
    "company_name": 255,
    "tax_number": 255,
    "description": 256,
}
_ADDRESSES = ("address", "billing", "shipping")
_ADDRESS_FIELDS = (
    "country", "state", "city", "postal_code", "address_line1", "address_line2",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_NO_DATE = "The {} is not a valid date."

DEFAULT_LIMIT = 30
MAX_LIMIT = 100


@dataclass
class Refusal(Exception):  # noqa: N818 # an answer, not a failure of ours
    """A request that is answered with an error; rendered in one place."""

    status: int
    message: str
    errors: dict[str, list[str]] = field(default_factory=dict)
    allow: str = ""


def invalid(errors: dict[str, list[str]]) -> Refusal:
    """Return the 422 that names what is wrong by field."""
    return Refusal(422, "Validation failed", errors)


def decode(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`.

    Raises:
        Refusal: 400 where it is not JSON, or no object.
    """
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
        # A lone surrogate is JSON to Python, but no text that could be stored.
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(400, "Invalid JSON payload") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Invalid request parameters")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def new_customer(body: bytes, dialect: Dialect) -> dict[str, Any]:
    """Return the checked fields of a create.

    Raises:
        Refusal: 400, 422, or 500 where the dialect answers a bad phone so.
    """
    fields = _checked(decode(body), dialect)
    if not (fields.get("email") or fields.get("phone")):
        text = "The {} field is required when {} is not present."
        raise invalid(
            {
                "email": [text.format("email", "phone")],
                "phone": [text.format("phone", "email")],
            }
        )
    return fields


def customer_patch(body: bytes, dialect: Dialect) -> dict[str, Any]:
    """Return the checked fields of an update; null empties a field.

    Raises:
        Refusal: As for a create, and 422 where no field is named.
    """
    fields = _checked(decode(body), dialect)
    if not fields:
        raise invalid({"body": ["At least one field is required."]})
    return fields


def _checked(raw: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    fields: dict[str, Any] = {}
    for name, longest in _TEXTS.items():
        if name in raw:
            fields[name] = raw[name] if raw[name] != "" else None
            _check_text(
                name, raw[name], longest if dialect.lengths == "422" else None, errors
            )
    if "metadata" in raw:
        fields["metadata"] = {} if raw["metadata"] in ([], None) else raw["metadata"]
        if not isinstance(fields["metadata"], dict):
            errors["metadata"] = ["The metadata must be an object."]
    for name in _ADDRESSES:
        if name in raw:
            fields[name] = _address(name, raw[name], errors)
    _check_phone(fields.get("phone"), dialect, errors)
    if errors:
        raise invalid(errors)
    return fields


def _check_text(
    name: str, value: object, longest: int | None, errors: dict[str, list[str]]
) -> None:
    if value is None or value == "":
        return
    if not isinstance(value, str):
        errors[name] = [f"The {name} must be a string."]
    elif longest is not None and len(value) > longest:
        errors[name] = [f"The {name} may not be longer than {longest} characters."]
    elif name == "email" and not _EMAIL.fullmatch(value):
        errors[name] = ["Invalid email address"]


def _check_phone(phone: object, dialect: Dialect, errors: dict[str, list[str]]) -> None:
    if not isinstance(phone, str) or dialect.bad_phone == "accept":
        return
    if E164.fullmatch(phone):
        return
    if dialect.bad_phone == "500" and not errors:
        raise Refusal(500, "Whoop's Application Error - Please contact support")
    errors.setdefault("phone", ["Invalid phone number"])


def _address(name: str, value: object, errors: dict[str, list[str]]) -> object:
    if value is None:
        return None
    if not isinstance(value, dict):
        errors[name] = [f"The {name} must be an object."]
        return None
    for part in _ADDRESS_FIELDS:
        if not isinstance(value.get(part), str | None):
            errors[f"{name}.{part}"] = [f"The {name}.{part} must be a string."]
    # A field of another name (`street`) is dropped without a word, as live.
    return {part: value[part] for part in _ADDRESS_FIELDS if part in value}


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a list are asked for."""

    limit: int
    number: int

    @property
    def offset(self) -> int:
        """How many rows come before this page."""
        return (self.number - 1) * self.limit


def window(query: Mapping[str, str], dialect: Dialect) -> Window | None:
    """Return the page that `query` asks for, or None for one that is always empty.

    Raises:
        Refusal: 422 where `limit` or `page` is no number or out of range.
    """
    errors: dict[str, list[str]] = {}
    limit = _whole(query, "limit", DEFAULT_LIMIT, errors)
    number = _whole(query, "page", 1, errors)
    if limit > MAX_LIMIT and dialect.limit_over == "422":
        errors["limit"] = [f"The limit may not be greater than {MAX_LIMIT}."]
    if number == 0 and dialect.page_zero == "422":
        errors["page"] = ["The page must be at least 1."]
    if errors:
        raise invalid(errors)
    return Window(min(limit, MAX_LIMIT), number) if number else None


def _whole(
    query: Mapping[str, str], name: str, default: int, errors: dict[str, list[str]]
) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text):
        errors[name] = [f"The {name} must be an integer."]
        return default
    value = int(text)
    least = 0 if name == "page" else 1
    if value < least:
        errors[name] = [f"The {name} must be at least 1."]
        return default
    return value


def payment_filter(
    query: Mapping[str, str], dialect: Dialect
) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL condition and its values for the filters of `/payments`.

    Raises:
        Refusal: 422 where a date cannot be read.
    """
    errors: dict[str, list[str]] = {}
    parts: list[str] = []
    values: list[Any] = []
    if status := query.get("status"):
        parts.append("status = ?")
        values.append(status)
    if channels := [c for c in query.get("channels", "").split(",") if c][:100]:
        parts.append(f"channel IN ({','.join('?' * len(channels))})")
        values += channels
    if search := query.get("search"):
        parts.append("(instr(reference, ?) OR instr(merchant_reference, ?))")
        values += [search, search]
    for name, sign in (("date_start", ">="), ("date_end", "<")):
        if name in query:
            parts.append(f"created_us {sign} ?")
            values.append(_bound(name, query[name], dialect, errors))
    if errors:
        raise invalid(errors)
    return " AND ".join(parts), tuple(values)


def _bound(name: str, text: str, dialect: Dialect, errors: dict[str, list[str]]) -> int:
    """Return a date as microseconds; an end is taken as the whole day or second."""
    try:
        if len(text) == len("2026-01-31") and dialect.dates == "plain":
            day = date.fromisoformat(text)
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
            length = timedelta(days=1)
        elif "T" in text:
            moment = datetime.fromisoformat(text)
            length = timedelta(seconds=1)
        else:
            errors[name] = [_NO_DATE.format(name)]
            return 0
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        since = moment - _EPOCH
        return (since + length if name == "date_end" else since) // _MICROSECOND
    except ValueError:
        errors[name] = [_NO_DATE.format(name)]
        return 0
