"""`init` sets an account up: by options, or by asking where there is a terminal."""

import os
import stat

import pytest

from pipeline.errors import SettingsError
from pipeline.files.envfile import conflicts, set_values
from pipeline.settings import load_settings
from tests.accounts.terminal import at_terminal

KEY = "pk_test.TypedByHand77"


@pytest.fixture
def key_file(here):
    file = here / "key.txt"
    file.write_text(KEY + "\n")
    return file


@pytest.fixture
def env_counts(monkeypatch):
    monkeypatch.delenv("NOTCHPAY_NO_ENV_FILE")
    for name in ("NOTCHPAY_API_KEY", "NOTCHPAY_BASE_URL", "NOTCHPAY_LANG"):
        monkeypatch.delenv(name, raising=False)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_by_options_without_a_terminal(run, api, here, key_file, env_counts):
    old = os.umask(0)
    (here / ".env").write_text("# mine\nOTHER=1\nNOTCHPAY_RATE=off\n")
    try:
        ended = run(
            "init", "--key-file", key_file, "--region", "SN", "--timezone",
            "Africa/Dakar", "--lang", "fr", "--base-url", api.url, "--sync", "acct.1",
        )  # fmt: skip
    finally:
        os.umask(old)
    assert (ended.code, ended.err) == (0, "")
    assert "la clé fonctionne : Odd Shop (test)" in ended.out
    assert KEY not in ended.out
    assert mode(here / ".env") == 0o600
    assert (here / ".env").read_text() == (
        "# mine\nOTHER=1\nNOTCHPAY_RATE=off\n"
        f"NOTCHPAY_API_KEY={KEY}\nNOTCHPAY_REGION=SN\nNOTCHPAY_TIMEZONE=Africa/Dakar\n"
        f"NOTCHPAY_LANG=fr\nNOTCHPAY_BASE_URL={api.url}\nNOTCHPAY_SYNC=acct.1\n"
    )
    read = load_settings()
    assert (read.key(), read.region, read.lang) == (KEY, "SN", "fr")
    assert run("doctor").code in (0, 5)


def test_it_refuses_to_ask_without_a_terminal(run, here):
    ended = run("init")
    assert ended.code == 2
    assert "`--key-file FILE`" in ended.err
    assert not (here / ".env").exists()


def test_what_is_there_is_not_replaced_unasked(run, api, here, key_file, env_counts):
    (here / ".env").write_text("export NOTCHPAY_API_KEY='pk_live.other'\nA=b\n")
    argv = ("init", "--key-file", key_file, "--base-url", api.url)
    ended = run(*argv)
    assert ended.code == 5
    assert "`.env` sets NOTCHPAY_API_KEY otherwise" in ended.err
    assert "pk_live.other" in (here / ".env").read_text()
    assert run(*argv, "--yes", "--quiet").out == ""
    lines = (here / ".env").read_text().splitlines()
    assert lines[:2] == [f"NOTCHPAY_API_KEY={KEY}", "A=b"]
    assert run(*argv).code == 0, "the same again is no conflict"


def test_a_refused_key_writes_nothing(run, api, here, key_file, env_counts):
    api.o.keys_refused = (KEY,)
    ended = run("init", "--key-file", key_file, "--base-url", api.url)
    assert ended.code == 5
    assert KEY not in ended.said
    assert not (here / ".env").exists()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "is empty"),
        ("Bearer pk.x", "`Bearer`"),
        ("sk.private", "private key"),
        ("pk.a b", "blanks or quotes"),
        ("'pk.a'", "blanks or quotes"),
    ],
)
def test_what_is_no_public_key(run, here, key_file, key, said):
    key_file.write_text(key)
    ended = run("init", "--key-file", key_file, "--no-try")
    assert (ended.code, said in ended.err) == (5, True)
    assert not (here / ".env").exists()
    assert run("init", "--key-file", "nowhere").code == 5


@pytest.mark.slow
def test_a_profile_is_written_beside_the_others(run, api, here, key_file, env_counts):
    (here / "notchpay.toml").write_text('region = "GA"\n[profiles.old]\nsync = "x"\n')
    argv = (
        "init", "--profile", "dakar-1", "--key-file", key_file, "--base-url", api.url,
        "--region", "SN", "--timezone", "Africa/Dakar", "--lang", "en",
    )  # fmt: skip
    ended = run(*argv, "--json")
    assert ended.json == {
        "merchant": "Odd Shop", "env": "test", "files": [".env", "notchpay.toml"],
    }  # fmt: skip
    assert mode(here / ".env") == 0o600
    read = load_settings(profile="dakar-1")
    assert (read.key(), read.region, read.runs_dir, read.exports_dir) == (
        KEY, "SN", "runs/dakar-1", "exports/dakar-1",
    )  # fmt: skip
    assert (read.expect_account, read.expect_env) == ("Odd Shop", "test")
    assert load_settings(profile="old").sync == "x"
    again = run(*argv)
    assert (again.code, "profile `dakar-1` already" in again.err) == (2, True)
    named = run("init", "--profile", "a b", "--key-file", key_file, "--no-try")
    assert (named.code, "no name of a profile" in named.err) == (2, True)
    (here / "notchpay.toml").write_text("[")
    bad = run("init", "--profile", "x", "--key-file", key_file, "--no-try")
    assert bad.code == 5


@pytest.mark.slow
def test_at_a_terminal_the_key_is_typed_hidden(api, here, env_counts):
    code, shown = at_terminal(
        ["init", "--base-url", api.url],
        [
            ("not shown:", KEY),
            ("Country of phones", "SN"),
            ("Time zone", ""),
            ("Language", ""),
        ],
        folder=here,
    )
    assert code == 0, shown
    assert KEY not in shown
    assert "the key works: Odd Shop (test)" in shown
    text = (here / ".env").read_text()
    assert f"NOTCHPAY_API_KEY={KEY}\nNOTCHPAY_REGION=SN\n" in text
    assert "NOTCHPAY_TIMEZONE=Africa/Douala\n" in text


@pytest.mark.slow
def test_at_a_terminal_what_is_there_is_asked_about(api, here, env_counts):
    (here / ".env").write_text("NOTCHPAY_API_KEY=pk_live.other\n")
    given = ["--region", "CM", "--timezone", "Africa/Douala", "--lang", "fr"]
    for answer, wanted in (("n", 5), ("o", 5), ("y", 0)):
        code, shown = at_terminal(
            ["init", "--base-url", api.url, *given],
            [("non affichée", KEY), ("Remplacer ?", answer)],
            folder=here,
        )
        if answer == "o":
            continue  # the library of prompts knows y and n only
        assert code == wanted, shown
    assert (here / ".env").read_text().startswith(f"NOTCHPAY_API_KEY={KEY}\n")


def test_values_with_odd_marks_come_back(here, env_counts):
    path = here / ".env"
    path.write_text('A="old" # said\nB=two # words\n')
    assert conflicts(path, {"A": "old", "B": "two", "C": "new"}) == ["A"]
    set_values(path, {"NOTCHPAY_SYNC": "it's # a \\ b"})
    assert load_settings().sync == "it's # a \\ b"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        conflicts(path, {"A": "b"})
