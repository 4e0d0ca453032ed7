"""Operators: import a file, check one, export; thin shells around the functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseOperator

from pipeline.airflow.assets import exported
from pipeline.airflow.connection import CONN_ID
from pipeline.airflow.ending import Lock
from pipeline.airflow.functions import run_check, run_export, run_import
from pipeline.airflow.policy import Limit
from pipeline.airflow.work import Facts, Stopper


class _NotchPayOperator(BaseOperator):
    """What the operators share: connection, settings, and being told to stop."""

    ui_color = "#e6f4ea"

    def __init__(
        self,
        *,
        notchpay_conn_id: str | None = CONN_ID,
        options: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.notchpay_conn_id = notchpay_conn_id
        self.options = options
        self.settings = settings
        self._stopper: Stopper | None = None

    def stopper(self) -> Stopper:
        """Return what `on_kill` stops the run by."""
        self._stopper = Stopper()
        return self._stopper

    def on_kill(self) -> None:
        """Stop the run cleanly; the next try goes on with it."""
        if self._stopper is not None:
            self._stopper.stop()


class NotchPayImportOperator(_NotchPayOperator):
    """Imports a customer file, or goes on with its interrupted import.

    Args:
        file: Path or fsspec address.
        map: Column of a field: `{"phone": "Mobile"}`.
        source: Name of the source; the file's name if not given.
        window: Write only in this local time, as `20:00-06:00`.
        fail_on: How much of an outcome a green task may leave: a share (float), a
            number of rows (int) or None for any. A run of which every row was rejected
            or failed is never green.
        lock: How to wait for another run of the same account and source.
        notchpay_conn_id: The connection; None takes settings of the environment only.
        options: Further options of `import`, with `_` for `-`: `{"dedupe": "standard"}`.
        settings: Settings that come before the connection's: `{"runs_dir": "/data"}`.
        kwargs: As of every operator.
    """

    template_fields: Sequence[str] = ("file", "map", "source", "window", "options")

    def __init__(
        self,
        *,
        file: str,
        map: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
        source: str | None = None,
        window: str | None = None,
        fail_on: Mapping[str, Limit] | None = None,
        lock: Lock | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file = file
        self.map = map
        self.source = source
        self.window = window
        self.fail_on = fail_on
        self.lock = lock

    def execute(self, context: Any) -> Facts:
        """Import; return the run's facts."""
        del context
        return run_import(
            self.file,
            conn_id=self.notchpay_conn_id,
            map=self.map,
            source=self.source,
            window=self.window,
            fail_on=self.fail_on,
            options=self.options,
            settings=self.settings,
            lock=self.lock,
            stopper=self.stopper(),
        )


class NotchPayCheckOperator(_NotchPayOperator):
    """Checks a customer file without asking the API: a gate before an import.

    Takes what `NotchPayImportOperator` takes, but for `window` and `lock`.
    """

    template_fields: Sequence[str] = ("file", "map", "source", "options")

    def __init__(
        self,
        *,
        file: str,
        map: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
        source: str | None = None,
        fail_on: Mapping[str, Limit] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file = file
        self.map = map
        self.source = source
        self.fail_on = fail_on

    def execute(self, context: Any) -> Facts:
        """Check; return the run's facts."""
        del context
        return run_check(
            self.file,
            conn_id=self.notchpay_conn_id,
            map=self.map,
            source=self.source,
            fail_on=self.fail_on,
            options=self.options,
            settings=self.settings,
            stopper=self.stopper(),
        )


class NotchPayExportOperator(_NotchPayOperator):
    """Exports customers, payments or all to Parquet, with report tables.

    Without `outlets` of its own the task brings the assets of its tables up to date,
    `pipeline.airflow.assets.export_asset(…)`; their events tell path and rows.

    Args:
        what: `customers`, `payments` or `all`.
        allow_differences: Stay green where totals differ from what the API says.
        notchpay_conn_id: The connection; None takes settings of the environment only.
        options: Options of `export`, with `_` for `-`: `{"month": "2026-10"}`.
        settings: Settings that come before the connection's.
        kwargs: As of every operator.
    """

    template_fields: Sequence[str] = ("what", "options")

    def __init__(
        self,
        *,
        what: str = "all",
        allow_differences: bool = False,
        notchpay_conn_id: str | None = CONN_ID,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("outlets", exported(what, notchpay_conn_id or CONN_ID))
        super().__init__(notchpay_conn_id=notchpay_conn_id, **kwargs)
        self.what = what
        self.allow_differences = allow_differences

    def execute(self, context: Any) -> Facts:
        """Export; return the run's facts."""
        del context
        return run_export(
            self.what,
            conn_id=self.notchpay_conn_id,
            allow_differences=self.allow_differences,
            options=self.options,
            settings=self.settings,
            stopper=self.stopper(),
        )
