"""The optional parts: each extra is there, and none of them is needed."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = {"airflow", "dask", "delta", "otel", "postgres", "s3", "splink"}


def test_every_extra_of_the_contract_is_there():
    assert set(PROJECT["project"]["optional-dependencies"]) == EXTRAS


def test_the_core_asks_for_none_of_them():
    core = {d.split(">")[0].split("[")[0] for d in PROJECT["project"]["dependencies"]}
    heavy = {"apache-airflow", "dask", "distributed", "splink", "s3fs", "psycopg"}
    assert not core & heavy
