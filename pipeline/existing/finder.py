"""Find existing customers by their contacts through the API's search.

What `search` returns is a hint only: rows are compared by normalised e-mail and phone.
Which written form of a phone the search finds is learnt once from a known customer.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.api.client import NotchPayClient
from pipeline.existing.listing import list_pages
from pipeline.match.known import Known, email_key, known
from schemas.api import Customer, Page

PAGE = 100
_WIDE = 5
"""Pages of one search after which it tells nothing: the listing is used instead."""


class PhoneForm(StrEnum):
    """How a phone has to be written for the API's search to find it."""

    E164 = "e164"
    DIGITS = "digits"
    NATIONAL = "national"

    def write(self, e164: str) -> str:
        """Return an E.164 number in this form."""
        if self is PhoneForm.E164:
            return e164
        if self is PhoneForm.DIGITS:
            return e164.removeprefix("+")
        return national(e164)


def national(e164: str) -> str:
    """Return the national significant number of an E.164 number."""
    import phonenumbers

    number = phonenumbers.parse(e164, None)
    return str(phonenumbers.national_significant_number(number))


class SearchUnfitError(Exception):
    """The search cannot answer this question; a listing can."""


@dataclass(frozen=True, slots=True)
class Found:
    """Existing customers who really carry a record's e-mail, and its phone."""

    by_email: tuple[Known, ...]
    by_phone: tuple[Known, ...]


class Finder:
    """Looks customers up; remembers the first page and the phone form of the search."""

    def __init__(
        self,
        client: NotchPayClient,
        region: str,
        *,
        concurrency: int = 8,
        phone_form: PhoneForm | None = None,
        on_learnt: Callable[[PhoneForm], None] | None = None,
    ) -> None:
        self._client = client
        self._region = region
        self._concurrency = concurrency
        self._on_learnt = on_learnt
        self._tried_forms = False
        self.phone_form = phone_form

    async def first_page(self) -> Page[Customer]:
        """Return the first page of the listing, which tells the total."""
        return await self._client.customers(page=1, limit=PAGE)

    async def pages(
        self, first: Page[Customer] | None = None
    ) -> AsyncIterator[Sequence[Known]]:
        """Yield every page of the listing, fetched concurrently, contacts comparable."""
        async for rows in list_pages(self._client, first, self._concurrency):
            yield [known(customer, self._region) for customer in rows]

    async def get(self, customer_id: str) -> Known:
        """Return one customer as it is now."""
        return known(await self._client.customer(customer_id), self._region)

    async def learn_phone_form(self, customers: Sequence[Customer]) -> bool:
        """Learn from one of `customers` how the search wants a phone; tell whether it did."""
        if self.phone_form is not None or self._tried_forms:
            return self.phone_form is not None
        self._tried_forms = True
        sample = next(
            (k for c in customers if (k := known(c, self._region)).phone), None
        )
        if sample is None or sample.phone is None:
            return False
        for form in PhoneForm:
            rows = await self._rows(form.write(sample.phone))
            if any(row.id == sample.id for row in rows):
                self.phone_form = form
                if self._on_learnt:
                    self._on_learnt(form)
                return True
        return False

    async def search(self, email: str | None, phone: str | None) -> Found:
        """Return who carries `email` and who carries `phone`, compared by us.

        Raises:
            SearchUnfitError: The phone form is unknown, or an answer is too wide.
        """
        by_email: tuple[Known, ...] = ()
        by_phone: tuple[Known, ...] = ()
        if email:
            rows = await self._rows(email)
            by_email = tuple(k for k in rows if k.email == email_key(email))
        if phone:
            if self.phone_form is None:
                raise SearchUnfitError
            rows = await self._rows(self.phone_form.write(phone))
            by_phone = tuple(k for k in rows if k.phone == phone)
        return Found(by_email, by_phone)

    async def find(self, email: str | None, phone: str | None) -> Found:
        """Return who carries `email` or `phone`: by search, else by the whole listing."""
        try:
            return await self.search(email, phone)
        except SearchUnfitError:
            by_email: list[Known] = []
            by_phone: list[Known] = []
            async for rows in self.pages():
                by_email += [k for k in rows if email and k.email == email_key(email)]
                by_phone += [k for k in rows if phone and k.phone == phone]
            return Found(tuple(by_email), tuple(by_phone))

    async def _rows(self, term: str) -> list[Known]:
        found: dict[str, Known] = {}
        for number in range(1, _WIDE + 1):
            page = await self._client.customers(page=number, limit=PAGE, search=term)
            for customer in page.items:
                found.setdefault(customer.id, known(customer, self._region))
            last = page.last_page or (number + 1 if len(page.items) >= PAGE else number)
            if number >= last or not page.items:
                return list(found.values())
        raise SearchUnfitError
