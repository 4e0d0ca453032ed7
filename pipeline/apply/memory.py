"""What a run remembers of its writes: the customer index and the sources' lineage."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from pipeline.match.known import JSON, Record
from pipeline.state.writes import IndexRow
from schemas.api import Customer


class Memory(Protocol):
    """Makes the keyed hashes that are stored with an acknowledged write."""

    def seen(self, customer: Customer) -> IndexRow | None:
        """Return what the index keeps of a customer as an answer shows him."""
        ...

    def unsure(self, customer_id: str) -> IndexRow | None:
        """Return an entry for a customer who was written but not shown whole."""
        ...

    def source_keys(self, record: Record) -> tuple[str, ...]:
        """Return the keys under which the source's lineage is kept."""
        ...

    def gone(self, customer_id: str) -> None:
        """Take out a customer whom the API no longer knows."""
        ...

    def forget(self, customer_id: str) -> None:
        """Take out a customer whom we deleted on purpose."""
        ...


@dataclass(frozen=True, slots=True)
class NoMemory:
    """Remembers nothing."""

    def seen(self, customer: Customer) -> IndexRow | None:
        """Return None."""
        del customer
        return None

    def unsure(self, customer_id: str) -> IndexRow | None:
        """Return None."""
        del customer_id
        return None

    def source_keys(self, record: Record) -> tuple[str, ...]:
        """Return no keys."""
        del record
        return ()

    def gone(self, customer_id: str) -> None:
        """Do nothing."""

    def forget(self, customer_id: str) -> None:
        """Do nothing."""


def created(answer: Customer, body: Mapping[str, JSON]) -> Customer:
    """Return the customer made of `body`; an answer may tell no more than the id."""
    return replace(
        answer,
        name=answer.name or body.get("name"),
        email=answer.email or body.get("email"),
        phone=answer.phone or body.get("phone"),
        metadata=body.get("metadata", {})
        if answer.metadata is None
        else answer.metadata,
    )


def is_whole(answer: Customer) -> bool:
    """Tell whether an answer shows enough of a customer to know him by."""
    return answer.metadata is not None and bool(answer.email or answer.phone)
