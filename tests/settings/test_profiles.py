"""Profiles: one account each, chosen by name, and never two accounts mixed."""

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import load_settings

TOML = """
region = "CM"
[profiles.douala]
api_key_env = "DOUALA_KEY"
sync = "acct.d"
runs_dir = "runs/douala"
exports_dir = "exports/douala"
expect_account = "m_1"
expect_env = "live"
[profiles.dakar]
api_key_file = "dakar.key"
base_url = "http://127.0.0.1:9"
region = "SN"
timezone = "Africa/Dakar"
[profiles.bare]
"""


@pytest.fixture
def toml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOTCHPAY_NO_ENV_FILE")
    (tmp_path / "dakar.key").write_text("pk_test.dakar\n")
    file = tmp_path / "accounts.toml"
    file.write_text(TOML)
    return file


def test_a_profile_says_what_its_account_needs(toml, monkeypatch):
    monkeypatch.setenv("DOUALA_KEY", " pk_live.douala ")
    read = load_settings(toml, profile="douala")
    assert (read.key(), read.sync, read.region) == ("pk_live.douala", "acct.d", "CM")
    assert (read.runs_dir, read.exports_dir) == ("runs/douala", "exports/douala")
    assert (read.expect_account, read.expect_env, read.profile) == (
        "m_1", "live", "douala",
    )  # fmt: skip
    read = load_settings(toml, profile="dakar")
    assert (read.key(), read.region, read.timezone) == (
        "pk_test.dakar", "SN", "Africa/Dakar",
    )  # fmt: skip


def test_the_key_of_the_environment_never_stands_for_that_of_a_profile(
    toml, monkeypatch, tmp_path
):
    monkeypatch.setenv("NOTCHPAY_API_KEY", "pk_live.other")
    monkeypatch.setenv("NOTCHPAY_SYNC", "acct.other")
    assert load_settings(toml, profile="dakar").key() == "pk_test.dakar"
    with pytest.raises(SettingsError, match="the variable `DOUALA_KEY` is not set"):
        load_settings(toml, profile="douala").key()
    (tmp_path / ".env").write_text("DOUALA_KEY=pk_live.file\n")
    read = load_settings(toml, profile="douala")
    assert (read.key(), read.sync) == ("pk_live.file", "acct.d")
    assert load_settings(toml, profile="bare").key() == "pk_live.other"


def test_options_go_before_the_profile(toml):
    assert load_settings(toml, profile="dakar", region="GA").region == "GA"


def test_a_profile_is_chosen_by_variable_env_file_or_settings_file(toml, monkeypatch):
    assert load_settings(toml).profile is None
    toml.write_text('profile = "bare"\n' + TOML)
    assert load_settings(toml).profile == "bare"
    (toml.parent / ".env").write_text("NOTCHPAY_PROFILE=dakar\n")
    assert load_settings(toml).region == "SN"
    monkeypatch.setenv("NOTCHPAY_PROFILE", "douala")
    assert load_settings(toml).sync == "acct.d"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (TOML, "there is no profile `x` in `", "profiles are douala, dakar, bare"),
        ("", "there is no profile `x` in `", "write `[profiles.NAME]`"),
        (
            "[profiles.x]\nregio = 'CM'\n",
            "`regio`, which is no setting",
            "mean `region`? settings are api_key_env, ",
        ),
        (
            "[profiles.x]\nzzz = 1\n",
            "`zzz`, which is no setting",
            "settings are api_key_env",
        ),
        (
            "[profiles.x]\napi_key = 'pk'\n",
            "`api_key`, which no profile may",
            "`api_key_env`",
        ),
        (
            "[profiles.x]\napi_key_env='A'\napi_key_file='B'\n",
            "names its key twice",
            "keep",
        ),
        ("profiles = 3\n", "`profiles` is no table", None),
        ("[profiles]\nx = 3\n", "`profiles.x` is no table", None),
        ("[profiles.x]\nregion = 'XX'\n", "the setting `NOTCHPAY_REGION`", None),
    ],
)
def test_what_is_wrong_is_told_with_what_is_there(toml, text, said, hint):
    toml.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_settings(toml, profile="x")
    assert said in error.value.message
    assert hint is None or hint in (error.value.hint or "")


def test_a_profile_without_a_settings_file(toml, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_PROFILE", "x")
    with pytest.raises(SettingsError, match="no settings file is named"):
        load_settings()
