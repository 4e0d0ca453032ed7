"""Open what a command needs outside: the API's client, the state database, the account."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.api.client import NotchPayClient
from pipeline.api.clock import Clock, RealClock
from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.api.pace import Pace
from pipeline.existing.finder import Finder, PhoneForm
from pipeline.files.publish import private_folder
from pipeline.runs.apart import check_expected, keep_apart
from pipeline.runs.talk import Talk, said
from pipeline.settings import Settings
from pipeline.state.notes import Notes
from pipeline.state.pace import DatabasePaceStore
from pipeline.state.store import State, open_state
from schemas.api import Account


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to one account: client, state database, and who the account is."""

    settings: Settings
    client: NotchPayClient
    state: State
    clock: Clock
    account: Account
    account_id: str

    def finder(self) -> Finder:
        """Return a finder that remembers the search's phone form for this account."""
        notes = Notes(self.state, self.account_id)
        known = notes.get("phone_form")
        return Finder(
            self.client,
            self.settings.region,
            concurrency=self.settings.concurrency,
            phone_form=PhoneForm(known) if known else None,
            on_learnt=lambda form: notes.put("phone_form", str(form)),
        )

    def claim_keys(self, email: str | None, phone: str | None) -> tuple[str, ...]:
        """Return the keyed hashes under which a create claims its contacts."""
        keys = (("email", email), ("phone", phone))
        return tuple(self.state.key_of(kind, value) for kind, value in keys if value)


def key_hash(settings: Settings) -> str:
    """Return a hash by which a key is told from another; it cannot be turned back."""
    text = f"{settings.base_url}\n{settings.key()}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def open_database(settings: Settings, *, create: bool = True) -> State:
    """Open the state database of `settings`."""
    if settings.runs_is_local:
        private_folder(Path(settings.runs_dir))
    return open_state(
        settings.database_url(), create=create, secret_path=settings.state_key_file
    )


@asynccontextmanager
async def connect(
    settings: Settings, talk: Talk, *, clock: Clock | None = None
) -> AsyncIterator[Connection]:
    """Open client and state, and ask whose key this is.

    Raises:
        SettingsError: No key, the account is not the expected one, or the profile's
            exports folder is another account's.
        KeyRefusedError: The API refuses the key.
        ApiUnreachableError: The API gives no usable answer.
        StateError: The state database is out of reach.
    """
    clock = clock or RealClock()
    config = ApiConfig(
        base_url=settings.base_url,
        key=settings.key(),
        sync=settings.sync,
        timeout=settings.timeout,
        concurrency=settings.concurrency,
    )
    rate = Rate.parse(settings.rate)
    with open_database(settings) as state:
        pace = Pace(
            DatabasePaceStore(state, key_hash(settings)),
            rate,
            share=settings.rate_share,
            concurrency=settings.concurrency,
            clock=clock,
            on_pause=lambda until: talk.say(_paused(until, settings)),
        )
        try:
            async with NotchPayClient(config, pace) as client:
                account = await client.account()
                check_expected(settings, account)
                account_id = state.account(
                    settings.base_url,
                    # A merchant's test and live data are two worlds behind one name.
                    account.merchant and f"{account.merchant}/{account.env}",
                    key_hash(settings),
                    settings.sync,
                )
                keep_apart(settings, account, account_id)
                yield Connection(settings, client, state, clock, account, account_id)
        finally:
            pace.close()


def _paused(until: float, settings: Settings) -> str:
    at = datetime.fromtimestamp(until).astimezone()
    return said(settings, "paused", at=f"{at:%H:%M:%S}")


def account_line(account: Account, settings: Settings) -> str:
    """Return the first line of plan and import: whose account, live or test."""
    name = account.merchant or said(settings, "no_name")
    sync = said(settings, "sync", sync=settings.sync) if settings.sync else ""
    line = said(settings, "account", name=name, env=account.env, url=settings.base_url)
    return line + sync
