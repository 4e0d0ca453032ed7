"""Imports, checks and exports for `@task` functions, and behind the operators.

Each returns the run's facts as a plain dict without personal data. Inside an Airflow
task errors become the exceptions Airflow acts on; in a Python without Airflow
(`@task.external_python`) they are the pipeline's own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipeline.airflow.assets import announce
from pipeline.airflow.connection import CONN_ID, from_environment, settings_of
from pipeline.airflow.ending import Lock, error_of
from pipeline.airflow.policy import Breach, Limit, PolicyError, breaches, limits
from pipeline.airflow.work import (
    Facts,
    Stopper,
    check_file,
    export,
    import_file,
    left_facts,
)
from pipeline.errors import InterruptedRunError, PipelineError
from pipeline.settings import Settings
from schemas.outcomes import ExitCode

SUMMARY = "summary"
"""XCom key of the facts of a run that did not end well."""


def run_import(
    file: str,
    *,
    conn_id: str | None = CONN_ID,
    map: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
    source: str | None = None,
    window: str | None = None,
    fail_on: Mapping[str, Limit] | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    lock: Lock | None = None,
    stopper: Stopper | None = None,
) -> Facts:
    """Import `file`, or go on with its interrupted import; return the run's facts.

    `fail_on` limits each outcome a green task may leave. `options` are further options
    of the command line with `_` for `-`, `settings` come before the connection's.
    """
    given = _given(options, map=map, source=source, window=window)
    allowed = limits(fail_on)

    def work(known: Settings, actor: str | None) -> Facts:
        return import_file(known, str(file), given, actor)

    def judge(facts: Facts) -> list[Breach]:
        return breaches(facts["rows"], allowed)

    return _run(work, judge, conn_id, _with_region(settings, given), lock, stopper)


def run_check(
    file: str,
    *,
    conn_id: str | None = CONN_ID,
    map: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
    source: str | None = None,
    fail_on: Mapping[str, Limit] | None = None,
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    stopper: Stopper | None = None,
) -> Facts:
    """Check `file` without asking the API; return the run's facts.

    As a gate: `fail_on={"rejected": 0.05}` keeps what follows from a bad file.
    """
    given = _given(options, map=map, source=source)
    allowed = limits(fail_on)

    def work(known: Settings, _: str | None) -> Facts:
        return check_file(known, str(file), given)

    def judge(facts: Facts) -> list[Breach]:
        return breaches(facts["rows"], allowed)

    return _run(work, judge, conn_id, _with_region(settings, given), None, stopper)


def run_export(
    what: str = "all",
    *,
    conn_id: str | None = CONN_ID,
    allow_differences: bool = False,
    options: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    stopper: Stopper | None = None,
) -> Facts:
    """Export customers, payments or all; return the run's facts with path and rows.

    Every asset among the outlets of the task gets them as its event's extra. An export
    whose totals differ from the API's fails the task and may be tried again.
    """
    given = dict(options or {})

    def work(known: Settings, actor: str | None) -> Facts:
        return export(known, what, given, actor)

    def judge(facts: Facts) -> list[Breach]:
        differs = facts["exit_code"] == ExitCode.LEFTOVERS
        return [_DIFFERS] if differs and not allow_differences else []

    facts = _run(work, judge, conn_id, settings, None, stopper)
    announce(facts, _context())
    return facts


Work = Callable[[Settings, str | None], Facts]
Judge = Callable[[Facts], list[Breach]]
_DIFFERS = Breach(
    "what was read differs from what the API or a closed month says", False
)


def _run(
    work: Work,
    judge: Judge,
    conn_id: str | None,
    settings: Mapping[str, Any] | None,
    lock: Lock | None,
    stopper: Stopper | None,
) -> Facts:
    context = _context()
    with _translated(context, lock or Lock()):
        known = settings_of(_connection(conn_id, context), settings)
        try:
            facts = _worked(work, known, _actor(context), stopper or Stopper())
            if found := judge(facts):
                raise PolicyError(found, facts)
        except PipelineError as error:
            _keep(left_facts(known, error.run_id), context)
            raise
    return facts


def _worked(work: Work, known: Settings, actor: str | None, stopper: Stopper) -> Facts:
    """Return the facts of the run, also where its window or its time was over."""
    try:
        with stopper.armed():
            return work(known, actor)
    except InterruptedRunError as error:
        if error.exit_code != ExitCode.LEFTOVERS:
            raise
        return left_facts(known, error.run_id)


def _given(options: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Return the options of the command line; `map` is its list of FIELD=COLUMN."""
    named = more.pop("map", None)
    if named:
        more["map"] = [f"{field}={column}" for field, column in named.items()]
    return {**(options or {}), **{k: v for k, v in more.items() if v is not None}}


def _with_region(
    settings: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Return `settings` with the region, which is an option and a setting."""
    region = given.get("region")
    return {**(settings or {}), **({"region": region} if region else {})}


def _context() -> Any:
    """Return the context of the Airflow task that this is, or None."""
    try:
        from airflow.sdk import get_current_context
    except ImportError:
        return None
    try:
        return get_current_context()
    except RuntimeError:
        return None


def _connection(conn_id: str | None, context: Any) -> Any:
    if conn_id is None:
        return None
    if context is None:
        return from_environment(conn_id)
    from airflow.sdk import BaseHook

    return BaseHook.get_connection(conn_id)


def _actor(context: Any) -> str | None:
    if context is None:
        return None
    task = context["ti"]
    return f"{task.dag_id}.{task.task_id}"


def _keep(facts: Facts, context: Any) -> None:
    """Leave the facts of a run that did not end well, for callbacks and what follows."""
    if facts and context is not None:
        context["ti"].xcom_push(key=SUMMARY, value=facts)


@contextmanager
def _translated(context: Any, lock: Lock) -> Iterator[None]:
    """Turn the pipeline's errors into Airflow's, where Airflow is there to see them."""
    try:
        yield
    except PipelineError as error:
        if context is None:
            raise
        raise error_of(error, lock, context) from None
