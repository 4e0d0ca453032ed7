"""An Airflow connection as settings; read here where there is no Airflow to read it."""

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings

CONN_ID = "notchpay_default"
_ALIASES = {"sync_id": "sync"}
_OWN_FIELDS = {"api_key": "the password", "base_url": "the host"}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ConnectionLike(Protocol):
    """What is read of a connection, Airflow's own or `PlainConnection`."""

    host: str | None
    port: int | None
    schema: str | None
    password: str | None

    @property
    def extra_dejson(self) -> Mapping[str, Any]:
        """The extra as an object."""
        ...


@dataclass(frozen=True, slots=True)
class PlainConnection:
    """A connection of the environment, for a Python without Airflow."""

    host: str | None = None
    port: int | None = None
    schema: str | None = None
    password: str | None = None
    extra_dejson: Mapping[str, Any] = field(default_factory=dict)


def home() -> Path:
    """Return the folder of Airflow on this machine."""
    return Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()


def settings_of(
    connection: ConnectionLike | None, given: Mapping[str, Any] | None = None
) -> Settings:
    """Return the settings: `given`, then the connection, then as everywhere.

    Without a word about them, runs and exports lie below Airflow's home, and one
    process reads a file: a worker runs several tasks at a time.

    Raises:
        SettingsError: A key of the extra is no setting, or a value is wrong.
    """
    said = (_of(connection) if connection else {}) | _known(given or {}, "`settings`")
    config = said.pop("config", None)
    path = Path(str(config)) if config else None
    settings = load_settings(path, **said)
    place = home() / "notchpay"
    defaults = {
        "runs_dir": str(place / "runs"),
        "exports_dir": str(place / "exports"),
        "workers": 1,
    }
    unsaid = {k: v for k, v in defaults.items() if k not in settings.model_fields_set}
    return load_settings(path, **said, **unsaid)


def _of(connection: ConnectionLike) -> dict[str, Any]:
    said = _known(connection.extra_dejson, "the extra of the connection")
    if connection.password:
        said["api_key"] = connection.password
    if connection.host:
        said["base_url"] = _address(connection)
    return said


def _known(said: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the settings of `said` under their own names; empty ones are not said."""
    names = [name for name in Settings.model_fields if name not in _OWN_FIELDS]
    known = {}
    for key, value in said.items():
        name = _ALIASES.get(key, key)
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean `{near[0]}`?" if near else None
            if name in _OWN_FIELDS:
                hint = f"{_OWN_FIELDS[name]} of the connection holds it"
            raise SettingsError(f"{place} has `{key}`, which is no setting", hint=hint)
        if value not in (None, ""):
            known[name] = value
    return known


def _address(connection: ConnectionLike) -> str:
    """Return the base URL; a bare host is https, on loopback http."""
    host = str(connection.host).rstrip("/")
    if "://" not in host:
        scheme = connection.schema or ("http" if host in _LOOPBACK else "https")
        host = f"{scheme}://{host}"
    port = connection.port
    return host if port is None or urlsplit(host).port else f"{host}:{port}"


def from_environment(conn_id: str) -> PlainConnection:
    """Return the connection that `AIRFLOW_CONN_…` holds, as JSON or as a URI.

    Raises:
        SettingsError: There is none, or it is neither.
    """
    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    text = os.environ.get(name)
    if not text:
        raise SettingsError(
            f"the connection `{conn_id}` is not in the environment",
            hint=f"set `{name}`, or `conn_id=None` with `NOTCHPAY_API_KEY`",
        )
    try:
        return _from_json(text) if text.lstrip().startswith("{") else _from_uri(text)
    except (ValueError, TypeError, AttributeError):
        # What is wrong with it may hold the key.
        raise SettingsError(f"`{name}` is neither JSON nor a URI") from None


def _from_json(text: str) -> PlainConnection:
    said = json.loads(text)
    extra = said.get("extra") or {}
    port = said.get("port")
    return PlainConnection(
        host=said.get("host"),
        port=int(port) if port else None,
        schema=said.get("schema"),
        password=said.get("password"),
        extra_dejson=json.loads(extra) if isinstance(extra, str) else dict(extra),
    )


def _from_uri(text: str) -> PlainConnection:
    parts = urlsplit(text)
    extra = dict(parse_qsl(parts.query))
    packed = extra.pop("__extra__", None)
    return PlainConnection(
        host=unquote(parts.hostname) if parts.hostname else None,
        port=parts.port,
        schema=unquote(parts.path.lstrip("/")) or None,
        password=unquote(parts.password) if parts.password else None,
        extra_dejson=json.loads(packed) if packed else extra,
    )
