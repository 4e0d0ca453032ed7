"""Every night: each file of a drop folder is imported, then moved to `done/`."""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, task, task_group

from pipeline.airflow.folder import files_in, inbox, put_away
from pipeline.airflow.operators import NotchPayImportOperator


@dag(
    dag_id="notchpay_nightly_import",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow's own time zone
    catchup=False,
    max_active_runs=1,
    params={"folder": Param(inbox(), type="string")},
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["notchpay"],
)
def nightly_import() -> None:
    """Import every file that lies there; a bad one stops no other."""

    @task
    def find_files(params: dict[str, Any] | None = None) -> list[str]:
        return files_in((params or {})["folder"])

    @task
    def put_file_away(file: str) -> str:
        return put_away(file)

    @task_group
    def one_file(file: str) -> None:
        imported = NotchPayImportOperator(
            task_id="import_file",
            file=file,
            fail_on={"rejected": 0.25, "failed": 0, "review": None},
        )
        imported >> put_file_away(file)

    one_file.expand(file=find_files())


nightly_import()
