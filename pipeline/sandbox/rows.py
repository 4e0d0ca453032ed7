"""The rows of the sandbox, and what identifies them."""

import re
from hashlib import blake2b
from typing import NamedTuple

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))


class CustomerRow(NamedTuple):
    """A stored customer; `metadata` and `more` are JSON objects, times microseconds."""

    seq: int
    id: str
    name: str | None
    email: str | None
    phone: str | None
    metadata: str
    more: str
    blocked: int
    created_us: int
    updated_us: int
    email_key: str | None
    phone_key: str | None


class PaymentRow(NamedTuple):
    """A stored payment; `seq` 0 lets the store number it."""

    seq: int
    reference: str
    merchant_reference: str
    customer: str | None
    amount: float
    fee: float
    currency: str
    status: str
    channel: str
    charge: str
    description: str | None
    sandbox: int
    created_us: int
    completed_us: int | None


def token(text: str, length: int) -> str:
    """Return `length` letters and digits that follow from `text`."""
    digest = blake2b(text.encode(), digest_size=length).digest()
    return digest.translate(_LETTERS).decode()


def email_key(email: str | None) -> str | None:
    """Return what makes two addresses the same to the server."""
    return email.strip().lower() or None if email else None


def phone_key(phone: str | None) -> str | None:
    """Return what makes two numbers the same to the server: their digits."""
    return re.sub(r"[^0-9]", "", phone) or None if phone else None
