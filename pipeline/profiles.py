"""Profiles of the TOML file: one account each, chosen by `--profile` or NOTCHPAY_PROFILE."""

import difflib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError

TABLE = "profiles"
_KEYS = ("api_key_env", "api_key_file")
"""How a profile names its key; one of the two."""
_NEVER = ("api_key", "config", "profile")
"""Settings that no profile may hold: a key in clear, and what chooses the profile."""


def profile_settings(
    tables: Mapping[str, Any], name: str, known: Collection[str], file: Path | None
) -> dict[str, Any]:
    """Return the settings of the profile `name`; its key replaces every other key.

    `tables` is the TOML file, `known` the names of all settings.

    Raises:
        SettingsError: There is no such profile, or one of its keys is none.
    """
    profiles = _profiles(tables, file)
    if name not in profiles:
        raise SettingsError(
            f"there is no profile `{name}`{_where(file)}", hint=_listed(profiles)
        )
    values = dict(profiles[name])
    allowed = sorted(set(known) - set(_NEVER))
    for key in values:
        if key in _NEVER:
            raise SettingsError(
                f"the profile `{name}` has the key `{key}`, which no profile may hold",
                hint="name the key by `api_key_env` (a variable) or `api_key_file`",
            )
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, n=1)
            begun = f"did you mean `{near[0]}`? " if near else ""
            raise SettingsError(
                f"the profile `{name}` has the key `{key}`, which is no setting",
                hint=f"{begun}settings are {', '.join(allowed)}",
            )
    if all(key in values for key in _KEYS):
        raise SettingsError(
            f"the profile `{name}` names its key twice",
            hint="keep `api_key_env` or `api_key_file`",
        )
    if any(key in values for key in _KEYS):
        # What the environment says of keys belongs to another account.
        values = {"api_key": None, **dict.fromkeys(_KEYS), **values}
    return values


def profile_names(tables: Mapping[str, Any], file: Path | None) -> tuple[str, ...]:
    """Return the names of all profiles, in the order of the file."""
    return tuple(_profiles(tables, file))


def _profiles(
    tables: Mapping[str, Any], file: Path | None
) -> Mapping[str, Mapping[str, Any]]:
    profiles = tables.get(TABLE, {})
    if not isinstance(profiles, Mapping):
        raise SettingsError(
            f"`{file}`: `profiles` is no table; write `[profiles.NAME]`"
        )
    for name, values in profiles.items():
        if not isinstance(values, Mapping):
            raise SettingsError(
                f"`{file}`: `profiles.{name}` is no table; write `[profiles.{name}]`"
            )
    return profiles


def _where(file: Path | None) -> str:
    return f" in `{file}`" if file else ": no settings file is named"


def _listed(profiles: Mapping[str, Any]) -> str:
    if profiles:
        return f"profiles are {', '.join(profiles)}"
    return "write `[profiles.NAME]` into a TOML file and name it by `--config`"
