"""The hook of connection type `notchpay`: a connection as settings, and whether it works."""

import asyncio
from typing import Any

from airflow.sdk import BaseHook

from pipeline.airflow.connection import CONN_ID, settings_of
from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.governor import Rate
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.errors import PipelineError
from pipeline.settings import Settings
from schemas.api import Account


class NotchPayHook(BaseHook):
    """Gives the settings that a connection of type `notchpay` holds.

    Password: the public key. Host: the base URL, if another. Extra: `sync_id`, `rate`,
    `region` and every other setting by its name.
    """

    conn_name_attr = "notchpay_conn_id"
    default_conn_name = CONN_ID
    conn_type = "notchpay"
    hook_name = "Notch Pay"

    def __init__(self, notchpay_conn_id: str = CONN_ID) -> None:
        super().__init__()
        self.notchpay_conn_id = notchpay_conn_id

    def get_conn(self) -> Settings:
        """Return the settings, which every command takes.

        Raises:
            SettingsError: The extra holds what is no setting, or a wrong value.
        """
        return self.settings()

    def settings(self, **given: Any) -> Settings:
        """Return the settings of the connection; `given` come before them."""
        return settings_of(self.get_connection(self.notchpay_conn_id), given)

    def test_connection(self) -> tuple[bool, str]:
        """Ask the API whose key this is; nothing is written, here or there."""
        try:
            settings = self.settings()
            account = asyncio.run(_account(settings))
        except PipelineError as error:
            return False, error.message + (f" ({error.hint})" if error.hint else "")
        name = account.merchant or "an account the API does not name"
        return True, f"{name} ({account.env}) answers at {settings.base_url}"


async def _account(settings: Settings) -> Account:
    config = ApiConfig(
        base_url=settings.base_url,
        key=settings.key(),
        sync=settings.sync,
        timeout=settings.timeout,
        concurrency=1,
    )
    pace = Pace(
        MemoryPaceStore(),
        Rate.parse(settings.rate),
        share=settings.rate_share,
        concurrency=1,
    )
    try:
        async with NotchPayClient(config, pace) as client:
            return await client.account()
    finally:
        pace.close()
