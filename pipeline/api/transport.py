"""The one place that makes httpx clients, and that knows httpx's exceptions."""

import logging
import ssl
from enum import Enum
from typing import Final

import httpx

from pipeline.api.config import ApiConfig

_CLOSING: Final = 4
_KEEP_ALIVE: Final = 3.0  # seconds: shorter than any server keeps an idle connection

# At INFO httpx logs every address, and a search address holds an e-mail or a phone.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Loss(Enum):
    """What a failed exchange means for the request."""

    NEVER_SENT = "the connection never opened"
    LOST = "the connection was lost, or the answer did not come in time"
    UNREADABLE = "the answer cannot be read"
    MISUSED = "the request cannot be made"


LOSSES: Final[tuple[tuple[type[Exception], Loss], ...]] = (
    # Most specific first. What is not certain never to have left counts as lost.
    (httpx.ConnectTimeout, Loss.NEVER_SENT),
    (httpx.PoolTimeout, Loss.NEVER_SENT),
    (httpx.ConnectError, Loss.NEVER_SENT),
    (httpx.ProxyError, Loss.NEVER_SENT),
    (httpx.UnsupportedProtocol, Loss.MISUSED),
    (httpx.InvalidURL, Loss.MISUSED),
    (httpx.CookieConflict, Loss.MISUSED),
    (httpx.DecodingError, Loss.UNREADABLE),
    (httpx.TooManyRedirects, Loss.UNREADABLE),
    (httpx.HTTPStatusError, Loss.UNREADABLE),
    (httpx.TimeoutException, Loss.LOST),
    (httpx.NetworkError, Loss.LOST),
    (httpx.ProtocolError, Loss.LOST),
    (httpx.TransportError, Loss.LOST),
    (httpx.RequestError, Loss.LOST),
    (httpx.HTTPError, Loss.LOST),
    (httpx.StreamError, Loss.LOST),
)

FOREIGN: Final = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
)
"""Everything that httpx raises; the table above names what each means."""


def loss_of(error: Exception) -> Loss:
    """Return what an exception of httpx means for the request."""
    return next(loss for kind, loss in LOSSES if isinstance(error, kind))


def make_clients(
    config: ApiConfig, transport: httpx.AsyncBaseTransport | None = None
) -> list[httpx.AsyncClient]:
    """Return a client for each request that may be on its way, each with a connection.

    The pool of a client looks through all its connections at every request, which
    costs more than the request where there are many.
    """
    context = httpx.create_ssl_context()  # made once: it reads every certificate
    return [_make_client(config, context, transport) for _ in range(config.concurrency)]


def _make_client(
    config: ApiConfig,
    context: ssl.SSLContext,
    transport: httpx.AsyncBaseTransport | None,
) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        headers=headers_of(config),
        timeout=httpx.Timeout(config.timeout),
        limits=httpx.Limits(
            # One is in use; another may open while one that was lost is closing.
            max_connections=_CLOSING,
            max_keepalive_connections=1,
            keepalive_expiry=_KEEP_ALIVE,
        ),
        follow_redirects=False,
        # A proxy would carry the key in clear where the address is plain http.
        trust_env=not config.is_loopback,
        verify=context,
        transport=transport,
    )


def headers_of(config: ApiConfig) -> dict[str, str]:
    """Return the headers of every request: the raw key, never `Bearer`."""
    headers = {
        "Authorization": config.key,
        "Accept": "application/json",
        "User-Agent": "notchpay-pipeline",
    }
    return headers if config.sync is None else headers | {"X-Sync": config.sync}
