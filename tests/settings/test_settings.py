"""Settings: five sources in one order, checked, and secrets that never show."""

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings

SECRET = "sk_live.DoNotShowThis"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder where a `.env` counts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOTCHPAY_NO_ENV_FILE")
    return tmp_path


def test_command_line_environment_env_file_toml_default(here, monkeypatch):
    toml = here / "settings.toml"
    toml.write_text('region = "SN"\nsync = "toml"\nrate = "1/1"\nruns_dir = "t"\n')
    (here / ".env").write_text(
        "NOTCHPAY_REGION=GA\nNOTCHPAY_SYNC=dotenv\nNOTCHPAY_RATE=2/1\n"
    )
    monkeypatch.setenv("NOTCHPAY_REGION", "CI")
    monkeypatch.setenv("NOTCHPAY_SYNC", "env")
    read = load_settings(toml, region="FR")
    assert (read.region, read.sync, read.rate, read.runs_dir, read.exports_dir) == (
        "FR", "env", "2/1", "t", "exports",
    )  # fmt: skip
    assert load_settings(toml).region == "CI"
    monkeypatch.delenv("NOTCHPAY_REGION")
    assert load_settings(toml).region == "GA"
    (here / ".env").unlink()
    assert load_settings(toml).region == "SN"
    assert load_settings().region == "CM"


def test_the_defaults_are_those_of_the_contract(here, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    s = load_settings()
    assert (s.base_url, s.rate, s.rate_share, s.concurrency, s.timeout) == (
        "https://api.notchpay.co", "100/60", 1.0, 8, 30.0,
    )  # fmt: skip
    assert (s.region, s.timezone, s.lang) == ("CM", "Africa/Douala", "en")
    assert (s.runs_dir, s.exports_dir, s.sync) == ("runs", "exports", None)
    assert s.database_url() == f"sqlite:///{here}/runs/state.db"
    assert s.runs_is_local


def test_an_empty_variable_is_as_if_it_were_not_there(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_REGION", "")
    monkeypatch.setenv("NOTCHPAY_API_KEY", "")
    assert load_settings().region == "CM"
    with pytest.raises(SettingsError, match="no API key is set"):
        load_settings().key()


def test_an_env_file_can_be_ignored(here, monkeypatch):
    (here / ".env").write_text("NOTCHPAY_REGION=GA\n")
    monkeypatch.setenv("NOTCHPAY_NO_ENV_FILE", "1")
    assert load_settings().region == "CM"


@pytest.mark.parametrize(
    ("variables", "lang"),
    [
        ({"LC_ALL": "fr_CM.UTF-8"}, "fr"),
        ({"LC_ALL": "", "LANG": "fr_FR"}, "fr"),
        ({"LC_ALL": "de_DE", "LANG": "fr_FR"}, "en"),
        ({"LC_ALL": "fr_FR", "NOTCHPAY_LANG": "EN"}, "en"),
        ({"LC_ALL": "C", "NOTCHPAY_LANG": "fr_CM"}, "fr"),
    ],
)
def test_the_language_is_the_locale_s_unless_set(here, monkeypatch, variables, lang):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load_settings().lang == lang


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REGION", "XX", "is not a two-letter country code such as CM"),
        ("TIMEZONE", "Mars/Phobos", "is not a time zone name such as Africa/Douala"),
        ("TIMEZONE", "../etc/passwd", "is not a time zone name such as Africa/Douala"),
        ("LANG", "de", "is neither en nor fr"),
        ("BASE_URL", "api.notchpay.co", "is not an http(s) address"),
        ("BASE_URL", "ftp://api.notchpay.co", "is not an http(s) address"),
        ("BASE_URL", "http://api.notchpay.co", "is plain http; only loopback may be, use https"),
        ("BASE_URL", "http://127.0.0.1.example.com", "is plain http; only loopback may be, use https"),
        ("CONCURRENCY", "0", "Input should be greater than or equal to 1"),
        ("RATE_SHARE", "0", "Input should be greater than 0"),
        ("TIMEOUT", "soon", "Input should be a valid number, unable to parse string as a number"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_and_not_shown(here, monkeypatch, name, value, said):
    monkeypatch.setenv(f"NOTCHPAY_{name}", value)
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    assert wrong.value.message == f"the setting `NOTCHPAY_{name}`: {said}"
    assert wrong.value.exit_code == 5


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "https://x.example/v1/",
    ],
)
def test_addresses_that_may_be_used(here, url):
    assert load_settings(base_url=url).base_url == url.rstrip("/")


def test_every_fault_is_told_at_once(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_REGION", "XX")
    monkeypatch.setenv("NOTCHPAY_LANG", "de")
    with pytest.raises(SettingsError, match=r"NOTCHPAY_REGION.*; .*NOTCHPAY_LANG"):
        load_settings()


# -- the key


def test_a_key_never_shows(here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_API_KEY", SECRET)
    settings = load_settings()
    assert settings.key() == SECRET
    for text in (repr(settings), str(settings), str(settings.model_dump())):
        assert SECRET not in text
    monkeypatch.setenv("NOTCHPAY_CONCURRENCY", SECRET)
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    assert SECRET not in str(wrong.value) + repr(wrong.value.__cause__)


def test_a_key_in_a_file(here):
    file = here / "key"
    file.write_text(f"  {SECRET}\n")
    assert load_settings(api_key_file=file).key() == SECRET
    assert load_settings(api_key_file=file, api_key="direct").key() == "direct"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"\xff\xfe", "cannot be read"), (b" \n", "is empty")],
)
def test_a_key_file_that_is_no_use(here, content, said):
    file = here / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        load_settings(api_key_file=file).key()


# -- files


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"region = CM", "is not TOML"),
        (b"\xff", "is not TOML"),
    ],
)
def test_a_settings_file_that_is_no_use(here, content, said):
    file = here / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as wrong:
        load_settings(file)
    assert str(file) in wrong.value.message


def test_lists_come_from_text_or_toml(here, monkeypatch):
    (here / "s.toml").write_text('metadata_allow = ["A", "B"]\n')
    assert load_settings(here / "s.toml").metadata_allow == ("A", "B")
    monkeypatch.setenv("NOTCHPAY_METADATA_DENY", "A, B,,")
    assert load_settings().metadata_deny == ("A", "B")


def test_a_remote_runs_folder_needs_a_state_url(here):
    remote = load_settings(runs_dir="s3://bucket/runs")
    assert not remote.runs_is_local
    with pytest.raises(SettingsError, match="cannot hold the state database"):
        remote.database_url()
    url = "postgresql+psycopg://h/db"
    assert load_settings(runs_dir="s3://b/r", state_url=url).database_url() == url


def test_settings_are_a_value():
    settings = Settings(_env_file=None)
    with pytest.raises(ValueError, match="frozen"):
        settings.region = "FR"
