"""What a person may say about two records; needs no database to be named."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a person said about two records."""

    SAME = "same"
    DIFFERENT = "different"
    LATER = "later"


class Pair(NamedTuple):
    """Two durable keys (keyed hashes or customer ids) with `key_a <= key_b`."""

    key_a: str
    key_b: str

    @classmethod
    def of(cls, one: str, other: str) -> "Pair":
        """Return the pair, whatever the order in which its keys are given."""
        return cls(min(one, other), max(one, other))
