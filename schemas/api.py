"""API shapes, raw and parsed: what a tolerant reader makes of any known answer.

Sources and contradictions: the facts sheet of the project (docs/api.md). Every field
but `id` is optional, unknown fields are kept in `extra`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T")

JSON = Any
"""A decoded JSON value."""

_CUSTOMER_FIELDS = frozenset(
    ("id", "name", "email", "phone", "metadata", "meta", "created_at", "updated_at")
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as the API tells it.

    `phone` is the stored text (an integer becomes its digits). `metadata` is None
    where the answer does not carry it (some list rows do not), else a mapping; `[]`
    and null are an empty one.
    """

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    metadata: Mapping[str, JSON] | None = None
    created_at: str | None = None
    updated_at: str | None = None
    extra: Mapping[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; counts are None where the answer lacks them."""

    items: Sequence[T]
    totals: int | None = None
    last_page: int | None = None
    current_page: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key this is; `env` is live, test or unknown."""

    merchant: str | None
    env: str


def unwrap(body: JSON, keys: Sequence[str] = ("customer", "data", "object")) -> JSON:
    """Return the single object of an answer: under a key of `keys`, else the root."""
    for key in keys:
        if isinstance(body, Mapping) and isinstance(body.get(key), Mapping):
            return body[key]
    return body


def rows_of(
    body: JSON, keys: Sequence[str] = ("items", "payments", "customers", "data")
) -> Sequence[JSON] | None:
    """Return the rows of a list answer, or None where it holds no list at all."""
    for key in keys:
        if isinstance(body, Mapping) and isinstance(body.get(key), list):
            rows: Sequence[JSON] = body[key]
            return rows
    return None


def whole(value: JSON) -> int | None:
    """Return `value` as an integer where it is one, as a number or as digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return None


def text(value: JSON) -> str | None:
    """Return a scalar as text; None, empty text and other shapes are None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value) or None
    return None


def parse_customer(raw: JSON) -> Customer | None:
    """Return the customer in `raw`, or None where it has no usable `id`."""
    if not isinstance(raw, Mapping):
        return None
    customer_id = text(raw.get("id"))
    if customer_id is None:
        return None
    return Customer(
        id=customer_id,
        name=text(raw.get("name")),
        email=text(raw.get("email")),
        phone=text(raw.get("phone")),
        metadata=_metadata(raw),
        created_at=text(raw.get("created_at")),
        updated_at=text(raw.get("updated_at")),
        extra={k: v for k, v in raw.items() if k not in _CUSTOMER_FIELDS},
    )


def _metadata(raw: Mapping[str, JSON]) -> Mapping[str, JSON] | None:
    for key in ("metadata", "meta"):
        if key in raw:
            value = raw[key]
            return value if isinstance(value, Mapping) else {}
    return None


def parse_page(body: JSON, parse: Callable[[JSON], T | None]) -> Page[T] | None:
    """Return a page of what `parse` makes of each row, or None where there is no list.

    Rows that `parse` makes nothing of are left out, unless that leaves none.
    """
    rows = rows_of(body)
    if rows is None:
        return None
    items = [item for item in map(parse, rows) if item is not None]
    if rows and not items:
        return None
    return Page(
        items=items,
        totals=whole(body.get("totals")),
        last_page=whole(body.get("last_page")),
        current_page=whole(body.get("current_page")),
    )


def parse_rows(body: JSON) -> Page[JSON] | None:
    """Return a page of rows as they came, or None where there is no list.

    A list that holds no object at all is no list of records.
    """
    rows = rows_of(body)
    if rows is None or (rows and not any(isinstance(row, Mapping) for row in rows)):
        return None
    return Page(
        items=rows,
        totals=whole(body.get("totals")),
        last_page=whole(body.get("last_page")),
        current_page=whole(body.get("current_page")),
    )


_ENVS = {
    "live": "live",
    "production": "live",
    "prod": "live",
    "test": "test",
    "sandbox": "test",
}


def parse_account(body: JSON, *, env: str = "unknown") -> Account:
    """Return what `GET /` says; `env` stands where the answer names none."""
    root = body if isinstance(body, Mapping) else {}
    inner = unwrap(root, ("data", "object"))
    merchant = root.get("merchant", inner.get("merchant"))
    if isinstance(merchant, Mapping):
        merchant = merchant.get("id") or merchant.get("name")
    said = text(root.get("env", inner.get("env"))) or ""
    return Account(text(merchant), _ENVS.get(said.lower(), env))


_TEST_KEY = re.compile(r"^sb\.|(?:^|[._-])test(?:[._-]|$)")
_LIVE_KEY = re.compile(r"^(?:pk|b)\.|(?:^|[._-])live(?:[._-]|$)")


def guess_env(key: str) -> str:
    """Return what the form of a key suggests: test, live or unknown."""
    if _TEST_KEY.search(key):
        return "test"
    return "live" if _LIVE_KEY.search(key) else "unknown"
