"""The two sides of a match as values: a row of the file and a customer who exists."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from schemas.api import Customer

JSON = Any


@dataclass(frozen=True, slots=True)
class Record:
    """A golden record of the file; `metadata` already holds country and external id.

    `same_as` and `different_from` are ids of customers whom a person called the same
    as this record, or another.
    """

    row: int
    name: str | None
    email: str | None
    phone: str | None
    external_id: str | None = None
    birth_date: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    national_id: str | None = None
    same_as: tuple[str, ...] = ()
    different_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """An existing customer with comparable contacts: e-mail key and E.164 phone."""

    customer: Customer
    email: str | None
    phone: str | None

    @property
    def id(self) -> str:
        """The customer's id in the API."""
        return self.customer.id

    @property
    def external_id(self) -> str | None:
        """The external id that an earlier import wrote into the metadata."""
        value = (self.customer.metadata or {}).get("external_id")
        return None if value is None else str(value)


def email_key(value: str | None) -> str | None:
    """Return the form in which two e-mail addresses are compared.

    Lower case as DuckDB's `lower` has it, NFC, and a punycode domain in its own script,
    since the file's addresses were normalised that way.
    """
    if not value or not value.strip():
        return None
    address = value.strip()
    if not address.isascii() or "xn--" in address.lower():
        try:
            address = validate_email(address, check_deliverability=False).normalized
        except EmailNotValidError:
            address = unicodedata.normalize("NFC", address)
    return address.lower()


def phone_key(value: str | None, region: str | None) -> str | None:
    """Return a stored phone as E.164, whatever form the API keeps it in.

    Digits without a plus are read first as an international number that lost it (the
    API is known to answer integers), then as a national number of `region`.
    """
    if not value:
        return None
    digits = "".join(c for c in value if c.isdigit())
    if not digits:
        return None
    if not value.strip().startswith("+") and not digits.startswith("0"):
        international = _e164(f"+{digits}", None)
        if international:
            return international
    national = _e164(value, region)
    return national or f"+{digits.lstrip('0')}"


def _e164(text: str, region: str | None) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def known(customer: Customer, region: str | None) -> Known:
    """Return `customer` with its contacts made comparable."""
    return Known(
        customer=customer,
        email=email_key(customer.email),
        phone=phone_key(customer.phone, region),
    )
