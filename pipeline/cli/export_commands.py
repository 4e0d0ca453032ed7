"""Commands about exports: `export`, and `reconcile` for those that are there already."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline.cli.ending import settled_code
from pipeline.cli.options import Common, days_of, one_of, settings_arguments
from pipeline.cli.spread import spread
from pipeline.errors import UsageError

_KINDS = ("customers", "payments")


def add_export_commands(app: typer.Typer) -> None:
    """Add `export` and `reconcile` to `app`."""
    app.command("export")(export_command)
    app.command("reconcile")(reconcile_command)


@spread
def export_command(
    common: Common,
    what: Annotated[str, typer.Argument(metavar="[customers|payments|all]")] = "all",
    status: Annotated[
        str | None, typer.Option(help="Only payments of this status.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Payments from this local date on.", metavar="DATE"),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(help="Payments before this local date.", metavar="DATE"),
    ] = None,
    since_last_success: Annotated[
        bool,
        typer.Option(
            "--since-last-success",
            help="Payments since the last complete export, less --overlap.",
        ),
    ] = False,
    overlap: Annotated[
        str,
        typer.Option(help="How far that window reaches back, 1d at least."),
    ] = "7d",
    month: Annotated[
        str | None,
        typer.Option(help="Payments of this local month.", metavar="YYYY-MM"),
    ] = None,
    close: Annotated[
        str | None,
        typer.Option(help="Freeze the month's control totals.", metavar="YYYY-MM"),
    ] = None,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="A workbook for finance as well.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV files as well.")] = False,
    keep_geo: Annotated[
        bool, typer.Option("--keep-geo", help="Keep the payer's IP address.")
    ] = False,
    changed_only: Annotated[
        bool,
        typer.Option("--changed-only", help="Also what differs from the last export."),
    ] = False,
    form: Annotated[
        str,
        typer.Option("--format", help="parquet, or delta: with Delta logs as well."),
    ] = "parquet",
    export_mode: Annotated[str, typer.Option(help="Mode of the files, octal.")] = "600",
    actor: Annotated[str | None, typer.Option(help="Who does it.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the audit.", metavar="TEXT")
    ] = None,
) -> int:
    """Export customers and payments to Parquet, with manifest and report tables."""
    one_of(what, ("customers", "payments", "all"), "export")
    one_of(form, ("parquet", "delta"), "--format")
    from pipeline.cli.screen import Screen, show_export
    from pipeline.runs.exporting import ExportOptions, export_tables
    from pipeline.settings import load_settings

    settings = load_settings(**settings_arguments(common))
    options = ExportOptions(
        what=what,
        status=status,
        since=_day(since, "--since"),
        until=_day(until, "--until"),
        since_last_success=since_last_success,
        overlap_days=days_of(overlap, "--overlap"),
        month=month,
        close=close,
        keep_geo=keep_geo,
        changed_only=changed_only,
        csv=csv,
        xlsx=xlsx,
        format=form,
        mode=_mode(export_mode),
        actor=actor,
        reason=reason,
    )
    with Screen(common, settings.lang) as screen:
        session = export_tables(settings, options, talk=screen)
    show_export(session, common, settings.lang)
    return settled_code(session.summary.exit_code, common)


def _day(text: str | None, option: str) -> Any:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`{option} {text}` is not a date YYYY-MM-DD") from None


def _mode(text: str) -> int:
    try:
        return int(text, 8)
    except ValueError:
        raise UsageError(f"`--export-mode {text}` is not octal") from None


@spread
def reconcile_command(
    common: Common,
    kind: Annotated[str, typer.Argument(metavar="customers|payments")],
    file: Annotated[
        str | None, typer.Argument(help="payments: your own list.", metavar="[FILE]")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(help="Column of FILE with the reference.", metavar="COL"),
    ] = None,
    amount: Annotated[
        str | None, typer.Option(help="Column of FILE with the amount.", metavar="COL")
    ] = None,
    status: Annotated[
        str | None,
        typer.Option(
            help="Column of FILE with the status; without, every line counts as paid.",
            metavar="COL",
        ),
    ] = None,
    month: Annotated[
        str | None,
        typer.Option(help="The local month FILE is of.", metavar="YYYY-MM"),
    ] = None,
    export: Annotated[
        str | None,
        typer.Option(help="Export to compare with (the latest).", metavar="ID"),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of FILE, name or number.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of FILE.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Delimiter of FILE.")] = None,
) -> int:
    """Compare an export with past imports, or with your own list of payments."""
    one_of(kind, _KINDS, "reconcile")
    from pipeline.cli.screen import Screen
    from pipeline.runs import reconciling
    from pipeline.settings import load_settings

    settings = load_settings(**settings_arguments(common))
    with Screen(common, settings.lang) as screen:
        if kind == "customers":
            if file is not None:
                raise UsageError("`reconcile customers` takes no FILE")
            session = reconciling.reconcile_with_imports(settings, export, screen)
        else:
            options = reconciling.ListOptions(
                _given(file, "FILE"),
                _given(reference, "--reference"),
                _given(amount, "--amount"),
                status,
                month,
                sheet,
                encoding,
                delimiter,
            )
            stdin = sys.stdin.buffer if file == "-" else None
            session = reconciling.reconcile_with_list(
                settings, options, export, screen, stdin
            )
    _show(session.summary.as_dict(), common, settings.lang)
    return settled_code(session.summary.exit_code, common)


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise UsageError(
            f"`reconcile payments` needs {name}",
            hint="`reconcile payments FILE --reference COL --amount COL`",
        )
    return value


def _show(summary: Mapping[str, Any], common: Common, lang: str) -> None:
    """Print the counts and where the table and the workbook lie."""
    from pipeline.cli.screen import print_json
    from pipeline.export.reconciled import result_words

    if common.json:
        print_json(summary)
        return
    if common.quiet and not settled_code(summary["exit_code"], common):
        return
    told, words = summary["reconciliation"], result_words(lang)
    for result, count in told["counts"].items():
        sums = told["sums"].get(result, {})
        money = ", ".join(f"{amount} {currency}" for currency, amount in sums.items())
        sys.stdout.write(f"{count:>9} {words[result]}{money and f'  ({money})'}\n")
    sys.stdout.write(f"{told['workbook']}\n")
