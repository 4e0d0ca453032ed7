"""The provider as Airflow sees it."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pipeline.airflow.connection import settings_of
from pipeline.airflow.provider_info import get_provider_info
from pipeline.settings import Settings

pytest.importorskip("airflow", reason="no Airflow here: `make test-airflow`")


def test_every_field_of_the_form_is_a_setting():
    (kind,) = get_provider_info()["connection-types"]
    for name in kind["conn-fields"]:
        assert {"sync_id": "sync"}.get(name, name) in Settings.model_fields
    settings_of(None, dict.fromkeys(kind["conn-fields"]))


def test_the_description_is_valid_against_airflows_schema():
    import airflow
    import jsonschema

    folder = Path(airflow.__file__).parent
    schema = json.loads((folder / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)
    points = entry_points(group="apache_airflow_provider")
    names = {point.dist.name for point in points if point.load() is get_provider_info}
    assert names == {get_provider_info()["package-name"]}


def test_airflow_lists_the_provider_and_its_hook(airflow_home):
    listed = subprocess.run(
        [sys.executable, "-m", "airflow", "providers", "list", "-o", "json"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    names = [each["package_name"] for each in json.loads(listed.stdout)]
    assert "notchpay-pipeline" in names


def test_the_connection_type_has_its_form_and_hook():
    from airflow.providers_manager import ProvidersManager
    from airflow.sdk.providers_manager_runtime import ProvidersManagerTaskRuntime

    hook = ProvidersManagerTaskRuntime().hooks["notchpay"]
    assert hook.hook_class_name == "pipeline.airflow.hook.NotchPayHook"
    manager = ProvidersManager()
    fields = manager.connection_form_widgets
    assert fields["extra__notchpay__rate_share"].field["schema"]["maximum"] == 1
    assert fields["extra__notchpay__state_url"].is_sensitive
    shown = manager.field_behaviours["notchpay"]
    assert shown["relabeling"] == {"password": "API key", "host": "Base URL"}


def test_the_hook_tries_its_connection(airflow_home, world, monkeypatch):
    from pipeline.airflow.hook import NotchPayHook

    monkeypatch.setenv("AIRFLOW_CONN_NOTCHPAY_DEFAULT", "{}")
    here = world()
    hook = NotchPayHook()
    assert hook.get_conn().base_url == here.url
    assert hook.settings(region="FR").region == "FR"
    works, said = hook.test_connection()
    assert works
    assert said.endswith(f"(test) answers at {here.url}")
    monkeypatch.setenv("AIRFLOW_CONN_NOTCHPAY_DEFAULT", json.dumps({"host": here.url}))
    assert NotchPayHook().test_connection()[0] is False
    assert not here.runs.exists(), "trying leaves nothing behind"


DAGS = ("nightly_import", "nightly_export", "checked_import")
WARNED = (
    "import warnings\n"
    "import airflow.sdk, airflow.sdk.exceptions, pandas, duckdb\n"
    "warnings.simplefilter('error')\n"
    "import pipeline.airflow.operators, pipeline.airflow.hook\n"
) + "\n".join(f"import pipeline.airflow.example_dags.{name}" for name in DAGS)


def test_no_path_of_ours_into_airflow_is_deprecated():
    done = subprocess.run(
        [sys.executable, "-c", WARNED],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
