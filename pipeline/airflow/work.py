"""One run for a task: options in, plain facts without personal data out. No Airflow."""

import difflib
import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import date
from types import FrameType
from typing import Any

from pipeline.cli.options import FileOptions, ImportOptions
from pipeline.cli.requests import file_request, import_request
from pipeline.errors import InterruptedRunError, UsageError
from pipeline.files.mirror import new_folder, shown
from pipeline.runs.exporting import ExportOptions, export_tables
from pipeline.settings import Settings
from schemas.outcomes import ExitCode

Facts = dict[str, Any]
"""What a task returns: counts, names of rules and places; it may go to XCom."""

_KEPT = (
    "run_id", "command", "source", "file", "file_sha256", "account", "env", "actor",
    "state", "rows", "findings", "guards", "api", "timings", "rows_per_second",
    "plan_digest", "exit_code",
)  # fmt: skip
"""Parts of the summary that can hold nothing of a person."""
_DATES = ("since", "until")


class LogTalk:
    """Tells the log of the task how the run goes."""

    def __init__(self) -> None:
        self._log = logging.getLogger("pipeline.airflow")

    def say(self, text: str) -> None:
        """Log the line."""
        self._log.info("%s", text)

    def stage(self, name: str, total: int | None) -> None:
        """Log that a stage begins."""
        self._log.info("%s%s", name, f" ({total})" if total else "")

    def advance(self, steps: int = 1) -> None:
        """Log nothing: a line a step would be too many."""

    def ask(self, question: str) -> bool:  # noqa: ARG002 - nobody is there to read it
        """Say yes: a task has no terminal."""
        return True


def import_file(
    settings: Settings, file: str, options: Mapping[str, Any], actor: str | None
) -> Facts:
    """Import `file`, or go on with its interrupted import; return the run's facts.

    `options` are those of the command line, with `_` for `-`.

    Raises:
        PipelineError: As `import_customers`.
    """
    from pipeline.runs.importing import import_customers

    options = {**options}
    wait = float(options.pop("wait", 0.0))
    for_file, for_import = _divided(options, FileOptions, ImportOptions)
    request = import_request(
        FileOptions(file=file, **for_file), ImportOptions(**for_import), wait
    )
    request = replace(request, actor=request.actor or actor)
    session = import_customers(settings, request, talk=LogTalk())
    return _facts(settings, session.summary.as_dict())


def check_file(settings: Settings, file: str, options: Mapping[str, Any]) -> Facts:
    """Check `file`; return the run's facts.

    Raises:
        PipelineError: As `check`.
    """
    from pipeline.runs.check import check

    (for_file,) = _divided(options, FileOptions)
    request = file_request(FileOptions(file=file, **for_file))
    session = check(settings, request, talk=LogTalk())
    return _facts(settings, session.summary.as_dict())


def export(
    settings: Settings, what: str, options: Mapping[str, Any], actor: str | None
) -> Facts:
    """Export `what`; return the run's facts, with `path` and rows of each table.

    Raises:
        PipelineError: As `export_tables`.
    """
    (said,) = _divided(options, ExportOptions)
    for name in _DATES:
        if isinstance(said.get(name), str):
            said[name] = _day(name, said[name])
    asked = ExportOptions(**{"actor": actor} | said | {"what": what})
    session = export_tables(settings, asked, talk=LogTalk())
    summary = session.summary.as_dict()
    told = summary["export"]
    tables = told["manifest"].get("tables", {})
    return _facts(settings, summary) | {
        "path": told["path"],
        "is_latest": told["moved_latest"],
        "tables": {name: table["rows"] for name, table in tables.items()},
    }


def left_facts(settings: Settings, run_id: str | None) -> Facts:
    """Return the facts of a run of this process that ended early; none without a run."""
    if run_id is None:
        return {}
    path = new_folder(settings.runs_dir, run_id).summary
    try:
        return _facts(settings, json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}


def _facts(settings: Settings, summary: Mapping[str, Any]) -> Facts:
    kept = {name: summary[name] for name in _KEPT if name in summary}
    facts: Facts = json.loads(json.dumps(kept, default=str))
    folder = new_folder(settings.runs_dir, str(summary["run_id"]))
    facts["folder"] = shown(settings.runs_dir, folder)
    return facts


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`{name}` is `{text}`, not a date YYYY-MM-DD") from None


def _divided(options: Mapping[str, Any], *kinds: type[Any]) -> list[dict[str, Any]]:
    """Return the part of `options` that belongs to each of `kinds`.

    Raises:
        UsageError: An option belongs to none.
    """
    names = [[each.name for each in fields(kind)] for kind in kinds]
    known = [name for mine in names for name in mine]
    for option in options:
        if option not in known or option == "file":
            near = difflib.get_close_matches(option, known, n=1)
            raise UsageError(
                f"there is no option `{option}`",
                hint=f"did you mean `{near[0]}`?" if near else None,
            )
    return [{k: v for k, v in options.items() if k in mine} for mine in names]


class Stopper:
    """Makes SIGTERM end a run the way Ctrl-C does, at whatever stage it is.

    While a plan is being applied the run has a handler of its own, which lets what is
    on its way come back first; the second signal then comes here. An alarm is Airflow's
    `execution_timeout`: it ends the run in the same way before it is heard, since its
    exception could end one of the run's own tasks only, and the run would wait for it.
    """

    def __init__(self) -> None:
        self._is_armed = False
        self._is_late = False

    def stop(self) -> None:
        """Tell the run of this process to stop; nothing happens where there is none."""
        if self._is_armed:
            os.kill(os.getpid(), signal.SIGTERM)

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Turn SIGTERM into the end of what runs inside.

        Raises:
            InterruptedRunError: It was told to stop; the run can be resumed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread gets signals, and may say what they do
            return
        before = signal.signal(signal.SIGTERM, _raising(os.getpid()))
        alarm = signal.getsignal(signal.SIGALRM)
        if callable(alarm):
            signal.signal(signal.SIGALRM, self._too_late)
        self._is_armed = True
        try:
            yield
        except (KeyboardInterrupt, InterruptedRunError) as ended:
            if self._is_late and callable(alarm):
                alarm(signal.SIGALRM, None)
            if isinstance(ended, InterruptedRunError):
                raise
            told = InterruptedRunError("told to stop; the next try goes on from here")
            told.exit_code = ExitCode.SIGTERM
            raise told from None
        finally:
            self._is_armed = False
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)
            if callable(alarm):
                signal.signal(signal.SIGALRM, alarm)

    def _too_late(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._is_late = True
        signal.raise_signal(signal.SIGTERM)


def _raising(process: int) -> Callable[[int, FrameType | None], None]:
    def told(number: int, _: FrameType | None) -> None:
        if os.getpid() == process:
            raise KeyboardInterrupt
        os._exit(128 + number)  # a worker that was forked from here

    return told
