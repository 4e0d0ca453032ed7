"""Keep accounts apart: the key is that of the expected account, a folder of one only."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.errors import SettingsError
from pipeline.files.stores import is_remote, store_at
from pipeline.settings import Settings
from schemas.api import Account

OWNER = "account.json"
"""File of an exports folder that says whose exports lie there."""


def check_expected(settings: Settings, account: Account) -> None:
    """Stop where the key does not belong to the account that is expected.

    Raises:
        SettingsError: It is another merchant's, or test where live is expected.
    """
    for wanted, found, name in (
        (settings.expect_env, account.env, "NOTCHPAY_EXPECT_ENV"),
        (settings.expect_account, account.merchant, "NOTCHPAY_EXPECT_ACCOUNT"),
    ):
        if wanted and wanted != found:
            raise SettingsError(
                f"the key belongs to `{found or 'an unnamed account'}`, but"
                f" `{name}` is `{wanted}`",
                hint="check which key is set; nothing was written",
            )


def keep_apart(
    settings: Settings, account: Account, account_id: str, *, exports: bool = False
) -> None:
    """Stop where the exports folder is another account's; a profile claims it.

    Without a profile only what `exports` looks, and only at a folder that is claimed:
    the exports of two keys beside each other are as old as the tool.

    Raises:
        SettingsError: The folder is another account's.
    """
    folder = settings.exports_dir
    if not exports and (settings.profile is None or is_remote(folder)):
        return
    store = store_at(folder)
    owner = _told(store.read(OWNER))
    if owner is None and settings.profile is not None:
        latest = store.latest()
        owner = (latest and store.manifest(latest)) or None
    if owner is None:
        if settings.profile is not None:
            said = {"account": account_id, "env": account.env}
            store.write(OWNER, (json.dumps(said) + "\n").encode())
        return
    if owner.get("account") != account_id:
        raise SettingsError(
            f"the exports folder `{folder}` is that of another account"
            f" (`{owner.get('account')}`, {owner.get('env')}); this one is"
            f" `{account_id}` ({account.env})",
            hint="give each account an exports folder of its own (`exports_dir` of the"
            " profile, `NOTCHPAY_EXPORTS_DIR`); nothing was written."
            f" If it is one account under a new key, correct `{OWNER}` there",
        )


def _told(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}
