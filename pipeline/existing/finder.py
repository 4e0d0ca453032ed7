"""Find existing customers by their contacts through the API's search.

What `search` returns is a hint only: rows are compared by normalised e-mail and phone.
Which written form of a phone the search finds is learnt once from a known customer.
"""

from bisect import bisect
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from pipeline.api.client import NotchPayClient
from pipeline.existing.listing import list_pages
from pipeline.match.known import Known, email_key, known
from schemas.api import Customer, Page

PAGE = 100
_WIDE = 5
"""Pages of one search after which it tells nothing: the listing is used instead."""
_TELLING = 6
"""Digits from which the beginning of a phone is worth a search of its own."""


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


def _beginning(contact: str) -> str:
    """Return the digits of a phone, or the local part of an e-mail, but the last two."""
    return contact.removeprefix("+").partition("@")[0][:-2]


def _largest_group(wanted: Sequence[str]) -> str | None:
    """Return the beginning that most contacts share, phones first; None where none do.

    At most a hundred phones have one, which is a page.
    """
    for kind in (True, False):
        beginnings = Counter(_beginning(w) for w in wanted if ("@" not in w) is kind)
        for beginning, count in beginnings.most_common(1):
            if count > 1 and len(beginning) >= _TELLING:
                return beginning
    return None


def _in_one_piece(k: Known) -> bool:
    return str(k.phone).removeprefix("+") in str(k.customer.phone)


def _shared_beginnings(
    samples: Sequence[Known], wanted: Sequence[str]
) -> list[tuple[str, Known]]:
    """Return the beginnings, in digits, that phones of `samples` share with wanted ones.

    Only a phone that is stored in one piece tells something about a part of it.
    """
    ordered = sorted(w for w in wanted if "@" not in w)
    found = []
    for sample in filter(_in_one_piece, samples):
        mine = str(sample.phone)
        place = bisect(ordered, mine)
        for phone in ordered[max(place - 1, 0) : place + 1]:
            pairs = zip(mine, phone, strict=False)
            shared = mine[1 : sum(1 for _ in takewhile(lambda p: p[0] == p[1], pairs))]
            if len(shared) >= _TELLING:
                found.append((shared, sample))
    return found


def _has(page: Page[Customer], sample: Known) -> bool:
    return any(customer.id == sample.id for customer in page.items)


def _is_ignored(page: Page[Customer], listing: Page[Customer]) -> bool:
    """Tell whether a search answered as if nothing had been asked."""
    if page.totals is None or listing.totals is None:
        return [c.id for c in page.items] == [c.id for c in listing.items]
    return page.totals >= listing.totals


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
        self._answered: dict[str, tuple[Known, ...]] = {}
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

    async def learn_phone_form(
        self, first: Page[Customer], wanted: Sequence[str] = ()
    ) -> bool:
        """Learn from a customer of `first` how the search wants a phone; tell whether it did.

        With `wanted`, phones that will be searched for anyway, a part of a phone is
        tried first: a search that finds parts answers several phones with one request,
        which makes up for the learning.
        """
        if self.phone_form is not None or self._tried_forms:
            return self.phone_form is not None
        self._tried_forms = True
        samples = [k for c in first.items if (k := known(c, self._region)).phone]
        if wanted and await self._learn_by_part(first, samples, wanted):
            return True
        for form in PhoneForm if samples else ():
            sample = samples[0]
            page = await self._hits(form.write(str(sample.phone)))
            if _has(page, sample) and not _is_ignored(page, first):
                self._learnt(form)
                return True
        return False

    async def _learn_by_part(
        self, first: Page[Customer], samples: Sequence[Known], wanted: Sequence[str]
    ) -> bool:
        """Learn whether the search finds parts, and answer wanted contacts by the way."""
        group = _largest_group(wanted)
        if group is None:
            parts = _shared_beginnings(samples, wanted)
        else:
            parts = [(_beginning(str(k.phone)), k) for k in samples if _in_one_piece(k)]
        if not parts:
            return False
        term, sample = max(parts, key=lambda part: len(part[0]))
        page = await self._hits(term)
        if not _has(page, sample) or _is_ignored(page, first):
            return False
        # Digits alone are a part of every written form, with the plus or without.
        self._learnt(PhoneForm.DIGITS)
        if not self._answers(page, term, wanted) and group is not None:
            self._answers(await self._hits(group), group, wanted)
        return True

    def _answers(
        self, page: Page[Customer], beginning: str, wanted: Sequence[str]
    ) -> bool:
        """Keep what `page` says of contacts with this beginning; tell whether of any."""
        if page.totals != len(page.items):
            return False
        rows = [known(customer, self._region) for customer in page.items]
        contacts = [w for w in wanted if w.removeprefix("+").startswith(beginning)]
        for contact in contacts:
            self._answered[contact] = tuple(
                k for k in rows if contact in (k.phone, k.email)
            )
        return bool(contacts)

    async def _hits(self, term: str) -> Page[Customer]:
        return await self._client.customers(page=1, limit=PAGE, search=term)

    def _learnt(self, form: PhoneForm) -> None:
        self.phone_form = form
        if self._on_learnt:
            self._on_learnt(form)

    async def search(self, email: str | None, phone: str | None) -> Found:
        """Return who carries `email` and who carries `phone`, compared by us.

        Raises:
            SearchUnfitError: The phone form is unknown, or an answer is too wide.
        """
        by_email: tuple[Known, ...] = ()
        by_phone: tuple[Known, ...] = ()
        if email:
            rows = await self._carriers(email, email)
            by_email = tuple(k for k in rows if k.email == email_key(email))
        if phone:
            if self.phone_form is None:
                raise SearchUnfitError
            rows = await self._carriers(phone, self.phone_form.write(phone))
            by_phone = tuple(k for k in rows if k.phone == phone)
        return Found(by_email, by_phone)

    async def _carriers(self, contact: str, term: str) -> Sequence[Known]:
        """Return who may carry `contact`, searched for as `term` unless that was answered."""
        answered = self._answered.pop(contact, None)
        return await self._rows(term) if answered is None else answered

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
