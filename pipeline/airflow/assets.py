"""Exports as assets: what other DAGs start on, and what their events tell."""

from typing import Any

from pipeline.airflow.connection import CONN_ID

TABLES = ("customers", "payments")


def export_asset(table: str, conn_id: str = CONN_ID) -> Any:
    """Return the asset of an exported table, to be named in another DAG's schedule."""
    from airflow.sdk import Asset

    return Asset(name=f"{conn_id}_{table}", uri=f"notchpay://{conn_id}/{table}")


def exported(what: str, conn_id: str) -> list[Any]:
    """Return the assets that an export of `what` brings up to date."""
    names = TABLES if what == "all" else (what,)
    return [export_asset(name, conn_id) for name in names]


def announce(facts: dict[str, Any], context: Any) -> None:
    """Tell the events of the task's assets where the export lies and what it holds.

    The asset of one table gets the number of its rows, any other those of each table.
    """
    if context is None:
        return
    from airflow.sdk import Asset

    for outlet in context["task"].outlets:
        if not isinstance(outlet, Asset):
            continue
        rows = facts["tables"]
        table = outlet.uri.rpartition("/")[2]
        context["outlet_events"][outlet].extra = {
            "run_id": facts["run_id"],
            "path": facts["path"],
            "rows": rows.get(table, rows),
        }
