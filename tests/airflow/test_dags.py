"""The example DAGs as they are, run by a real Airflow against a sandbox."""

import json
from importlib import import_module

import pyarrow.parquet as pq
import pytest

from tests.airflow.world import bad, people, xcom

pytest.importorskip("airflow", reason="no Airflow here: `make test-airflow`")
# Airflow's own libraries warn of each other; of ours, `test_provider.py` has a test.
pytestmark = pytest.mark.filterwarnings("default")


def example(name, function=None):
    """Return an example DAG."""
    return getattr(
        import_module(f"pipeline.airflow.example_dags.{name}"), function or name
    )()


def states(run):
    """Return the state of each task instance: {(task, map index): state}."""
    return {
        (ti.task_id, ti.map_index): str(ti.state) for ti in run.get_task_instances()
    }


def test_nightly_import_maps_over_a_folder(airflow_home, world):
    here = world()
    here.file(people(5), "a.csv")
    here.file([*people(3, first=4), *bad(1)], "b.csv")
    here.file(bad(3), "c.csv")

    run = example("nightly_import").test(run_conf={"folder": str(here.inbox)})

    assert str(run.state) == "failed", "one file of three is not green"
    found = states(run)
    assert found == {
        ("find_files", -1): "success",
        ("one_file.import_file", 0): "success",
        ("one_file.import_file", 1): "success",
        ("one_file.import_file", 2): "failed",
        ("one_file.put_file_away", 0): "success",
        ("one_file.put_file_away", 1): "success",
        ("one_file.put_file_away", 2): "upstream_failed",
    }
    assert here.emails() == [f"person{n:04d}@example.com" for n in range(1, 7)]
    facts = xcom(run, "one_file.import_file", 1)
    # Whichever came first; two people stand in both files.
    told = [facts["rows"], xcom(run, "one_file.import_file", 0)["rows"]]
    assert sum(rows["created"] for rows in told) == 6
    assert sum(rows["unchanged"] for rows in told) == 2
    assert facts["actor"] == "notchpay_nightly_import.one_file.import_file"
    assert "person0" not in json.dumps(facts)
    left = xcom(run, "one_file.import_file", 2, key="summary")
    assert left["rows"]["rejected"] == left["rows"]["read"] == 3
    assert run.get_task_instance("one_file.import_file", map_index=2).try_number == 1
    assert [p.name for p in sorted(here.inbox.glob("done/*"))] == ["a.csv", "b.csv"]

    again = example("nightly_import").test(
        run_conf={"folder": str(here.inbox / "done")}
    )
    assert str(again.state) == "success"
    assert xcom(again, "one_file.import_file", 0)["rows"]["unchanged"] == 5
    assert len(here.emails()) == 6, "nobody is created twice"


def test_an_empty_drop_folder_is_green(airflow_home, world):
    here = world()
    run = example("nightly_import").test(run_conf={"folder": str(here.inbox)})
    assert str(run.state) == "success"


def test_a_check_is_a_gate(airflow_home, world):
    here = world()
    here.file(people(4), "a.csv")
    here.file([*people(4, first=11), *bad(1)], "b.csv")

    run = example("checked_import").test(run_conf={"folder": str(here.inbox)})

    assert states(run) == {
        ("find_files", -1): "success",
        ("one_file.check_file", 0): "success",
        ("one_file.check_file", 1): "failed",
        ("one_file.import_file", 0): "success",
        ("one_file.import_file", 1): "upstream_failed",
    }
    assert len(here.emails()) == 4


def test_an_export_is_an_asset_on_which_others_start(airflow_home, world):
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    here = world(customers=12, payments=2)
    run = example("nightly_export").test()

    assert str(run.state) == "success"
    facts = xcom(run, "export")
    assert facts["tables"]["customers"] == 12
    assert facts["tables"]["payments"] == 24
    assert pq.read_table(f"{facts['path']}/customers").num_rows == 12
    with create_session() as session:
        told = dict(
            session.execute(
                select(AssetModel.uri, AssetEvent.extra)
                .join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
                .where(AssetEvent.source_run_id == run.run_id)
            ).all()
        )
    assert told == {
        f"notchpay://notchpay_default/{table}": {
            "run_id": facts["run_id"], "path": facts["path"], "rows": rows,
        }
        for table, rows in (("customers", 12), ("payments", 24))
    }  # fmt: skip
    assert str(example("nightly_export", "after_export").test().state) == "success"
    assert here.summaries("export")[0]["actor"] == "notchpay_nightly_export.export"
