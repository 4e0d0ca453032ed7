"""One frozen Settings value: command line, environment, `.env`, TOML, then defaults."""

import difflib
import locale
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import SettingsError
from pipeline.profiles import TABLE, profile_settings

TABLES = ("rules", "metadata", "guards", "drift", "consent", TABLE)
"""Tables of the TOML file that are no settings; `pipeline.own` reads them."""

TWO_PERSON = r"rows\s*>\s*(\d+)(\s*,\s*users)?"
"""Form of the two-person rule: a number of rows, and whether users count too."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Settings(BaseSettings):
    """Every setting of the pipeline; `NOTCHPAY_` in capitals before the name.

    Sources, strongest first: arguments (the command line, and the profile that it
    names), environment, `.env`, the TOML file named by `--config`, the default.
    """

    model_config = SettingsConfigDict(
        env_prefix="NOTCHPAY_",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    api_key: SecretStr | None = None
    api_key_file: Path | None = None
    api_key_env: str | None = None
    sync: str | None = None
    base_url: str = "https://api.notchpay.co"
    rate: str = "100/60"
    rate_share: float = Field(1.0, gt=0, le=1)
    concurrency: int = Field(8, ge=1, le=64)
    timeout: float = Field(30.0, gt=0)
    region: str = "CM"
    timezone: str = "Africa/Douala"
    lang: str = Field(default_factory=lambda: _locale_language())  # noqa: PLW0108 - defined below
    runs_dir: str = "runs"
    exports_dir: str = "exports"
    state_url: str | None = None
    state_key_file: Path | None = None
    settle_seconds: float = Field(5.0, ge=0)
    import_key: str = "import_key"
    workers: int = Field(default_factory=lambda: min(os.cpu_count() or 1, 4), ge=1)
    duckdb_memory: str = "512MB"
    engine: str = "local"
    scheduler: str | None = None
    engine_folder: str | None = None
    notify_url: SecretStr | None = None
    expect_account: str | None = None
    expect_env: str | None = None
    retention: str = "90d"
    inbox: Annotated[tuple[str, ...], NoDecode] = ()
    two_person: str | None = None
    metadata_allow: Annotated[tuple[str, ...], NoDecode] = ()
    metadata_deny: Annotated[tuple[str, ...], NoDecode] = ()
    config: Path | None = None
    profile: str | None = None

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        from phonenumbers import SUPPORTED_REGIONS

        if value.upper() not in SUPPORTED_REGIONS:
            raise ValueError("is not a two-letter country code such as CM")
        return value.upper()

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is not a time zone name such as Africa/Douala") from error
        return value

    @field_validator("lang")
    @classmethod
    def _lang(cls, value: str) -> str:
        if value[:2].lower() not in ("en", "fr"):
            raise ValueError("is neither en nor fr")
        return value[:2].lower()

    @field_validator("expect_env")
    @classmethod
    def _expect_env(cls, value: str | None) -> str | None:
        if value is None:
            return None
        word = {"sandbox": "test"}.get(value.strip().lower(), value.strip().lower())
        if word not in ("live", "test"):
            raise ValueError("is neither live nor test")
        return word

    @field_validator("two_person")
    @classmethod
    def _two_person(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(TWO_PERSON, value.strip()):
            raise ValueError("is not `rows>N` or `rows>N,users`")
        return value

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        return _address(value).rstrip("/")

    @field_validator("notify_url")
    @classmethod
    def _notify_url(cls, value: SecretStr | None) -> SecretStr | None:
        return value and SecretStr(_address(value.get_secret_value()))

    @field_validator("retention")
    @classmethod
    def _retention(cls, value: str) -> str:
        if not re.fullmatch(r"off|\d+(\.\d+)?[smhd]?", value.strip().lower()):
            raise ValueError("is not a time such as 90d, nor off")
        return value.strip().lower()

    @field_validator("metadata_allow", "metadata_deny", "inbox", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources as the contract has them."""
        del file_secret_settings
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, toml

    def config_text(self) -> str:
        """Return the text of the TOML file; it is none where there is no file.

        Raises:
            SettingsError: The file can no longer be read.
        """
        return "" if self.config is None else _read_toml(self.config)

    @property
    def runs_is_local(self) -> bool:
        """Whether the runs folder lies on a local disk."""
        return "://" not in self.runs_dir

    def database_url(self) -> str:
        """Return the URL of the state database.

        Raises:
            SettingsError: The runs folder is remote and no state URL is set.
        """
        if self.state_url:
            return self.state_url
        if not self.runs_is_local:
            raise SettingsError(
                f"`NOTCHPAY_RUNS_DIR` is `{self.runs_dir}`, which cannot hold the state"
                " database",
                hint="set `NOTCHPAY_STATE_URL`, for example to a PostgreSQL URL",
            )
        return f"sqlite:///{Path(self.runs_dir).resolve() / 'state.db'}"

    def key(self) -> str:
        """Return the API key.

        Raises:
            SettingsError: No key is set, or its file cannot be read or is empty.
        """
        if self.api_key is not None:
            return self.api_key.get_secret_value().strip()
        if self.api_key_env is not None:
            return _key_in(self.api_key_env)
        if self.api_key_file is None:
            raise SettingsError(
                "no API key is set",
                hint="set `NOTCHPAY_API_KEY` or `NOTCHPAY_API_KEY_FILE` (the public key,"
                " without `Bearer`); `make demo` needs none",
            )
        try:
            key = self.api_key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"the key file `{self.api_key_file}` cannot be read",
                hint="check the path and its permissions",
            ) from error
        if not key:
            raise SettingsError(f"the key file `{self.api_key_file}` is empty")
        return key


