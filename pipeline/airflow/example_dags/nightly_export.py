"""Every night: customers and payments to Parquet; a second DAG starts on what came."""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import dag, task

from pipeline.airflow.assets import export_asset
from pipeline.airflow.operators import NotchPayExportOperator

_START = datetime(2026, 1, 1)  # noqa: DTZ001 - Airflow's own time zone


@dag(
    dag_id="notchpay_nightly_export",
    schedule="0 4 * * *",
    start_date=_START,
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["notchpay"],
)
def nightly_export() -> None:
    """Export all, with report tables, the page of the run and a workbook for finance."""
    exported = NotchPayExportOperator(
        task_id="export", what="all", options={"xlsx": True}
    )

    @task
    def tell(facts: dict[str, Any]) -> str:
        return f"{facts['tables']} in {facts['path']}"

    tell(exported.output)


@dag(
    dag_id="notchpay_after_export",
    schedule=[export_asset("customers")],
    start_date=_START,
    catchup=False,
    tags=["notchpay"],
)
def after_export() -> None:
    """Start when the customers are there anew; the event tells where."""

    @task(inlets=[export_asset("customers")])
    def read_it(triggering_asset_events: Any = None) -> list[str]:
        events = [e for each in (triggering_asset_events or {}).values() for e in each]
        return [str(event.extra["path"]) for event in events]

    read_it()


nightly_export()
after_export()
