"""Airflow in a home of its own, and sandboxes as processes that its tasks talk to."""

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.airflow.world import World

HAS_AIRFLOW = importlib.util.find_spec("airflow") is not None

ROOT = Path(__file__).parents[2]


def bundles(**folders):
    """Return the setting by which Airflow reads DAGs from `folders`."""
    kind = "airflow.dag_processing.bundles.local.LocalDagBundle"
    return json.dumps(
        [
            {"name": name, "classpath": kind, "kwargs": {"path": str(path)}}
            for name, path in folders.items()
        ]
    )


if HAS_AIRFLOW:
    # Airflow reads these when it is imported, and never again.
    os.environ |= {
        "AIRFLOW_HOME": tempfile.mkdtemp(prefix="notchpay-airflow-"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": bundles(
            examples=ROOT / "pipeline" / "airflow" / "example_dags",
            small=ROOT / "tests" / "airflow" / "dags",
        ),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture(scope="session")
def airflow_home():
    """Make Airflow's database in the home of this session."""
    from airflow.utils.db import initdb

    initdb()
    return Path(os.environ["AIRFLOW_HOME"])


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Return a maker of worlds; `world(customers=30, rate="20/1")` starts a sandbox."""
    made = []

    def make(**options):
        one = World(tmp_path, monkeypatch, **options)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
