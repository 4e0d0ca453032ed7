"""docs/airflow.md: its Python makes DAGs, its tables name what there is."""

import pytest

from pipeline.airflow.policy import DEFAULT
from pipeline.airflow.provider_info import get_provider_info
from tests.docs.pages import ROOT, blocks, section

PAGE = ROOT / "docs" / "airflow.md"


def test_every_field_of_the_connection_stands_in_its_table():
    (kind,) = get_provider_info()["connection-types"]
    table = section("## The connection", PAGE)
    assert [name for name in kind["conn-fields"] if f"`{name}`" not in table] == []


def test_the_policy_is_told_as_it_is():
    told = section("## When a task is red", PAGE)
    for outcome, limit in DEFAULT.items():
        assert f"| `{outcome}` | {'any' if limit is None else limit}" in told


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "block", [b for b in blocks(PAGE) if b.kind == "python"], ids=lambda b: b.place
)
def test_the_python_makes_a_dag(block, tmp_path):
    pytest.importorskip("airflow", reason="no Airflow here: `make test-airflow`")
    from airflow.dag_processing.dagbag import DagBag

    file = tmp_path / "of_the_manual.py"
    file.write_text(block.text, encoding="utf-8")
    bag = DagBag(dag_folder=str(file))
    assert bag.import_errors == {}
    assert [dag.tasks for dag in bag.dags.values()] != []
