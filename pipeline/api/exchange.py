"""One request and what its answer means: sent at the pace, judged, sent again.

What a request is worth when its answer is lost is decided here and nowhere else: a
create is only repeated where it was certainly refused or never sent.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, NoReturn, TypeVar

import httpx

from pipeline.api.config import ApiConfig
from pipeline.api.decode import decode, decode_exactly, has_fractions
from pipeline.api.errors import (
    InDoubt,
    NotFound,
    RefusedByApi,
    Unavailable,
    UnusableAnswer,
    said_by,
    scrub,
    sent_values,
)
from pipeline.api.headers import TOO_MANY, retry_after
from pipeline.api.pace import Pace
from pipeline.api.retry import Again, RetryPolicy, try_again
from pipeline.api.stats import ApiStats
from pipeline.api.transport import FOREIGN, Loss, loss_of, make_clients
from pipeline.errors import ApiUnreachableError, KeyRefusedError, SettingsError

T = TypeVar("T")

_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
_REFUSALS: Final = range(400, 500)
_TIMED_OUT: Final = 408
_NOT_FOUND: Final = 404
_KEY_REFUSED: Final = (401, 403)
_BROKEN: Final = 500  # the live API also answers it to a row that it dislikes

KEY_HINT: Final = (
    "use the public key of the account, raw: no `Bearer` in front, not the private key "
    "(`sk…`), live and test keys are not mixed, and `NOTCHPAY_SYNC` belongs to it"
)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request and how its answer is read.

    `parse(body)` gets the decoded JSON (None for an empty body) of a 2xx answer and
    returns None where that is not what was asked for. `of_record` says that the path
    names a record, which may be missing; `is_probe` that any 2xx answer will do; `of_money`
    that fractions are to be read as exact decimals.
    """

    operation: str
    method: str
    path: str
    parse: Callable[[Any], T | None]
    body: bytes | None = None
    is_create: bool = False
    of_record: bool = False
    is_probe: bool = False
    of_money: bool = False


