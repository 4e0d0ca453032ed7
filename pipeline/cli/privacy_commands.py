"""The commands about one person's data and about how long it is kept."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.options import Common, one_of, settings_arguments
from pipeline.cli.spread import spread
from pipeline.errors import UsageError
from schemas.outcomes import ExitCode

_SUBJECT = ("find", "export", "erase", "readmit")


def add_privacy_commands(app: typer.Typer) -> None:
    """Add `subject` and `exports` to `app`."""
    app.command("subject")(subject_command)
    app.command("exports")(exports_command)


def _settings(common: Common) -> Any:
    from pipeline.settings import load_settings

    return load_settings(**settings_arguments(common))


@spread
def subject_command(
    common: Common,
    what: Annotated[str, typer.Argument(metavar="find|export|erase|readmit")],
    phone: Annotated[
        list[str] | None, typer.Option(help="A phone of the person, in any spelling.")
    ] = None,
    email: Annotated[
        list[str] | None, typer.Option(help="An e-mail of the person.")
    ] = None,
    customer: Annotated[
        list[str] | None, typer.Option("--id", help="A customer id of the person.")
    ] = None,
    inbox: Annotated[
        list[str] | None,
        typer.Option(help="Also this inbox folder, with all in it. Again for each."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="export: the folder to make.", metavar="DIR")
    ] = None,
    approve: Annotated[
        str | None,
        typer.Option(help="erase: do what the plan of this digest says."),
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="erase: why, for the proof; no names.")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave the API out.")
    ] = False,
    actor: Annotated[
        str | None, typer.Option(help="Who does it; the system's user if not given.")
    ] = None,
) -> int:
    """Find, hand out or erase everything that is held of one person."""
    one_of(what, _SUBJECT, "subject")
    settings = _settings(common)
    from pipeline.runs.subject import SubjectRequest

    request = SubjectRequest(
        ids=tuple(customer or ()),
        emails=tuple(email or ()),
        phones=tuple(phone or ()),
        inboxes=tuple(inbox or ()),
        offline=offline,
    )
    if what == "export" and out is None:
        raise UsageError("`subject export` needs `--out DIR`")
    if what != "erase" and approve is not None:
        raise UsageError("`--approve` belongs to `subject erase`")
    from pipeline.cli.screen import Screen

    with Screen(common, settings.lang) as screen:
        told = _done(settings, request, what, (out, approve, reason, actor), screen)
    _show(told, common, what, settings.lang)
    is_left = bool(told.get("left") or told.get("customers_left"))
    return int(ExitCode.LEFTOVERS) if is_left and not common.allow_leftovers else 0


def _done(
    settings: Any,
    request: Any,
    what: str,
    options: tuple[Path | None, str | None, str | None, str | None],
    screen: Any,
) -> Mapping[str, Any]:
    from pipeline.runs import subject, subject_erasing, subject_export

    out, approve, reason, actor = options
    if what == "find":
        return subject_export.shown(subject.find(settings, request, screen))
    if what == "export":
        held = subject.find(settings, request, screen)
        return subject_export.hand_out(settings, held, Path(out or "."), actor)
    if what == "readmit":
        return subject_erasing.readmit(settings, request, actor=actor)
    if approve is None:
        return subject_erasing.plan_erasure(settings, request, screen).as_dict()
    return subject_erasing.erase(
        settings, request, approve, actor=actor, reason=reason, talk=screen
    )


def _show(told: Mapping[str, Any], common: Common, what: str, lang: str) -> None:
    from pipeline.cli.screen import print_json

    if common.json:
        print_json(told)
        return
    if common.quiet:
        return
    from pipeline.cli.subject_shown import lines_of

    for line in lines_of(told, what, lang):
        sys.stdout.write(line + "\n")


@spread
def exports_command(
    common: Common,
    what: Annotated[str, typer.Argument(metavar="prune")],
    customers: Annotated[
        str | None,
        typer.Option(
            help="Remove customers of exports older than this.", metavar="AGE"
        ),
    ] = None,
    payments: Annotated[
        str | None,
        typer.Option(help="Remove payments of exports older than this.", metavar="AGE"),
    ] = None,
    latest: Annotated[
        bool,
        typer.Option("--latest", help="Also the export that `latest` points to."),
    ] = False,
    actor: Annotated[
        str | None, typer.Option(help="Who does it; the system's user if not given.")
    ] = None,
) -> int:
    """Remove tables of old exports: `exports prune --customers 90d --payments 3650d`."""
    one_of(what, ("prune",), "exports")
    from pipeline.cli.options import seconds_of

    ages = {
        "customers": seconds_of(customers, "--customers"),
        "payments": seconds_of(payments, "--payments"),
    }
    if not any(age is not None for age in ages.values()):
        raise UsageError(
            "`exports prune` needs an age",
            hint="`--customers 90d`, `--payments 3650d`, or both",
        )
    settings = _settings(common)
    from pipeline.runs.exports_pruning import prune_exports

    done = prune_exports(
        settings,
        {name: age for name, age in ages.items() if age is not None},
        latest_too=latest,
        actor=actor,
    )
    _show(done, common, "exports", settings.lang)
    return 0
