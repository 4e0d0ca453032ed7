"""What an export needs of the API client, and rows in the shape in which they came."""

from collections.abc import Mapping
from typing import Any, Protocol

from schemas.api import Customer, Page

PAGE_SIZE = 100


class ExportClient(Protocol):
    """The methods of the API client that an export calls.

    List rows may be parsed customers or the mappings of the answer; with mappings
    the exported table also tells what a parsed customer has already smoothed away.
    """

    async def customers(self, page: int = 1, limit: int = PAGE_SIZE) -> Page[Any]:
        """Return one page of the customers."""
        ...

    async def customer(self, customer_id: str) -> Any:
        """Return one customer."""
        ...

    async def payments(
        self,
        page: int = 1,
        limit: int = PAGE_SIZE,
        *,
        status: str | None = None,
        date_start: str | None = None,
        date_end: str | None = None,
    ) -> Page[Any]:
        """Return one page of all payments."""
        ...

    async def customer_payments(
        self,
        customer_id: str,
        page: int = 1,
        limit: int = PAGE_SIZE,
        *,
        status: str | None = None,
    ) -> Page[Any]:
        """Return one page of a customer's payments."""
        ...


def as_row(item: object) -> Mapping[str, Any] | None:
    """Return a list item as the mapping that it was, or None where it is no object."""
    if isinstance(item, Customer):
        return _customer_row(item)
    if isinstance(item, Mapping):
        return item
    return None


def _customer_row(customer: Customer) -> Mapping[str, Any]:
    row: dict[str, Any] = {
        "id": customer.id,
        "name": customer.name,
        "email": customer.email,
        "phone": customer.phone,
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
    }
    if customer.metadata is not None:
        row["metadata"] = customer.metadata
    return row | dict(customer.extra)
