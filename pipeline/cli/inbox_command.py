"""`import --inbox`: what the command line says of an inbox, and what came of it."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.ending import settled_code
from pipeline.cli.options import Common, FileOptions, ImportOptions
from pipeline.errors import UsageError, worst
from schemas.outcomes import ExitCode

if TYPE_CHECKING:
    from pipeline.runs.inbox_values import Handled, Walk
    from pipeline.settings import Settings

_NOT_REPEATED = (
    "file", "inbox", "settle", "source", "json", "quiet", "verbose", "no_progress",
    "wait", "max_duration", "window", "allow_leftovers", "max_leftover_rate",
)  # fmt: skip
"""Options that say nothing about a plan; the source is always named."""


@dataclass(frozen=True)
class ImportFileOptions(FileOptions):
    """The options of `import`, whose FILE may be an inbox instead."""

    file: Annotated[
        str,
        typer.Argument(
            help="Customer file: CSV or workbook, local or remote; - for standard input.",
            metavar="FILE",
            show_default=False,
        ),
    ] = ""


@dataclass(frozen=True)
class InboxOptions:
    """Which inbox, and when a file in it lies ready."""

    inbox: Annotated[
        Path | None,
        typer.Option(
            help="Import every file of this folder instead of FILE, and move it on.",
            metavar="DIR",
        ),
    ] = None
    settle: Annotated[
        float,
        typer.Option(
            help="--inbox: seconds for which a file must not have been written.", min=0
        ),
    ] = 5.0


def one_or_the_other(
    file: FileOptions, inbox: InboxOptions, options: ImportOptions, *, dry_run: bool
) -> None:
    """Stop where neither FILE nor an inbox is named, or what an inbox cannot do.

    Raises:
        UsageError: The options do not go together.
    """
    if inbox.inbox is None:
        if not file.file:
            raise UsageError(
                "`import` needs a FILE or `--inbox DIR`",
                hint="`notchpay-pipeline import --help`",
            )
        return
    if file.file:
        raise UsageError("a FILE and `--inbox` exclude each other")
    if ":/" in str(inbox.inbox):
        raise UsageError(
            "an inbox is a folder of this machine",
            hint="a remote FILE can be imported by itself, as `import s3://…`",
        )
    of_one_file = (
        ("--dry-run", dry_run),
        ("--approve", options.approve is not None),
        ("--limit", options.limit is not None),
    )
    for name, is_given in of_one_file:
        if is_given:
            raise UsageError(
                f"`{name}` is about one plan; it does not go with `--inbox`",
                hint="name the FILE instead",
            )


def walk_inbox(
    settings: "Settings",
    each: Any,
    inbox: InboxOptions,
    common: Common,
    context: typer.Context,
) -> int:
    """Import the files of the inbox, print what came of each, return the exit code."""
    from pipeline.cli.screen import Screen
    from pipeline.runs.inbox import import_inbox
    from pipeline.runs.inbox_values import InboxRequest

    assert inbox.inbox is not None
    request = InboxRequest(inbox.inbox, each, inbox.settle, tuple(_again(context)))
    with Screen(common, settings.lang) as screen:
        walk = import_inbox(settings, request, talk=screen)
    files = [
        replace(file, exit_code=settled_code(file.exit_code, common, file.rows))
        for file in walk.files
    ]
    codes = [ExitCode(file.exit_code) for file in files]
    if walk.stopped is not None:
        codes.append(walk.stopped.exit_code)
    code = worst(*codes)
    _show(walk, files, int(code), common, settings.lang)
    return int(code)


def _again(context: typer.Context) -> list[str]:
    """Return the options of the command line that shape a plan, to be typed again."""
    typed: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name in _NOT_REPEATED or source is None or source.name != "COMMANDLINE":
            continue
        value = context.params[name]
        if value is True:
            typed.append(parameter.opts[0])
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            typed += [parameter.opts[0], str(each)]
    return typed


def _show(
    walk: "Walk", files: list["Handled"], code: int, common: Common, lang: str
) -> None:
    """Print one line a file on standard output; with `--quiet` only what is not 0."""
    from pipeline.cli.screen import print_json
    from pipeline.report.words import Words

    words = Words(lang)
    if common.json:
        told = walk.as_dict() | {"exit_code": code}
        for line, file in zip(told["files"], files, strict=True):
            line["exit_code"] = file.exit_code
        print_json(told)
    else:
        for file in files:
            if file.exit_code or not common.quiet:
                sys.stdout.write(_line(words, file) + "\n")
        if not common.quiet:
            _show_left(words, walk)
    if walk.stopped is not None:
        sys.stderr.write(f"error: {walk.stopped.message}\n")
        if walk.stopped.hint:
            sys.stderr.write(f"\nhint: {walk.stopped.hint}\n")


def _line(words: Any, file: "Handled") -> str:
    from pipeline.report.receipts import counts_text

    said = words.text(
        "inbox",
        str(file.state),
        file=file.file,
        counts=counts_text(words, file.rows),
        run=file.same_as,
        message=file.message,
    )
    opened = file.outbox[0] if file.outbox and file.exit_code else file.moved_to
    return f"{said} {opened}"


def _show_left(words: Any, walk: "Walk") -> None:
    for name, why in walk.left:
        said = words.text("inbox", "left", file=name, why=words.text("inbox", why))
        sys.stdout.write(said + "\n")
    if not walk.files and walk.stopped is None:
        sys.stdout.write(words.text("inbox", "empty", inbox=walk.inbox) + "\n")
