"""Make Delta tables of the exported files: a log beside them, no second copy.

A table stays the Parquet dataset that it is; engines that know Delta read the log.
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from pipeline.errors import SettingsError
from schemas.exports import PAYMENTS_TABLE


def delta_library() -> Any:
    """Return the delta-rs library.

    Raises:
        SettingsError: It is not installed.
    """
    try:
        return import_module("deltalake")
    except ImportError as error:
        raise SettingsError(
            "`--format delta` needs the delta-rs library",
            hint="install notchpay-pipeline[delta]",
        ) from error


def write_logs(folder: Path, tables: Iterable[str]) -> None:
    """Write the Delta log of each of `tables` below `folder`."""
    delta = delta_library()
    month = delta.schema.Field("month", delta.schema.PrimitiveType("string"))
    for table in tables:
        by_month = table == PAYMENTS_TABLE
        delta.convert_to_deltalake(
            str(folder / table),
            partition_by=delta.Schema([month]) if by_month else None,
            partition_strategy="hive" if by_month else None,
            name=table,
        )
