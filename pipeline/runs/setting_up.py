"""`init`: try a key against the API, then write what an account needs into its files."""

import asyncio
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.errors import SettingsError, UsageError
from pipeline.files.envfile import conflicts, set_values
from pipeline.files.publish import write_text
from pipeline.profiles import TABLE
from pipeline.settings import Settings
from schemas.api import Account

ENV_FILE = Path(".env")
CONFIG = Path("notchpay.toml")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,40}")
_DEFAULT_URL = "https://api.notchpay.co"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be set up; without `profile` everything goes into `.env`."""

    key: str
    settings: Settings
    profile: str | None = None
    config: Path = CONFIG
    overwrite: bool = False


def check_key(key: str) -> None:
    """Refuse what no public key looks like, without showing it.

    Raises:
        SettingsError: `Bearer` before it, a private key, blanks or quotes.
    """
    lower = key.lower()
    if not key:
        raise SettingsError("the key is empty")
    if lower.startswith("bearer"):
        raise SettingsError(
            "the key begins with `Bearer`",
            hint="give the key alone: the API wants it raw",
        )
    if lower.startswith(("sk", "hsk")):
        raise SettingsError(
            "this looks like a private key",
            hint="customers need only the public key, which begins with `pk`",
        )
    if any(mark.isspace() for mark in key) or key[0] in "'\"":
        raise SettingsError(
            "the key holds blanks or quotes", hint="paste it again, alone"
        )


def try_key(settings: Settings, key: str) -> Account:
    """Ask the API whose key this is, and for one customer.

    Raises:
        KeyRefusedError: The API refuses the key.
        ApiUnreachableError: The API gives no usable answer.
    """
    return asyncio.run(_try(settings, key))


async def _try(settings: Settings, key: str) -> Account:
    config = ApiConfig(
        base_url=settings.base_url,
        key=key,
        sync=settings.sync,
        timeout=settings.timeout,
    )
    pace = Pace(MemoryPaceStore(), Rate.parse(settings.rate))
    try:
        async with NotchPayClient(config, pace) as client:
            account = await client.account()
            await client.customers(page=1, limit=1)
            return account
    finally:
        pace.close()


def check_free(wanted: Wanted) -> None:
    """Refuse a profile that is there, and variables that `.env` sets otherwise.

    Raises:
        UsageError: A name that none can be, or a profile that is there already.
        SettingsError: A variable would be replaced, and nobody said it may.
    """
    if wanted.profile is not None:
        if not _NAME.fullmatch(wanted.profile):
            raise UsageError(
                f"`{wanted.profile}` is no name of a profile",
                hint="letters, digits, - and _",
            )
        if wanted.profile in _tables(wanted.config).get(TABLE, {}):
            raise UsageError(
                f"`{wanted.config}` has the profile `{wanted.profile}` already",
                hint="correct it there, or take another name",
            )
    taken = conflicts(ENV_FILE, env_values(wanted))
    if taken and not wanted.overwrite:
        raise SettingsError(
            f"`{ENV_FILE}` sets {', '.join(taken)} otherwise",
            hint="nothing was written; `--yes` replaces them",
        )


def write(wanted: Wanted, account: Account | None) -> list[Path]:
    """Write the files; return them. `account` is None where the key was not tried.

    Raises:
        DiskError: One cannot be written.
    """
    set_values(ENV_FILE, env_values(wanted))
    if wanted.profile is None:
        return [ENV_FILE]
    before = ""
    if wanted.config.exists():
        before = wanted.config.read_text(encoding="utf-8").rstrip() + "\n\n"
    write_text(wanted.config, before + _profile(wanted, account))
    return [ENV_FILE, wanted.config]


def env_values(wanted: Wanted) -> dict[str, str]:
    """Return the variables that go into `.env`."""
    settings = wanted.settings
    if wanted.profile is not None:
        return {
            _variable(wanted.profile): wanted.key,
            "NOTCHPAY_CONFIG": str(wanted.config),
        }
    values = {
        "NOTCHPAY_API_KEY": wanted.key,
        "NOTCHPAY_REGION": settings.region,
        "NOTCHPAY_TIMEZONE": settings.timezone,
        "NOTCHPAY_LANG": settings.lang,
    }
    if settings.base_url != _DEFAULT_URL:
        values["NOTCHPAY_BASE_URL"] = settings.base_url
    if settings.sync:
        values["NOTCHPAY_SYNC"] = settings.sync
    return values


def _variable(profile: str) -> str:
    return "NOTCHPAY_KEY_" + re.sub(r"[^A-Z0-9]", "_", profile.upper())


def _profile(wanted: Wanted, account: Account | None) -> str:
    """Return the table of the profile as TOML."""
    name, settings = wanted.profile or "", wanted.settings
    env = account.env if account else ""
    values = {
        "api_key_env": _variable(name),
        "sync": settings.sync,
        "base_url": None if settings.base_url == _DEFAULT_URL else settings.base_url,
        "region": settings.region,
        "timezone": settings.timezone,
        "lang": settings.lang,
        "runs_dir": f"runs/{name}",
        "exports_dir": f"exports/{name}",
        "expect_account": account.merchant if account else None,
        "expect_env": env if env in ("live", "test") else None,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in values.items() if value]
    return "\n".join([f"[{TABLE}.{name}]", *lines]) + "\n"


def _quoted(text: str) -> str:
    """Return a text as TOML has it; escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _tables(config: Path) -> Mapping[str, Mapping[str, object]]:
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"`{config}` cannot be read as TOML") from error
