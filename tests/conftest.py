"""What every test stands on: no setting of this machine reaches it."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch):
    """Take every NOTCHPAY variable and a `.env` of the checkout out of the test."""
    for name in list(os.environ):
        if name.startswith("NOTCHPAY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NOTCHPAY_NO_ENV_FILE", "1")
