"""The Customers API of Notch Pay: one method an endpoint, every known dialect."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import httpx

from pipeline.api.config import ApiConfig
from pipeline.api.errors import NotFound, RefusedByApi, Unavailable, UnusableAnswer
from pipeline.api.exchange import Call, Exchange
from pipeline.api.pace import Pace
from pipeline.api.retry import RetryPolicy
from pipeline.api.stats import ApiStats
from schemas.api import (
    JSON,
    Account,
    Customer,
    Page,
    guess_env,
    parse_account,
    parse_customer,
    parse_page,
    parse_rows,
    unwrap,
)

LARGEST_PAGE: Final = 100
"""Rows a page at most, as the API documents it."""

_WRONG_METHOD: Final = 405
_UNPROCESSABLE: Final = 422


class NotchPayClient:
    """The API behind one key; used as an async context manager.

    Every method retries by one policy, waits for the pace and counts its requests.
    All may raise `KeyRefusedError`, `ApiUnreachableError`, `Unavailable` and
    `RefusedByApi`; what else they raise stands at each.
    """

    def __init__(
        self,
        config: ApiConfig,
        pace: Pace,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        stats: ApiStats | None = None,
        policy: RetryPolicy | None = None,
    ) -> None:
        self.config = config
        self.stats = stats or ApiStats()
        if pace.waits.on_wait is None:
            pace.waits.on_wait = self.stats.waited
        self._exchange = Exchange(
            config,
            pace,
            transport=transport,
            stats=self.stats,
            policy=policy or RetryPolicy(),
        )
        self._update = _FirstMethod(config.update_method)
        self._plain_dates = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exchange.close()

    async def account(self) -> Account:
        """Return whose key this is; an API that does not say leaves `merchant` None."""
        env = guess_env(self.config.key)
        call = Call("other", "GET", "/", partial(parse_account, env=env), is_probe=True)
        try:
            return await self._exchange.run(call)
        except (NotFound, RefusedByApi, UnusableAnswer):
            return Account(None, env)
        except Unavailable as error:
            if error.status is None:
                raise
            return Account(None, env)

    async def customers(
        self, page: int = 1, limit: int = LARGEST_PAGE, search: str | None = None
    ) -> Page[Customer]:
        """Return one page of customers; what `search` finds is a hint only."""
        query = _paging(page, limit) | _given(search=search)
        operation = "list" if search is None else "search"
        path = f"/customers?{urlencode(query, quote_via=quote, safe='')}"
        return await self._exchange.run(Call(operation, "GET", path, _customers))

    async def customer_rows(
        self, page: int = 1, limit: int = LARGEST_PAGE
    ) -> Page[JSON]:
        """Return one page of customers as the answer tells them, whatever they are."""
        path = f"/customers?{urlencode(_paging(page, limit))}"
        return await self._exchange.run(Call("list", "GET", path, parse_rows))

    async def customer(self, customer_id: str) -> Customer:
        """Return a customer.

        Raises:
            NotFound: the API knows no such id.
        """
        path = _at(customer_id)
        return await self._exchange.run(
            Call("get", "GET", path, _customer, of_record=True)
        )

    async def customer_row(self, customer_id: str) -> JSON:
        """Return a customer as the answer tells it.

        Raises:
            NotFound: the API knows no such id.
        """
        path = _at(customer_id)
        return await self._exchange.run(
            Call("get", "GET", path, _whole_customer, of_record=True)
        )

    async def create_customer(self, body: Mapping[str, JSON]) -> Customer:
        """Create a customer from its fields.

        Raises:
            InDoubt: it may have been stored; look before sending it again.
        """
        call = Call(
            "create", "POST", "/customers", _customer, _encode(body), is_create=True
        )
        return await self._exchange.run(call)

    async def update_customer(
        self, customer_id: str, body: Mapping[str, JSON]
    ) -> Customer:
        """Write the fields in `body`; `metadata` replaces what is stored.

        Returns the customer as far as the answer tells it: some tell the id only.

        Raises:
            NotFound: the API knows no such id.
        """
        call = Call(
            "update",
            self._update.method,
            _at(customer_id),
            partial(_updated, customer_id),
            _encode(body),
            of_record=True,
        )
        try:
            customer = await self._exchange.run(call)
        except (NotFound, RefusedByApi) as error:
            if call.method == "PUT" or not self._update.may_be_other(error):
                raise
            customer = await self._exchange.run(replace(call, method="PUT"))
            self._update.settle("PUT")
        else:
            self._update.settle(call.method)
        return customer

    async def delete_customer(self, customer_id: str) -> None:
        """Delete a customer.

        Raises:
            NotFound: the API knows no such id; it may be a second delete.
        """
        path = _at(customer_id)
        await self._exchange.run(
            Call("delete", "DELETE", path, _anything, of_record=True)
        )

    async def payments(
        self,
        page: int = 1,
        limit: int = LARGEST_PAGE,
        *,
        status: str | None = None,
        search: str | None = None,
        date_start: str | None = None,
        date_end: str | None = None,
    ) -> Page[JSON]:
        """Return one page of payments as the answer tells them.

        Dates are `YYYY-MM-DD`, both days included; some servers read them in another
        way: filter again by `created_at`.
        """
        query = _paging(page, limit) | _given(status=status, search=search)
        days = _given(date_start=date_start, date_end=date_end)
        if not (days and self._plain_dates):
            return await self._listed("/payments", query | _moments(days))
        try:
            return await self._listed("/payments", query | days)
        except RefusedByApi as error:
            if error.status != _UNPROCESSABLE:
                raise
        found = await self._listed("/payments", query | _moments(days))
        self._plain_dates = False
        return found

    async def customer_payments(
        self,
        customer_id: str,
        page: int = 1,
        limit: int = LARGEST_PAGE,
        *,
        status: str | None = None,
    ) -> Page[JSON]:
        """Return one page of a customer's payments.

        Raises:
            NotFound: the API knows no such id.
        """
        query = _paging(page, limit) | _given(status=status)
        path = f"{_at(customer_id)}/payments"
        return await self._listed(path, query, of_record=True)

    async def _listed(
        self, path: str, query: Mapping[str, str], *, of_record: bool = False
    ) -> Page[JSON]:
        address = f"{path}?{urlencode(query, quote_via=quote, safe='')}"
        call = Call(
            "payments", "GET", address, parse_rows, of_record=of_record, of_money=True
        )
        return await self._exchange.run(call)


@dataclass(slots=True)
class _FirstMethod:
    """Which method updates a customer: set, or POST until something else is known."""

    setting: str
    known: str | None = None

    @property
    def method(self) -> str:
        if self.setting == "auto":
            return self.known or "POST"
        return self.setting.upper()

    def may_be_other(self, error: NotFound | RefusedByApi) -> bool:
        """Say whether a refusal may mean the method and not the customer.

        Whoever updates a customer has read it, so before any update has worked a 404
        may mean that the address takes no POST.
        """
        if self.setting != "auto":
            return False
        if isinstance(error, RefusedByApi):
            return error.status == _WRONG_METHOD
        return self.known is None

    def settle(self, method: str) -> None:
        self.known = method


def _at(customer_id: str) -> str:
    """Return the path of a customer, whatever a file put into the id."""
    if customer_id.strip(".") == "":
        raise NotFound("an empty id, or one of dots only, is no customer's")
    return f"/customers/{quote(customer_id, safe='')}"


def _paging(page: int, limit: int) -> dict[str, str]:
    return {"limit": str(min(limit, LARGEST_PAGE)), "page": str(page)}


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}


def _moments(days: Mapping[str, str]) -> dict[str, str]:
    """Return plain days as the moments that enclose them, in UTC."""
    ends = {"date_start": "T00:00:00Z", "date_end": "T23:59:59Z"}
    return {name: day + ends[name] for name, day in days.items()}


def _encode(body: Mapping[str, JSON]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _customer(body: JSON) -> Customer | None:
    return parse_customer(unwrap(body))


def _updated(customer_id: str, body: JSON) -> Customer:
    return _customer(body) or Customer(id=customer_id)


def _customers(body: JSON) -> Page[Customer] | None:
    return parse_page(body, parse_customer)


def _whole_customer(body: JSON) -> JSON | None:
    row = unwrap(body)
    return row if parse_customer(row) else None


def _anything(_body: Any) -> bool:
    return True
