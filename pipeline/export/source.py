"""What an export needs of the API client, and rows in the shape in which they came."""

from collections.abc import Mapping
from typing import Any, Protocol

from schemas.api import Page

PAGE_SIZE = 100


class ExportClient(Protocol):
    """The methods of the API client that an export calls; rows are those of the answer."""

    async def customer_rows(self, page: int = 1, limit: int = PAGE_SIZE) -> Page[Any]:
        """Return one page of the customers."""
        ...

    async def customer_row(self, customer_id: str) -> Any:
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
    """Return a list item as the mapping that it is, or None where it is no object."""
    return item if isinstance(item, Mapping) else None
