"""A customer whose contact was corrected: same source, same name, nearly the contact.

Used against what an earlier run of the same source wrote; such a row waits for a
person (rule `possible_correction`) instead of becoming a second customer.
"""

from typing import NamedTuple

from pipeline.dedupe.likeness import edits_within_two
from pipeline.dedupe.names import Agreement, compare

_SAME_NAME = frozenset({Agreement.EQUAL, Agreement.SUBSET})


class Contact(NamedTuple):
    """Who a row or a customer says to be."""

    name: str | None
    email: str | None
    phone: str | None


def possible_correction(before: Contact, after: Contact) -> str | None:
    """Return which contact looks corrected (`email`, `phone`, `gone`), or None.

    The names must agree. A contact counts when it is one or two characters off, and
    `gone` when what was there is there no more and nothing contradicts it.
    """
    if compare(before.name, after.name) not in _SAME_NAME:
        return None
    for field in ("email", "phone"):
        old = (getattr(before, field) or "").lower()
        new = (getattr(after, field) or "").lower()
        if old and new and old != new and edits_within_two(old, new):
            return field
    kept = [(a, b) for a, b in zip(before[1:], after[1:], strict=True) if a and b]
    lost = any(a and not b for a, b in zip(before[1:], after[1:], strict=True))
    agree = all(a.lower() == b.lower() for a, b in kept)
    return "gone" if lost and agree else None
