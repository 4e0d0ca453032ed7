"""The commands: each turns its options into a request and its run into an exit code."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline import __version__
from pipeline.cli.account_commands import add_account_commands
from pipeline.cli.ending import settled_code
from pipeline.cli.export_commands import add_export_commands
from pipeline.cli.history_commands import add_history_commands
from pipeline.cli.identity_commands import add_identity_commands
from pipeline.cli.inbox_command import (
    ImportFileOptions,
    InboxOptions,
    one_or_the_other,
    walk_inbox,
)
from pipeline.cli.init_command import add_init_command
from pipeline.cli.options import (
    Common,
    FileOptions,
    ImportOptions,
    one_of,
    seconds_of,
    settings_arguments,
)
from pipeline.cli.privacy_commands import add_privacy_commands
from pipeline.cli.requests import file_request, import_request
from pipeline.cli.rules_commands import add_rules_commands
from pipeline.cli.spread import spread
from pipeline.errors import SettingsError, UsageError
from schemas.outcomes import ExitCode

app = typer.Typer(
    name="notchpay-pipeline",
    help="Customer files into Notch Pay, and back out as Parquet.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def run(argv: list[str]) -> int:
    """Run the command line `argv` and return the exit code."""
    command = typer.main.get_command(app)
    try:
        code = command.main(argv, prog_name="notchpay-pipeline", standalone_mode=False)
    except typer.Exit as ended:
        return int(ended.exit_code)
    except typer.Abort:
        return int(ExitCode.SIGINT)
    except Exception as error:
        shown = getattr(error, "format_message", None)
        if shown is None:
            raise
        raise UsageError(shown(), hint="`notchpay-pipeline --help`") from None
    return int(code or 0)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"notchpay-pipeline {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


def _settings(common: Common, **more: Any) -> Any:
    from pipeline.settings import load_settings

    return load_settings(**settings_arguments(common, **more))


def _stdin(file: str) -> Any:
    return sys.stdin.buffer if file == "-" else None


def _ended(session: Any, common: Common, lang: str) -> int:
    from pipeline.cli.screen import show_run

    show_run(session, common, lang)
    return settled_code(session.summary.exit_code, common, session.summary.rows)


@app.command("check")
@spread
def check_command(file: FileOptions, common: Common) -> int:
    """Read, normalise, validate, find duplicates in the file. No network, no key."""
    settings = _settings(common, **file.settings())
    from pipeline.cli.screen import Screen
    from pipeline.runs.check import check

    with Screen(common, settings.lang) as screen:
        session = check(
            settings, file_request(file), talk=screen, stdin=_stdin(file.file)
        )
    return _ended(session, common, settings.lang)


@app.command("plan")
@spread
def plan_command(file: FileOptions, options: ImportOptions, common: Common) -> int:
    """Say what an import would create, update, merge and hold. Writes nothing."""
    return _plan_or_import(file, options, common, applies=False)


@app.command("import")
@spread
def import_command(
    context: typer.Context,
    file: ImportFileOptions,
    options: ImportOptions,
    inbox: InboxOptions,
    common: Common,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="The same as plan.")
    ] = False,
) -> int:
    """Plan, guard, apply. Goes on with an interrupted import of the same file."""
    one_or_the_other(file, inbox, options, dry_run=dry_run)
    if inbox.inbox is not None:
        settings = _settings(common, **file.settings())
        each = import_request(file, options, common.wait)
        return walk_inbox(settings, each, inbox, common, context)
    return _plan_or_import(file, options, common, applies=not dry_run)


def _plan_or_import(
    file: FileOptions, options: ImportOptions, common: Common, *, applies: bool
) -> int:
    settings = _settings(common, **file.settings())
    from pipeline.cli.screen import Screen
    from pipeline.runs.importing import import_customers, plan

    request = import_request(file, options, common.wait)
    work = import_customers if applies else plan
    with Screen(common, settings.lang) as screen:
        session = work(settings, request, talk=screen, stdin=_stdin(file.file))
    return _ended(session, common, settings.lang)


@app.command("resume")
@spread
def resume_command(
    common: Common,
    run_id: Annotated[str | None, typer.Argument(metavar="[RUN]")] = None,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Close the run instead of going on.")
    ] = False,
    max_duration: Annotated[
        str | None, typer.Option(help="Stop cleanly after this time, as 6h.")
    ] = None,
    window: Annotated[
        str | None, typer.Option(help="Write only in this local time, as 20:00-06:00.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Who does it.")] = None,
) -> int:
    """Go on with an interrupted run, under the same run id."""
    settings = _settings(common)
    from pipeline.apply.stop import Window
    from pipeline.cli.screen import Screen
    from pipeline.runs.resuming import Times, resume

    times = Times(
        wait=common.wait,
        max_duration=seconds_of(max_duration, "--max-duration"),
        window=Window.parse(window) if window else None,
        actor=actor,
    )
    with Screen(common, settings.lang) as screen:
        session = resume(settings, run_id, abandon=abandon, talk=screen, times=times)
    return _ended(session, common, settings.lang)


@app.command("sandbox")
@spread
def sandbox_command(
    common: Common,
    port: Annotated[
        int, typer.Option(help="Port on loopback; 0 takes a free one.")
    ] = 0,
    port_file: Annotated[
        Path | None, typer.Option(help="Write the port into this file.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Keep the records in this SQLite file.")
    ] = None,
    seed_customers: Annotated[int, typer.Option(help="Customers to begin with.")] = 0,
    payments_per_customer: Annotated[
        int, typer.Option(help="Payments of each of them.")
    ] = 0,
    rate: Annotated[
        str, typer.Option(help="Requests / seconds, as 100/60.", metavar="N/SECONDS")
    ] = "off",
    faults: Annotated[
        str, typer.Option(help="Faults to inject, by rate.", metavar="SPEC")
    ] = "",
    dialect: Annotated[
        str, typer.Option(help="How the API speaks.", metavar="SPEC")
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of records and faults.")] = 1,
) -> int:
    """Serve the embedded API on loopback; prints its address first."""
    del common
    from pipeline.sandbox.serve import run_sandbox

    try:
        run_sandbox(
            port=port,
            port_file=port_file,
            data=data,
            seed_customers=seed_customers,
            payments_per_customer=payments_per_customer,
            rate=rate,
            faults=faults,
            dialect=dialect,
            seed=seed,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        raise SettingsError(f"the sandbox cannot start: {error.strerror}") from error
    return 0


@app.command("demo")
@spread
def demo_command(
    common: Common,
    folder: Annotated[
        Path, typer.Option(help="Where runs and exports of the demo go.")
    ] = Path("build/demo"),
) -> int:
    """Import the sample twice into a sandbox, export it, show what came of it."""
    del common
    from pipeline.runs.demo import demo

    return demo(folder)


@app.command("undo")
@spread
def undo_command(
    common: Common,
    run_id: Annotated[str, typer.Argument(metavar="RUN")],
    delete_created: Annotated[
        bool,
        typer.Option("--delete-created", help="Also delete what the run created."),
    ] = False,
    max_kept_rate: Annotated[
        float, typer.Option(help="Guard: share of rows changed since.")
    ] = 0.30,
    passed: Annotated[
        list[str] | None,
        typer.Option("--pass", help="Pass a guard. Again for each.", metavar="GUARD"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Pass all guards.")] = False,
    actor: Annotated[str | None, typer.Option(help="Who does it.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the audit.", metavar="TEXT")
    ] = None,
) -> int:
    """Put back what a run updated, as far as nobody has changed it since."""
    settings = _settings(common)
    from pipeline.cli.screen import Screen
    from pipeline.runs.resuming import Times
    from pipeline.runs.undoing import GUARD, UndoRequest, undo

    for name in passed or ():
        one_of(name, (GUARD,), "--pass")
    request = UndoRequest(
        run_id=run_id,
        delete_created=delete_created,
        max_kept_rate=max_kept_rate,
        passed=tuple(passed or ()),
        force=force,
        times=Times(wait=common.wait),
        actor=actor,
        reason=reason,
    )
    with Screen(common, settings.lang) as screen:
        session = undo(settings, request, talk=screen)
    return _ended(session, common, settings.lang)


@app.command("doctor")
@spread
def doctor_command(common: Common) -> int:
    """Check settings, key, API, state database and disk; say what to mend."""
    settings = _settings(common)
    from pipeline.cli.looks import show_looks
    from pipeline.runs.doctor import examine
    from pipeline.runs.looks import Health

    looks = examine(settings)
    show_looks(looks, common)
    is_bad = any(look.health is Health.BAD for look in looks)
    return int(ExitCode.CANNOT_START if is_bad else ExitCode.OK)


add_history_commands(app)
add_rules_commands(app)
add_identity_commands(app)
add_account_commands(app)
add_init_command(app)
add_export_commands(app)
add_privacy_commands(app)
