"""The commands about who may and who did: `approve`; what `runs audit` shows."""

import csv
import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from pipeline.cli.options import Common, settings_arguments
from pipeline.cli.spread import spread
from pipeline.errors import UsageError
from schemas.outcomes import ExitCode

_SHOWN = 30
_COLUMNS = (
    "seq", "at", "event", "actor", "account", "source", "run_id", "details", "hash",
)  # fmt: skip
_HEADS = {
    "en": ("no.", "when", "what", "who", "source", "run"),
    "fr": ("n°", "quand", "quoi", "qui", "source", "exécution"),
}
_WHOLE = {
    "en": "the audit is whole: {lines} lines",
    "fr": "l'audit est intact : {lines} lignes",
}
_CHAIN = {
    "en": "line {wrong} of the audit was changed or is missing",
    "fr": "la ligne {wrong} de l'audit a été modifiée ou manque",
}
_MISSING = {
    "en": "line {wrong} of the audit, which run {why} wrote, is missing or another",
    "fr": "la ligne {wrong} de l'audit, écrite par l'exécution {why}, manque ou est autre",
}
_APPROVED = {
    "en": "{actor} approves the plan of {rows} rows; another person runs"
    " `import … --approve {digest}`",
    "fr": "{actor} approuve le plan de {rows} lignes ; une autre personne lance"
    " `import … --approve {digest}`",
}


def add_account_commands(app: typer.Typer) -> None:
    """Add `approve` to `app`."""
    app.command("approve")(approve_command)


@spread
def approve_command(
    common: Common,
    digest: Annotated[str, typer.Argument(metavar="DIGEST")],
    actor: Annotated[
        str | None, typer.Option(help="Who approves; the system's user if not given.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the audit.", metavar="TEXT")
    ] = None,
) -> int:
    """Approve a plan by its digest, so that another person may import it."""
    from pipeline.runs.approving import approve
    from pipeline.settings import load_settings

    settings = load_settings(**settings_arguments(common))
    row = approve(settings, digest, actor=actor, reason=reason)
    told = json.loads(row.details)
    if common.json:
        from pipeline.cli.screen import print_json

        print_json({"actor": row.actor, "at": row.at, "seq": row.seq, **told})
    elif not common.quiet:
        facts = {"actor": row.actor, "rows": told["rows"], "digest": digest}
        sys.stdout.write(_APPROVED[settings.lang].format(**facts) + "\n")
    return 0


def show_audit(
    settings: Any, common: Common, *, as_csv: bool, verify: bool, run_id: str | None
) -> int:
    """Print the audit's lines, or check them; return the exit code.

    Raises:
        UsageError: Two forms are asked for at once.
    """
    from pipeline.runs.auditing import audit_rows

    if sum((as_csv, verify, common.json and not verify)) > 1:
        raise UsageError("`--csv`, `--verify` and `--json` do not go together")
    if verify:
        return _verify(settings, common)
    rows = (row for row in audit_rows(settings) if run_id in (None, row.run_id))
    if as_csv:
        _as_csv(rows)
    elif common.json:
        from pipeline.cli.screen import print_json

        print_json([_line(row) | {"details": json.loads(row.details)} for row in rows])
    elif not common.quiet:
        _as_table(list(rows), settings.lang)
    return 0


def _verify(settings: Any, common: Common) -> int:
    """Check the chain; what is wrong is one line on standard error and exit 1."""
    from pipeline.runs.auditing import check_audit

    checked = check_audit(settings)
    facts = {"lines": checked.lines, "wrong": checked.wrong, "why": checked.why}
    if checked.wrong is not None:
        texts = _CHAIN if checked.why == "chain" else _MISSING
        sys.stderr.write("error: " + texts[settings.lang].format(**facts) + "\n")
    elif not (common.quiet or common.json):
        sys.stdout.write(_WHOLE[settings.lang].format(**facts) + "\n")
    if common.json:
        from pipeline.cli.screen import print_json

        print_json({"lines": checked.lines, "wrong": checked.wrong})
    return int(ExitCode.OK if checked.wrong is None else ExitCode.BUG)


def _line(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _COLUMNS}


def _as_csv(rows: Iterable[Any]) -> None:
    from pipeline.files.formula import protect

    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    for row in rows:
        values = ("" if v is None else str(v) for v in _line(row).values())
        writer.writerow([protect(value) for value in values])


def _as_table(rows: list[Any], lang: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in _HEADS[lang]:
        table.add_column(head, no_wrap=True, overflow="ellipsis")
    for row in rows[-_SHOWN:]:
        told = (row.event, row.actor, row.source or "", row.run_id or "")
        table.add_row(str(row.seq), row.at[:19], *told)
    Console(highlight=False).print(table)
