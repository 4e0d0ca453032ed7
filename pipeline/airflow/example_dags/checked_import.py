"""A check as a gate: only a file with few bad rows comes near the API."""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task, task_group

from pipeline.airflow.folder import files_in, inbox
from pipeline.airflow.operators import NotchPayCheckOperator, NotchPayImportOperator


@dag(
    dag_id="notchpay_checked_import",
    schedule=None,
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow's own time zone
    catchup=False,
    params={"folder": Param(inbox(), type="string")},
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    tags=["notchpay"],
)
def checked_import() -> None:
    """Check each file of the folder, and import it where the check is green."""

    @task
    def find_files(params: dict[str, Any] | None = None) -> list[str]:
        return files_in((params or {})["folder"])

    @task_group
    def one_file(file: str) -> None:
        checked = NotchPayCheckOperator(
            task_id="check_file", file=file, fail_on={"rejected": 0.10}
        )
        checked >> NotchPayImportOperator(task_id="import_file", file=file)

    one_file.expand(file=find_files())


checked_import()
