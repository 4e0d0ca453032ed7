"""Money as Notch Pay tells it: amounts in whole units, statuses and their groups."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

DIGITS = 18
SCALE = 4
"""Every amount is decimal(18,4); it is never divided by 100."""

_STEP = Decimal(1).scaleb(-SCALE)
_LIMIT = Decimal(10) ** (DIGITS - SCALE)

_AFRICAN = ("BIF", "DJF", "GNF", "KMF", "RWF", "UGX", "XAF", "XOF")
_OTHERS = ("CLP", "ISK", "JPY", "KRW", "PYG", "VND", "VUV", "XPF")
ZERO_DECIMAL = frozenset((*_AFRICAN, *_OTHERS))
"""Currencies without a minor unit; a fraction in one of them is a finding."""

IMPLAUSIBLE_ABOVE = Decimal(10_000_000)
"""The highest amount that any page of the documentation allows, in XAF or XOF."""

FRANCS = frozenset(("XAF", "XOF"))

OTHER = "other"
SUCCESS = "success"
PENDING = "pending"
FAILED = "failed"
CANCELLED = "cancelled"
REFUNDED = "refunded"

STATUS_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "complete": SUCCESS,
        "completed": SUCCESS,
        "success": SUCCESS,
        "successful": SUCCESS,
        "pending": PENDING,
        "processing": PENDING,
        "incomplete": PENDING,
        "hold": PENDING,
        "failed": FAILED,
        "rejected": FAILED,
        "expired": FAILED,
        "canceled": CANCELLED,
        "cancelled": CANCELLED,
        "abandoned": CANCELLED,
        "refunded": REFUNDED,
        "partialy-refunded": REFUNDED,
        "partially-refunded": REFUNDED,
        "partially_refunded": REFUNDED,
    }
)
"""Every status that a source of the facts sheet names; what is not here is `other`."""

_BLANKS = re.compile(r"[\s'\u2019]+")
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<digits>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<gsign>[+-]?)(?P<grouped>\d{1,3}(?:,\d{3})+(?:\.\d+)?)"
    r"|(?P<csign>[+-]?)(?P<comma>\d+,\d{1,2})",
    re.ASCII,
)
_LABEL = re.compile(r"(?:F\.?\s?CFA|FCFA|CFA|[A-Z]{3}|€|\$)\.?", re.IGNORECASE)


def status_group(status: str | None) -> str:
    """Return the group of a raw status, `other` where no source names it."""
    if status is None:
        return OTHER
    return STATUS_GROUPS.get(status.strip().lower(), OTHER)


def parse_money(value: object) -> Decimal | None:
    """Return `value` as an exact amount, or None where it is not one.

    Understood are numbers and texts such as `"5000"`, `"0.00 F.CFA"`, `"XAF 1 000"`
    and `"1,000.50"`. Never rounds: an amount that does not fit decimal(18,4) is None.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, Decimal):
        return _fitting(value)
    if isinstance(value, int):
        return _fitting(Decimal(value))
    if isinstance(value, float):
        return _fitting(Decimal(repr(value)))
    return _from_text(value) if isinstance(value, str) else None


def _from_text(text: str) -> Decimal | None:
    bare = _LABEL.sub("", text, count=1)
    match = _NUMBER.fullmatch(_BLANKS.sub("", bare))
    if match is None:
        return None
    sign = match["sign"] or match["gsign"] or match["csign"] or ""
    if match["comma"]:
        number = match["comma"].replace(",", ".")
    else:
        number = match["digits"] or match["grouped"].replace(",", "")
    return _fitting(Decimal(sign + number))


def _fitting(amount: Decimal) -> Decimal | None:
    if not amount.is_finite() or abs(amount) >= _LIMIT:
        return None
    exact = amount.quantize(_STEP)
    return exact if exact == amount else None


def has_fraction(amount: Decimal) -> bool:
    """Return whether `amount` has anything behind the decimal point."""
    return amount != amount.to_integral_value()


def show_amount(amount: Decimal) -> str:
    """Return `amount` as plain text: no exponent, and no decimals where there are none."""
    if not has_fraction(amount):
        return f"{amount.to_integral_value():f}"
    return f"{amount.normalize():f}"
