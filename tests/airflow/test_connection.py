"""A connection of the environment as settings, read without Airflow."""

import json

import pytest

from pipeline.airflow.connection import PlainConnection, from_environment, settings_of
from pipeline.errors import SettingsError

NAME = "AIRFLOW_CONN_SHOP"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    return tmp_path


def read(monkeypatch, text):
    monkeypatch.setenv(NAME, text if isinstance(text, str) else json.dumps(text))
    return settings_of(from_environment("shop"))


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ({}, "https://api.notchpay.co"),
        ({"host": "api.example.com"}, "https://api.example.com"),
        ({"host": "https://api.example.com/"}, "https://api.example.com"),
        ({"host": "api.example.com", "port": 8443}, "https://api.example.com:8443"),
        ({"host": "127.0.0.1", "port": "8080"}, "http://127.0.0.1:8080"),
        ({"host": "http://127.0.0.1:8080", "port": 9}, "http://127.0.0.1:8080"),
        ({"host": "localhost", "schema": "https"}, "https://localhost"),
    ],
)
def test_the_host_is_the_address(monkeypatch, said, url):
    assert read(monkeypatch, said).base_url == url


def test_password_and_extra_are_settings(monkeypatch, home):
    extra = {"sync_id": "acc.1", "rate": "50/60", "region": "sn", "timezone": ""}
    found = read(monkeypatch, {"password": " pk_test.1 ", "extra": json.dumps(extra)})
    assert (found.key(), found.sync, found.rate, found.region) == (
        "pk_test.1", "acc.1", "50/60", "SN",
    )  # fmt: skip
    assert found.timezone == "Africa/Douala", "an empty field of the form says nothing"
    assert found.runs_dir == str(home / "notchpay" / "runs")
    assert found.exports_dir == str(home / "notchpay" / "exports")
    assert found.workers == 1


def test_the_environment_comes_before_what_only_airflow_would_take(monkeypatch):
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", "/data/runs")
    monkeypatch.setenv("NOTCHPAY_WORKERS", "3")
    found = read(monkeypatch, {"password": "pk"})
    assert (found.runs_dir, found.workers) == ("/data/runs", 3)


def test_a_toml_file_of_the_worker(monkeypatch, tmp_path):
    config = tmp_path / "shop.toml"
    config.write_text('region = "FR"\n[rules]\n')
    found = read(monkeypatch, {"extra": {"config": str(config)}})
    assert (found.region, found.config) == ("FR", config)


@pytest.mark.parametrize(
    ("uri", "url", "key", "rate"),
    [
        ("notchpay://:pk_test.1@127.0.0.1:81?rate=off", "http://127.0.0.1:81", "pk_test.1", "off"),
        ("notchpay://:a%2Fb@api.example.com/https", "https://api.example.com", "a/b", "100/60"),
        (
            "notchpay://:k@h.example.com?__extra__=%7B%22rate%22%3A%20%225%2F1%22%7D",
            "https://h.example.com", "k", "5/1",
        ),
    ],
)  # fmt: skip
def test_a_uri(monkeypatch, uri, url, key, rate):
    found = read(monkeypatch, uri)
    assert (found.base_url, found.key(), found.rate) == (url, key, rate)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"extra": {"rat": "off"}}, "`rat`, which is no setting"),
        ({"extra": {"api_key": "pk"}}, "`api_key`, which is no setting"),
        ({"extra": {"rate_share": 7}}, "NOTCHPAY_RATE_SHARE"),
        ({"host": "http://api.example.com"}, "plain http"),
        ("{no json: pk_secret", "neither JSON nor a URI"),
        ("notchpay://:pk_secret@host:port", "neither JSON nor a URI"),
        ("", "not in the environment"),
    ],
)
def test_what_is_wrong_is_told_without_the_key(monkeypatch, text, said):
    with pytest.raises(SettingsError) as told:
        read(monkeypatch, text)
    assert said in told.value.message
    assert "pk_secret" not in f"{told.value.message} {told.value.hint}"


def test_what_a_task_says_comes_first():
    connection = PlainConnection(password="pk", extra_dejson={"region": "SN"})
    assert settings_of(connection, {"region": "FR"}).region == "FR"
    assert settings_of(None, {"sync_id": "acc.2"}).sync == "acc.2"
