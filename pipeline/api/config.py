"""Where the API is and how it is spoken to: one frozen value, checked when made."""

import ipaddress
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from pipeline.errors import SettingsError

UpdateMethod = Literal["auto", "post", "put"]

_HTTP: Final = "http"
_HTTPS: Final = "https"


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Address, key and limits of the API client; the key never shows in `repr`.

    `timeout` is in seconds, for connecting and between two bytes. `update_method`
    auto begins with POST and remembers PUT where the API wants that.

    Raises:
        SettingsError: an address or key that must not or cannot be used.
    """

    base_url: str
    key: str = field(repr=False)
    sync: str | None = None
    timeout: float = 30.0
    concurrency: int = 8
    update_method: UpdateMethod = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "base_url", _checked_url(self.base_url))
        _check_header("NOTCHPAY_API_KEY", self.key)
        if self.sync is not None:
            _check_header("NOTCHPAY_SYNC", self.sync)
        if self.concurrency < 1:
            raise SettingsError(
                f"`NOTCHPAY_CONCURRENCY` is {self.concurrency}, the least is 1"
            )
        if not self.timeout > 0:
            raise SettingsError(f"`NOTCHPAY_TIMEOUT` is {self.timeout}, not above 0")

    @property
    def is_loopback(self) -> bool:
        """Whether the API runs on this machine."""
        return _is_loopback(urlsplit(self.base_url).hostname or "")


def _checked_url(url: str) -> str:
    """Return the address without a slash at its end."""
    parts = _split(url)
    if parts is None:
        raise SettingsError(
            "`NOTCHPAY_BASE_URL` is not an address",
            hint="write it like `https://api.notchpay.co`, with nothing after the path",
        )
    scheme, host = parts
    if scheme == _HTTP and not _is_loopback(host):
        raise SettingsError(
            f"`NOTCHPAY_BASE_URL` is plain http to `{host}`: the key could be read "
            "on the way",
            hint="use https; plain http is for loopback only",
        )
    return url.strip().rstrip("/")


def _split(url: str) -> tuple[str, str] | None:
    """Return scheme and host, or None where the address is not a plain one."""
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname, parts.port
    except ValueError:
        return None
    odd = parts.username is not None or parts.query or parts.fragment
    if parts.scheme not in {_HTTP, _HTTPS} or not host or odd:
        return None
    if not url.strip().isprintable() or " " in url.strip():
        return None
    return parts.scheme, host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_header(name: str, value: str) -> None:
    """Refuse what cannot stand in a header, without showing it."""
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise SettingsError(
            f"`{name}` is empty or holds a blank or a character no key has",
            hint="paste it again, without quotes, blanks or line ends",
        )
