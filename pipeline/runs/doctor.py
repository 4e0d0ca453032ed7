"""`doctor`: look at everything a run needs, and say what to mend.

Every look answers with one line; none of them writes to the API.
"""

import asyncio
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.errors import PipelineError
from pipeline.runs.connect import connect, open_database
from pipeline.runs.talk import Silence
from pipeline.settings import Settings

LOW_DISK = 500_000_000
"""Bytes below which a large file may not fit into staging."""
CLOCK_SECONDS = 60.0
_OTHERS = 0o077


class Health(StrEnum):
    """How a look came out."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at, and the next step where it is not good."""

    name: str
    health: Health
    text: str
    hint: str = ""


def examine(settings: Settings) -> list[Look]:
    """Look at key, API, clock, proxy, state database, disk, folders and files."""
    looks: list[Look] = []
    for look in (_key, _pace, _proxy, _api, _clock, _state, _disk, _folders, _env_file):
        looks.extend(look(settings))
    return looks


def _said(name: str, error: PipelineError) -> Look:
    return Look(name, Health.BAD, error.message, error.hint or "")


def _key(settings: Settings) -> Iterator[Look]:
    try:
        key = settings.key()
    except PipelineError as error:
        yield _said("key", error)
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
    if path is not None and path.exists() and path.stat().st_mode & _OTHERS:
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
        yield _said("pace", error)
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
    if proxy and not proxy_bypass(host):
        where = urlsplit(proxy).hostname or "set"
        yield Look(
            "proxy",
            Health.DOUBT,
            f"requests go through the proxy `{where}`",
            "set `NO_PROXY` for the API's host if that is not meant",
        )


def _api(settings: Settings) -> Iterator[Look]:
    async def ask() -> str:
        async with connect(settings, Silence()) as connection:
            account = connection.account
            await connection.client.customers(page=1, limit=1)
            name = account.merchant or "an account the API does not name"
            return f"{name} ({account.env}) answers at {settings.base_url}"

    try:
        yield Look("API", Health.GOOD, asyncio.run(ask()))
    except PipelineError as error:
        yield _said("API", error)


def _clock(settings: Settings) -> Iterator[Look]:
    try:
        ApiConfig(base_url=settings.base_url, key="x")
        answer = httpx.head(settings.base_url, timeout=settings.timeout)
        told = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (PipelineError, httpx.HTTPError, KeyError, ValueError):
        return  # the API's own look says what is wrong, or it tells no time
    ahead = time.time() - told
    if abs(ahead) > CLOCK_SECONDS:
        yield Look(
            "clock",
            Health.DOUBT,
            f"this machine's clock differs by {ahead:+.0f} s from the API's",
            "set the clock (ntp); dates and waits depend on it",
        )
    else:
        yield Look("clock", Health.GOOD, "the clock agrees with the API's")


def _state(settings: Settings) -> Iterator[Look]:
    try:
        with open_database(settings) as state:
            state.now()
            state.key_of("email", "doctor")
    except PipelineError as error:
        yield _said("state database", error)
        return
    kind = "PostgreSQL" if "postgresql" in settings.database_url() else "SQLite"
    yield Look(
        "state database",
        Health.GOOD,
        f"{kind} can be read and written",
        "back up the database and `state.key` to different places",
    )


def _disk(settings: Settings) -> Iterator[Look]:
    for name, folder in (
        ("runs folder", settings.runs_dir),
        ("exports folder", settings.exports_dir),
    ):
        if "://" in folder:
            continue
        place = _existing(Path(folder))
        free = shutil.disk_usage(place).free
        if not os.access(place, os.W_OK):
            yield Look(
                name,
                Health.BAD,
                f"`{place}` cannot be written",
                "change its owner or mode, or name another folder",
            )
        elif free < LOW_DISK:
            yield Look(
                name,
                Health.DOUBT,
                f"only {free // 1_000_000} MB are free at `{place}`",
                "`notchpay-pipeline runs prune` removes old runs",
            )
        else:
            yield Look(name, Health.GOOD, f"`{folder}`: {free // 10**9} GB free")


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _folders(settings: Settings) -> Iterator[Look]:
    names: tuple[tuple[str, Callable[[], str]], ...] = (
        ("NOTCHPAY_RUNS_DIR", lambda: settings.runs_dir),
        ("NOTCHPAY_EXPORTS_DIR", lambda: settings.exports_dir),
    )
    for name, folder in names:
        if "://" not in folder() and not Path(folder()).is_absolute():
            yield Look(
                name,
                Health.DOUBT,
                f"`{folder()}` is relative: it depends on where a command is started",
                "cron starts in the home folder; name an absolute path there",
            )


def _env_file(_: Settings) -> Iterator[Look]:
    path = Path(".env")
    if path.is_file() and stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        yield Look(
            ".env", Health.DOUBT, "`.env` can be read by others", "chmod 600 .env"
        )