class Exchange:
    """Sends calls, each as often as its policy says."""

    def __init__(
        self,
        config: ApiConfig,
        pace: Pace,
        *,
        transport: httpx.AsyncBaseTransport | None,
        stats: ApiStats,
        policy: RetryPolicy,
    ) -> None:
        self.stats = stats
        self._config = config
        self._pace = pace
        self._policy = policy
        self._clients = make_clients(config, transport)
        self._idle = list(self._clients)
        self._gate = asyncio.Semaphore(config.concurrency)
        self._has_worked = False

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients:
            await client.aclose()
        self._pace.close()

    async def run(self, call: Call[T]) -> T:
        """Return what the call is answered.

        Raises:
            NotFound, RefusedByApi, KeyRefusedError, ApiUnreachableError, Unavailable;
            InDoubt of a create only.
        """
        try:
            return await self._attempt(call)
        except Again as first:
            failure = first
        try:
            return await try_again(
                failure,
                lambda: self._attempt(call),
                policy=self._policy,
                has_worked=lambda: self._has_worked,
                sleep=self._pace.waits.sleep,
                on_retry=self.stats.retried,
            )
        except Again as last:
            raise self._given_up(last) from last

    async def _attempt(self, call: Call[T]) -> T:
        async with self._gate:
            slot = await self._pace.acquire()
            self.stats.sent(call.operation)
            try:
                response = await self._send(call)
            except FOREIGN as error:
                self._judge_loss(call, error)
        self._pace.answered(slot, response.status_code, response.headers)
        return self._judge(call, response)

    async def _send(self, call: Call[T]) -> httpx.Response:
        # The gate lets in as many as there are; the last one used has a live connection.
        client = self._idle.pop()
        try:
            return await client.send(self._request(client, call))
        finally:
            self._idle.append(client)

    def _request(self, client: httpx.AsyncClient, call: Call[T]) -> httpx.Request:
        headers = None if call.body is None else {"Content-Type": "application/json"}
        return client.build_request(
            call.method,
            self._config.base_url + call.path,
            content=call.body,
            headers=headers,
        )

    def _judge_loss(self, call: Call[T], error: Exception) -> NoReturn:
        """Say what an exception of httpx means for the call."""
        loss = loss_of(error)
        detail = scrub(str(error), self._config.key) or type(error).__name__
        reason = f"{loss.value} ({detail})"
        if loss is Loss.MISUSED:
            raise SettingsError(
                reason, hint="check `NOTCHPAY_BASE_URL` and the proxy settings"
            ) from error
        if loss is Loss.NEVER_SENT:
            raise Again(reason, is_outage=True, is_sent=False) from error
        if call.is_create:
            raise InDoubt(reason) from error
        raise Again(reason, is_outage=loss is Loss.LOST) from error

    def _judge(self, call: Call[T], response: httpx.Response) -> T:
        """Return what a good answer holds; raise what any other means."""
        status = response.status_code
        if status in _OK:
            return self._read(call, response)
        if status == TOO_MANY:
            self.stats.throttled()
            wait = retry_after(response.headers, self._pace.clock.time()) or 0.0
            raise Again(
                "too many requests", status=status, wait=wait, told=True, is_sent=False
            )
        if status in _REFUSALS and status != _TIMED_OUT:
            self._refuse(call, response)
        reason = f"the answer was {status}"
        if call.is_create:
            raise InDoubt(reason, status)
        if status in _REDIRECTS:
            raise self._redirected(response)
        wait = retry_after(response.headers, self._pace.clock.time()) or 0.0
        raise Again(
            reason, status=status, wait=wait, told=wait > 0, is_outage=status != _BROKEN
        )

    def _read(self, call: Call[T], response: httpx.Response) -> T:
        status = response.status_code
        reason = "the answer lacks what was asked for"
        try:
            is_exact = call.of_money and has_fractions(response.content)
            body = (decode_exactly if is_exact else decode)(response.content)
            parsed = call.parse(body)
        except ValueError:
            reason = f"the answer is {_kind(response)}, not JSON"
            body, parsed = None, call.parse(None) if call.is_probe else None
        if parsed is not None:
            self._has_worked |= body is not None
            return parsed
        if call.is_create:
            raise InDoubt(reason, status)
        raise Again(reason, status=status)

    def _refuse(self, call: Call[T], response: httpx.Response) -> NoReturn:
        status = response.status_code
        try:
            body = decode(response.content)
        except ValueError:
            body = None
        sent = sent_values(call.body)
        message, errors = said_by(body, self._config.key, sent)
        if status in _KEY_REFUSED:
            said = f": {message}" if message else ""
            raise KeyRefusedError(
                f"`{self._config.base_url}` refuses the key ({status}){said}",
                hint=KEY_HINT,
            )
        if status == _NOT_FOUND and call.of_record:
            raise NotFound(message or "the API knows no such record")
        if status == _NOT_FOUND and not self._has_worked:
            raise self._unusable(f"the answer is {_kind(response)}", status)
        raise RefusedByApi(status, message, errors)

    def _redirected(self, response: httpx.Response) -> UnusableAnswer:
        """Name the host that the answer points to; it never gets the key."""
        target = response.next_request
        host = target.url.host if target is not None else "another address"
        return UnusableAnswer(
            f"`{self._config.base_url}` redirects ({response.status_code}) to "
            f"`{host}`; the key is not sent on",
            response.status_code,
            hint="set `NOTCHPAY_BASE_URL` to the address of the API itself",
        )

    def _given_up(self, last: Again) -> Exception:
        """Return what a spent policy means: this request failed, or nothing works."""
        if self._has_worked or last.told:
            return Unavailable(last.reason, last.status)
        if last.status is None:
            return ApiUnreachableError(
                f"`{self._config.base_url}` cannot be reached: {last.reason}",
                hint="check the network, the proxy and `NOTCHPAY_BASE_URL`",
            )
        return self._unusable(last.reason, last.status)

    def _unusable(self, reason: str, status: int) -> UnusableAnswer:
        return UnusableAnswer(
            f"`{self._config.base_url}` does not answer as the API: {reason} "
            f"(status {status})",
            status,
            hint="check `NOTCHPAY_BASE_URL`, and whether a proxy or a login page "
            "stands in between; else try again later",
        )


def _kind(response: httpx.Response) -> str:
    kind: str = response.headers.get("content-type", "").partition(";")[0]
    return (
        "HTML"
        if "html" in kind or response.content[:1] == b"<"
        else "text of no form we know"
    )
