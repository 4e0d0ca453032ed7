"""The commands about past runs: `report` and `runs`."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.account_commands import show_audit
from pipeline.cli.ending import settled_code
from pipeline.cli.options import Common, seconds_of, settings_arguments
from pipeline.cli.spread import spread
from pipeline.errors import UsageError
from schemas.outcomes import ExitCode

PRUNE, AUDIT = "prune", "audit"
_SHOWN = 30


def add_history_commands(app: typer.Typer) -> None:
    """Add `report` and `runs` to `app`."""
    app.command("report")(report_command)
    app.command("runs")(runs_command)


def _settings(common: Common) -> Any:
    from pipeline.settings import load_settings

    return load_settings(**settings_arguments(common))


@spread
def report_command(
    common: Common,
    run_id: Annotated[str, typer.Argument(metavar="RUN")],
) -> int:
    """Build the HTML page of a run anew, from its folder alone."""
    settings = _settings(common)
    from pipeline.runs.reporting import report

    page = report(settings, run_id)
    if common.json:
        from pipeline.cli.screen import print_json

        print_json({"run_id": run_id, "page": str(page)})
    elif not common.quiet:
        sys.stdout.write(f"{page}\n")
    return 0


@spread
def runs_command(
    common: Common,
    what: Annotated[
        str | None,
        typer.Argument(
            help="A run, `prune` or `audit`; all if not given.",
            metavar="[RUN|prune|audit]",
        ),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            help="prune: age of the runs, as 90d; NOTCHPAY_RETENTION if not given.",
            metavar="AGE",
        ),
    ] = None,
    inbox: Annotated[
        list[Path] | None,
        typer.Option(
            help="prune: also what this inbox dealt with. Again for each.",
            metavar="DIR",
        ),
    ] = None,
    max_age: Annotated[
        str | None,
        typer.Option(
            help="Exit 3 where a source's newest finished import is older, as 8d.",
            metavar="AGE",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Only runs of this source.")
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="audit: every line as CSV.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="audit: exit 1 where a line was changed.")
    ] = False,
    actor: Annotated[str | None, typer.Option(help="prune: who does it.")] = None,
) -> int:
    """List the runs, show one, prune clear values of old ones, or show who did what."""
    settings = _settings(common)
    age = seconds_of(max_age, "--max-age")
    if what == AUDIT:
        return show_audit(settings, common, as_csv=as_csv, verify=verify, run_id=None)
    if as_csv or verify:
        raise UsageError("`--csv` and `--verify` belong to `runs audit`")
    if what == PRUNE:
        return _prune(settings, common, older_than, (inbox or (), actor))
    if older_than is not None or inbox:
        name = "--inbox" if older_than is None else "--older-than"
        raise UsageError(f"`{name}` belongs to `runs prune`")
    if what is not None:
        return _show_one(settings, common, what)
    return _list(settings, common, age, source)


def _prune(
    settings: Any,
    common: Common,
    older_than: str | None,
    more: tuple[Sequence[Path], str | None],
) -> int:
    from dataclasses import asdict

    from pipeline.cli.screen import print_json
    from pipeline.runs.retention import prune_all

    age = seconds_of(older_than, "--older-than")
    inboxes, actor = more
    kept = prune_all(settings, age, inboxes, time.time(), actor)
    if common.json:
        print_json({**asdict(kept.runs), "inbox_files": kept.inbox_files})
    elif not common.quiet:
        _say_pruned(kept, settings.lang)
    return 0


def _say_pruned(kept: Any, lang: str) -> None:
    from pipeline.report.words import Words

    words, done = Words(lang), kept.runs
    facts = {"runs": words.number(done.runs), "size": words.size(done.bytes)}
    lines = [words.text("history", "pruned", **facts)]
    if done.resumable:
        count = words.number(done.resumable)
        lines.append(words.text("history", "resumable", count=count))
    if kept.inbox_files:
        count = words.number(kept.inbox_files)
        lines.append(words.text("history", "pruned_inbox", count=count))
    sys.stdout.write("\n".join(lines) + "\n")


def _show_one(settings: Any, common: Common, run_id: str) -> int:
    from pipeline.cli.screen import print_json
    from pipeline.runs.history import one_run

    told = one_run(settings, run_id)
    if common.json:
        print_json(told)
        return 0
    if common.quiet:
        return 0
    from rich.console import Console

    from pipeline.cli.runs_shown import one_run_tables

    console = Console(highlight=False)
    for table in one_run_tables(told, settings.lang):
        console.print(table)
    return 0


def _list(
    settings: Any, common: Common, max_age: float | None, source: str | None
) -> int:
    from pipeline.cli.screen import print_json
    from pipeline.runs.history import history, stale_sources

    runs = history(settings, time.time())
    shown = [run for run in runs if source in (None, run.summary.get("source"))]
    if common.json:
        print_json([run.summary for run in shown])
    elif not (common.quiet or max_age is not None):
        _print_list([run.summary for run in shown], settings)
    if max_age is None:
        return 0
    stale = stale_sources(runs, max_age, source)
    has_imports = any(run.summary.get("command") == "import" for run in runs)
    is_well = has_imports and not stale
    code = settled_code(0 if is_well else ExitCode.LEFTOVERS, common)
    if code or not common.quiet:
        _say_stale(stale, has_imports=has_imports or bool(stale), lang=settings.lang)
    return code


def _say_stale(
    stale: Sequence[tuple[str, float | None]], *, has_imports: bool, lang: str
) -> None:
    from pipeline.report.words import Words
    from pipeline.runs.history import days

    words = Words(lang)
    if not has_imports:
        sys.stderr.write(words.text("history", "no_import") + "\n")
    for source, age in stale:
        name = "never" if age is None else "stale"
        shown = "" if age is None else words.number(days(age), 1)
        text = words.text("history", name, source=source, days=shown)
        sys.stderr.write(text + "\n")


def _print_list(summaries: Sequence[Mapping[str, Any]], settings: Any) -> None:
    from rich.console import Console

    from pipeline.cli.runs_shown import history_table
    from pipeline.report.words import Words

    words = Words(settings.lang)
    console = Console(highlight=False)
    if not summaries:
        console.print(words.text("history", "none", folder=settings.runs_dir))
        return
    console.print(history_table(summaries[:_SHOWN], settings.lang))
    if len(summaries) > _SHOWN:
        count = words.number(len(summaries) - _SHOWN)
        console.print(words.text("history", "more", count=count))
