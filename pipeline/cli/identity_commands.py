"""The commands about who is who: `decide` and `index`."""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from pipeline.cli.options import Common, one_of, settings_arguments
from pipeline.cli.spread import spread

_INDEX = ("refresh", "status", "clear")


def add_identity_commands(app: typer.Typer) -> None:
    """Add `decide` and `index` to `app`."""
    app.command("decide")(decide_command)
    app.command("index")(index_command)


def _settings(common: Common) -> Any:
    from pipeline.settings import load_settings

    return load_settings(**settings_arguments(common))


@spread
def decide_command(
    common: Common,
    file: Annotated[
        str,
        typer.Argument(
            help="review_pairs.csv or .xlsx of a run, with decisions.", metavar="FILE"
        ),
    ],
    revoke: Annotated[
        bool, typer.Option("--revoke", help="Take back the decisions in the file.")
    ] = False,
    actor: Annotated[
        str | None, typer.Option(help="Who decided; the system's user if not given.")
    ] = None,
) -> int:
    """Store what a person decided; every later run follows it."""
    settings = _settings(common)
    from pipeline.runs.deciding import decide

    stored = asdict(decide(settings, file, revoke=revoke, actor=actor))
    if common.json:
        from pipeline.cli.screen import print_json

        print_json(stored)
    elif not common.quiet:
        from pipeline.report.words import Words

        who, words = stored.pop("actor"), Words(settings.lang)
        told = ", ".join(
            words.text("decided", name, count=count)
            for name, count in stored.items()
            if count
        )
        sys.stdout.write(f"{told or words.text('decided', 'none')} ({who})\n")
    return 0


@spread
def index_command(
    common: Common,
    what: Annotated[str, typer.Argument(metavar="[refresh|status|clear]")] = "status",
) -> int:
    """Keep an index of existing customers, so that an import reads what changed only."""
    settings = _settings(common)
    one_of(what, _INDEX, "index")
    from pipeline.cli.screen import Screen
    from pipeline.runs import indexing

    if what == "refresh":
        with Screen(common, settings.lang) as screen:
            status = indexing.refresh(settings, screen)
    else:
        act = indexing.clear if what == "clear" else indexing.status
        status = act(settings)
    if common.json:
        from pipeline.cli.screen import print_json

        print_json(status.as_dict())
    elif not common.quiet:
        sys.stdout.write(_told(status, settings.lang) + "\n")
    return 0


def _told(status: Any, lang: str) -> str:
    from pipeline.report.words import Words

    words = Words(lang)
    if status.age_seconds is None:
        return words.text("decided", "no_index")
    return words.text(
        "decided",
        "index",
        count=words.number(status.customers),
        hours=words.number(status.age_seconds / 3600, 1),
        gone=words.number(status.gone),
    )
