"""What stays of a JSON value once a person is taken out of it."""

from collections.abc import Mapping
from typing import Any

from pipeline.privacy.marks import Marks

JSON = Any

_PERSONAL = (
    *("name", "mail", "phone", "msisdn", "mobile", "account_number", "address"),
    *("billing", "shipping", "geo", "latitude", "longitude", "customer", "payer"),
    *("sender", "recipient", "beneficiary", "birth", "contact", "card"),
)
_EXACT = frozenset(("ip", "ip_address", "city", "state", "postal_code", "zip"))
_STAYS = frozenset(("customer_id", "bank_name", "channel_name", "card_fee"))


def redacted(value: JSON, marks: Marks, key: str = "") -> JSON:
    """Return `value` without what is personal: by its key, or since a mark is in it."""
    if _is_personal(key):
        return None
    if isinstance(value, Mapping):
        kept = {k: redacted(v, marks, str(k)) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v is not None or value[k] is None}
    if isinstance(value, list):
        return [redacted(item, marks) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if marks.contact_in(str(value)) else value
    return marks.redact(value) if isinstance(value, str) else value


def _is_personal(key: str) -> bool:
    plain = key.lower().replace("-", "_")
    if plain in _STAYS:
        return False
    return plain in _EXACT or any(word in plain for word in _PERSONAL)
