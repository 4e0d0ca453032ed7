"""The commands about rules and rows: `template` and `explain`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import Common, settings_arguments
from pipeline.cli.spread import spread


def add_rules_commands(app: typer.Typer) -> None:
    """Add `template` and `explain` to `app`."""
    app.command("template")(template_command)
    app.command("explain")(explain_command)


def _settings(common: Common) -> Any:
    from pipeline.settings import load_settings

    return load_settings(**settings_arguments(common))


@spread
def template_command(
    common: Common,
    out: Annotated[Path, typer.Argument(metavar="[OUT.xlsx|OUT.csv]")] = Path(
        "template.xlsx"
    ),
) -> int:
    """Write an empty file to hand to senders: recognised columns and your own rules."""
    settings = _settings(common)
    from pipeline.runs.templating import write_template

    headers = write_template(settings, out)
    if common.json:
        from pipeline.cli.screen import print_json

        print_json({"file": str(out), "columns": headers})
    elif not common.quiet:
        sys.stdout.write(f"{out}: {', '.join(headers)}\n")
    return 0


@spread
def explain_command(
    common: Common,
    run_id: Annotated[str, typer.Argument(metavar="RUN")],
    row: Annotated[int, typer.Argument(metavar="ROW", min=1)],
    clear: Annotated[
        bool, typer.Option("--clear", help="Show values in clear, not masked.")
    ] = False,
) -> int:
    """Tell one row's whole story: read, found, merged, decided, written, answered."""
    settings = _settings(common)
    from pipeline.runs.explaining import explain

    story = explain(settings, run_id, row, clear=clear)
    if common.json:
        from pipeline.cli.screen import print_json

        print_json(asdict(story))
    elif not common.quiet:
        from pipeline.cli.story import show_story

        show_story(story, settings.lang, clear=clear)
    return 0
