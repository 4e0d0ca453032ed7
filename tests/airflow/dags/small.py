"""DAGs of the tests: one task each, told by the run's conf what to work on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.sdk import DAG, Param, get_current_context, task

from pipeline.airflow.ending import Lock
from pipeline.airflow.operators import NotchPayImportOperator

PYTHON = Path(__file__).parents[3] / ".venv" / "bin" / "python"
LET_GO = []
"""What ends the holding of a lock, once a task has found it held."""


class LetsGo(NotchPayImportOperator):
    """Imports; when it comes back, the lock has been given back."""

    def execute(self, context):
        if context["task_reschedule_count"] and LET_GO:
            LET_GO.pop()()
        return super().execute(context)


def small(name, **more):
    """Return an empty DAG."""
    return DAG(
        f"notchpay_test_{name}",
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        params={"file": Param("", type="string")},
        default_args={"retries": 1, "retry_delay": timedelta(0)} | more,
    )


with small("import") as imports:
    NotchPayImportOperator(
        task_id="work",
        file="{{ params.file }}",
        map={"name": "{{ 'Nom' }}"},
        window="{{ '00:00-23:59:59' }}",
    )

with small("locked") as waits:
    LetsGo(task_id="work", file="{{ params.file }}", lock=Lock(poll=0.0))

with small("impatient") as impatient:
    NotchPayImportOperator(
        task_id="work", file="{{ params.file }}", lock=Lock(poll=0.0, patience=0.0)
    )

with small("timed", retries=30, execution_timeout=timedelta(seconds=6)) as timed:
    NotchPayImportOperator(task_id="work", file="{{ params.file }}")

with small("taskflow") as flows:

    @task
    def work():
        from pipeline.airflow.functions import run_check, run_import

        file = get_current_context()["params"]["file"]
        checked = run_check(file, fail_on={"rejected": 0.5})
        return [checked["rows"]["accepted"], run_import(file)["rows"]["created"]]

    work()

with small("external") as external:

    @task.external_python(python=str(PYTHON), expect_airflow=False)
    def work_elsewhere(file):
        import importlib.util

        from pipeline.airflow.functions import run_import

        facts = run_import(file)
        return {
            "rows": facts["rows"],
            "has_airflow": bool(importlib.util.find_spec("airflow")),
        }

    work_elsewhere("{{ params.file }}")
