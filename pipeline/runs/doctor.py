"""`doctor`: look at everything a run needs, and say what to mend.

Every look answers with one line; none of them writes to the API.
"""

import asyncio
import ssl
import time
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from zoneinfo import ZoneInfo

import httpx

from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.errors import PipelineError
from pipeline.report.folder import summaries
from pipeline.runs.connect import connect, open_database
from pipeline.runs.doctor_places import OTHERS, PLACES
from pipeline.runs.looks import Health, Look, said
from pipeline.runs.talk import Silence
from pipeline.settings import Settings, is_loopback
from pipeline.state.notes import Notes
from schemas.api import Account

CLOCK_SECONDS = 60.0
_ENVS = ("test", "live")


def examine(settings: Settings) -> list[Look]:
    """Look at key, API, certificate, clock, proxy, database, disk, folders, times."""
    looks: list[Look] = []
    for look in (_key, _pace, _proxy, _api, _web, _state, _times, _notify, *PLACES):
        looks.extend(look(settings))
    return looks


def _key(settings: Settings) -> Iterator[Look]:
    try:
        key = settings.key()
    except PipelineError as error:
        yield said("key", error)
        return
    lower = key.lower()
    if lower.startswith("bearer"):
        yield Look(
            "key",
            Health.BAD,
            "the key begins with `Bearer`",
            "set the key alone: the API wants it raw",
        )
    elif lower.startswith(("sk", "hsk")):
        yield Look(
            "key",
            Health.BAD,
            "this looks like a private key",
            "customers need only the public key, which begins with `pk`",
        )
    elif any(c.isspace() for c in key) or key[:1] in "'\"":
        yield Look(
            "key", Health.BAD, "the key holds blanks or quotes", "paste it again, alone"
        )
    else:
        kind = "test" if "test" in lower or lower.startswith("sb.") else "live"
        yield Look("key", Health.GOOD, f"a key is set; it looks like a {kind} key")
    path = settings.api_key_file
    if path is not None and path.exists() and path.stat().st_mode & OTHERS:
        yield Look(
            "key file",
            Health.DOUBT,
            f"`{path}` can be read by others",
            f"chmod 600 {path}",
        )


def _pace(settings: Settings) -> Iterator[Look]:
    try:
        rate = Rate.parse(settings.rate)
    except PipelineError as error:
        yield said("pace", error)
        return
    if rate is None:
        yield Look(
            "pace",
            Health.DOUBT,
            "no pace is set (`off`)",
            "set `NOTCHPAY_RATE` against a real API, for example 100/60",
        )
    else:
        text = f"{rate.requests} requests in {rate.seconds:g} s"
        yield Look("pace", Health.GOOD, f"{text}, share {settings.rate_share:g}")


def _proxy(settings: Settings) -> Iterator[Look]:
    host = urlsplit(settings.base_url).hostname or ""
    proxy = getproxies().get(urlsplit(settings.base_url).scheme)
    if proxy and not is_loopback(settings.base_url) and not proxy_bypass(host):
        where = urlsplit(proxy).hostname or "set"
        yield Look(
            "proxy",
            Health.DOUBT,
            f"requests go through the proxy `{where}`",
            "set `NO_PROXY` for the API's host if that is not meant",
        )


def _api(settings: Settings) -> Iterator[Look]:
    async def ask() -> Account:
        async with connect(settings, Silence()) as connection:
            await connection.client.customers(page=1, limit=1)
            return connection.account

    try:
        account = asyncio.run(ask())
    except PipelineError as error:
        yield said("API", error)
        return
    name = account.merchant or "an account the API does not name"
    text = f"{name} ({account.env}) answers at {settings.base_url}"
    yield Look("API", Health.GOOD, text)
    yield from _same_data(settings, account)


def _same_data(settings: Settings, account: Account) -> Iterator[Look]:
    """Say where the newest import wrote to live data and the key is of test, or so."""
    if not settings.runs_is_local:
        return
    told = [
        summary
        for summary in summaries(Path(settings.runs_dir))
        if summary.get("command") == "import" and summary.get("env") in _ENVS
    ]
    if told and account.env in _ENVS and told[-1]["env"] != account.env:
        yield Look(
            "data",
            Health.DOUBT,
            f"this is a {account.env} key, but the newest import here"
            f" ({told[-1]['run_id']}) went to {told[-1]['env']} data",
            "check which key is set; name another `NOTCHPAY_RUNS_DIR` for tests, and"
            f" `NOTCHPAY_EXPECT_ENV={told[-1]['env']}` where a mistake must not happen",
        )


def _web(settings: Settings) -> Iterator[Look]:
    """Look at the certificate and the clock of who answers at the API's address."""
    try:
        ApiConfig(base_url=settings.base_url, key="x")
        answer = httpx.head(
            settings.base_url,
            timeout=settings.timeout,
            trust_env=not is_loopback(settings.base_url),
        )
    except httpx.ConnectError as error:
        yield from _certificate(settings, error)
        return
    except (PipelineError, httpx.HTTPError):
        return  # the API's own look says what is wrong
    if answer.url.scheme == "https":
        text = f"that of `{answer.url.host}` is trusted"
        yield Look("certificate", Health.GOOD, text)
    yield from _clock(answer.headers.get("date", ""))


def _certificate(settings: Settings, error: BaseException) -> Iterator[Look]:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return  # the API's own look says what is wrong
    why = getattr(cause, "verify_message", "") or "no TLS connection"
    yield Look(
        "certificate",
        Health.BAD,
        f"that of `{urlsplit(settings.base_url).hostname}` is not trusted here: {why}",
        "check the clock, and whether a proxy opens the traffic; `SSL_CERT_FILE` names"
        " the certificates to trust besides",
    )


def _clock(date: str) -> Iterator[Look]:
    try:
        told = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return  # the API tells no time
    ahead = time.time() - told
    if abs(ahead) > CLOCK_SECONDS:
        yield Look(
            "clock",
            Health.DOUBT,
            f"this machine's clock differs by {ahead:+.0f} s from the API's",
            "set the clock (ntp); dates, waits and certificates depend on it",
        )
    else:
        yield Look("clock", Health.GOOD, "the clock agrees with the API's")


def _state(settings: Settings) -> Iterator[Look]:
    try:
        with open_database(settings) as state:
            state.key_of("email", "doctor")
            Notes(state, "doctor").put("looked_at", str(state.now()))
    except PipelineError as error:
        yield said("state database", error)
        return
    kind = "PostgreSQL" if "postgresql" in settings.database_url() else "SQLite"
    yield Look(
        "state database",
        Health.GOOD,
        f"{kind} can be read and written",
        "back up the database and `state.key` to different places",
    )


def _times(settings: Settings) -> Iterator[Look]:
    now = datetime.now(ZoneInfo(settings.timezone))
    here = now.astimezone()  # the zone of the machine, as cron has it
    if here.utcoffset() != now.utcoffset():
        yield Look(
            "time zone",
            Health.DOUBT,
            f"it is {here:%H:%M} on this machine and {now:%H:%M} in"
            f" `{settings.timezone}`",
            "cron goes by the machine; `--window`, dates and months by"
            " `NOTCHPAY_TIMEZONE`",
        )
    else:
        text = f"`{settings.timezone}`, as on this machine"
        yield Look("time zone", Health.GOOD, text)


def _notify(settings: Settings) -> Iterator[Look]:
    if settings.notify_url is not None:
        host = urlsplit(settings.notify_url.get_secret_value()).hostname
        yield Look("notifications", Health.GOOD, f"counts of runs go to `{host}`")
