"""Who does it: as given, else the task of Airflow, else the user of the system."""

import os
import pwd

import pytest

from pipeline.runs.actor import is_airflow_task, system_user, who


@pytest.fixture(autouse=True)
def no_airflow(monkeypatch):
    for name in ("DAG", "TASK"):
        monkeypatch.delenv(f"AIRFLOW_CTX_{name}_ID", raising=False)


def test_as_given_else_airflow_else_the_user(monkeypatch):
    monkeypatch.setenv("LOGNAME", "awa")
    assert who(" Ada  Sow ") == "Ada Sow"
    assert (who(None), who("  ")) == ("awa", "awa")
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "nightly")
    assert (who(None), is_airflow_task()) == ("awa", False)
    monkeypatch.setenv("AIRFLOW_CTX_TASK_ID", "load")
    assert (who(None), is_airflow_task()) == ("nightly.load", True)
    assert who("Ada") == "Ada"


def test_the_systems_user_is_not_what_a_variable_says(monkeypatch):
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert system_user() == pwd.getpwuid(os.getuid()).pw_name


def test_a_user_without_a_name_is_a_number(monkeypatch):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_294_000)
    assert (system_user(), who(None)) == ("4294000", "4294000")
