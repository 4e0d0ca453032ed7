"""The command about exports that are there already: `reconcile`."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline.cli.ending import settled_code
from pipeline.cli.options import Common, one_of, settings_arguments
from pipeline.cli.spread import spread
from pipeline.errors import UsageError

_KINDS = ("customers", "payments")


def add_export_commands(app: typer.Typer) -> None:
    """Add `reconcile` to `app`."""
    app.command("reconcile")(reconcile_command)


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