def _key_in(variable: str) -> str:
    """Return the key that stands in a variable of the environment or of `.env`."""
    key = os.environ.get(variable) or _env_file().get(variable.lower()) or ""
    if not key.strip():
        raise SettingsError(
            f"no API key: the variable `{variable}` is not set",
            hint="set it, in the environment or in `.env`",
        )
    return key.strip()


def _env_file() -> Mapping[str, str | None]:
    """Return the variables of `.env`, their names in small letters."""
    if os.environ.get("NOTCHPAY_NO_ENV_FILE"):
        return {}
    return DotEnvSettingsSource(Settings, env_file=".env").env_vars


def is_loopback(address: str) -> bool:
    """Tell whether an http(s) address is of this machine."""
    return urlsplit(address).hostname in _LOOPBACK


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not an http(s) address")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("is plain http; only loopback may be, use https")
    return value


def _locale_language() -> str:
    name = (
        os.environ.get("LC_ALL")
        or os.environ.get("LC_MESSAGES")
        or os.environ.get("LANG")
        or locale.getlocale()[0]
        or "en"
    )
    return "fr" if name.lower().startswith("fr") else "en"


def load_settings(config: Path | None = None, **arguments: Any) -> Settings:
    """Return the settings; `arguments` that are None are as if not given.

    The TOML file is `config`, else the one that `NOTCHPAY_CONFIG` names. What a profile
    says goes before environment and `.env`, so that two accounts never mix.

    Raises:
        SettingsError: A file cannot be read, or a value is wrong (named, never shown).
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    env_file = None if os.environ.get("NOTCHPAY_NO_ENV_FILE") else ".env"
    named = os.environ.get("NOTCHPAY_CONFIG") or _env_file().get("notchpay_config")
    file = config or (Path(named) if named else None)
    given = _of_profile(given, file) | given
    frozen = type(
        "Settings",
        (Settings,),
        {
            "model_config": SettingsConfigDict(
                toml_file=_checked_toml(file), env_file=env_file
            ),
            "__module__": __name__,
        },
    )
    try:
        return frozen(**given, config=file)  # type: ignore[no-any-return]  # made by type()
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None


def _of_profile(given: Mapping[str, Any], file: Path | None) -> dict[str, Any]:
    """Return the settings of the chosen profile, nothing where none is chosen."""
    tables = tomllib.loads(_read_toml(file)) if file else {}
    name = (
        given.get("profile")
        or os.environ.get("NOTCHPAY_PROFILE")
        or _env_file().get("notchpay_profile")
        or tables.get("profile")
    )
    if not name:
        return {}
    known = Settings.model_fields
    return {"profile": name} | profile_settings(tables, str(name), known, file)


def _checked_toml(config: Path | None) -> Path | None:
    if config is None:
        return None
    known = (*Settings.model_fields, *TABLES)
    for key in tomllib.loads(_read_toml(config)):
        if key not in known or key == "config":
            near = difflib.get_close_matches(key, known, n=1)
            raise SettingsError(
                f"the settings file `{config}` has the key `{key}`, which is no setting",
                hint=f"did you mean `{near[0]}`?" if near else None,
            )
    return config


def _read_toml(config: Path) -> str:
    try:
        text = config.read_text(encoding="utf-8")
        tomllib.loads(text)
    except OSError as error:
        raise SettingsError(
            f"the settings file `{config}` cannot be read",
            hint="check `--config`",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the settings file `{config}` is not TOML: {error}"
        ) from None
    return text


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        name = "_".join(str(part) for part in fault["loc"]).upper()
        said = fault["msg"].removeprefix("Value error, ")
        lines.append(f"the setting `NOTCHPAY_{name}`: {said}")
    return "; ".join(lines)
