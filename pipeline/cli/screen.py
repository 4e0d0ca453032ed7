"""What people see: progress on standard error, tables at the end, JSON on standard output."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from pipeline.cli.columns_shown import columns_table
from pipeline.cli.ending import settled_code
from pipeline.cli.options import Common
from pipeline.report.words import Words
from pipeline.runs.session import Session
from schemas.outcomes import LEFTOVERS

_STAGES = {
    "reading": ("Reading", "Lecture"),
    "duplicates": ("Duplicates", "Doublons"),
    "existing customers": ("Existing customers", "Clients existants"),
    "writing": ("Writing", "Écriture"),
    "customers": ("Customers", "Clients"),
    "payments": ("Payments", "Paiements"),
    "reports": ("Reports", "Rapports"),
}
_OUTCOMES = {
    "read": ("rows read", "lignes lues"),
    "accepted": ("accepted", "acceptées"),
    "created": ("created", "créés"),
    "updated": ("updated", "mis à jour"),
    "unchanged": ("unchanged", "inchangés"),
    "merged": ("merged with another row", "fusionnées avec une autre ligne"),
    "rejected": ("rejected, to correct", "rejetées, à corriger"),
    "review": ("to review", "à examiner"),
    "failed": ("failed", "échouées"),
    "not_attempted": ("not attempted", "non tentées"),
}


_ANSWERS = ("y/N", "o/N")
_YES = ("y", "yes", "o", "oui")


class Screen:
    """A `Talk` on the terminal; silent with `--quiet` and `--json`."""

    def __init__(self, common: Common, lang: str) -> None:
        self._is_silent = common.quiet or common.json
        self._says_yes = common.yes
        self._french = lang == "fr"
        self._console = Console(stderr=True, highlight=False)
        shows = not (
            self._is_silent or common.no_progress or not self._console.is_terminal
        )
        self._progress = (
            Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                console=self._console,
                transient=True,
            )
            if shows
            else None
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Start the progress display."""
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the progress display away."""
        if self._progress is not None:
            self._progress.stop()

    def say(self, text: str) -> None:
        """Print a line of talk on standard error."""
        if not self._is_silent:
            self._console.print(text, markup=False, soft_wrap=True)

    def stage(self, name: str, total: int | None) -> None:
        """Begin a stage."""
        if self._progress is None:
            return
        if self._task is not None:
            self._progress.remove_task(self._task)
        title = _STAGES.get(name, (name, name))[self._french]
        self._task = self._progress.add_task(title, total=total)

    def ask(self, question: str) -> bool:
        """Ask on the terminal; yes where there is none, or `--yes` was given."""
        if self._says_yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return True
        if self._progress is not None:
            self._progress.stop()
        self._console.print(
            f"{question} [{_ANSWERS[self._french]}] ", markup=False, end=""
        )
        answer = sys.stdin.readline().strip().casefold()
        if self._progress is not None:
            self._progress.start()
        return answer in _YES

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, steps)


def show_run(session: Session, common: Common, lang: str) -> None:
    """Print what a run came to: a table, and in plain words which file to open."""
    summary = session.summary.as_dict()
    if common.json:
        print_json(summary)
        return
    rows: Mapping[str, int] = summary["rows"]
    leftovers = [str(o) for o in LEFTOVERS if rows.get(str(o))]
    code = settled_code(summary["exit_code"], common, rows)
    if common.quiet and not code:
        return
    console = Console(highlight=False)
    french = lang == "fr"
    if not common.quiet:
        console.print(_table(rows, french))
        columns = columns_table(summary, lang)
        if columns is not None and summary["command"] in ("check", "plan"):
            console.print(columns)
        _show_plan(console, summary, french)
        if summary["findings"]:
            own = summary.get("reading", {}).get("own_rules", {})
            console.print(_findings(summary["findings"], french, own))
    console.print(_last_line(session, rows, leftovers, lang), soft_wrap=True)


def print_json(value: object) -> None:
    """Print one JSON value on standard output."""
    sys.stdout.write(
        json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    )


def _table(rows: Mapping[str, int], french: bool) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(justify="right")
    table.add_column()
    for name, count in rows.items():
        style = "bold" if name == "read" else ("" if count else "dim")
        table.add_row(
            f"{count:,}".replace(",", " "), _OUTCOMES[name][french], style=style
        )
    return table


def _findings(
    findings: Mapping[str, int],
    french: bool,
    own: Mapping[str, str | None] | None = None,
) -> Table:
    from schemas.rules import rules

    known = rules()
    table = Table(box=None, pad_edge=False, title_justify="left")
    table.add_column("règle" if french else "rule")
    table.add_column("lignes" if french else "rows", justify="right")
    table.add_column("que faire" if french else "what to do")
    for name, count in sorted(findings.items(), key=lambda item: -item[1])[:15]:
        if name in known:
            advice = known[name].advice("fr" if french else "en")
        else:
            advice = (own or {}).get(name) or ""  # a user's rule: its column
        table.add_row(name, str(count), advice)
    return table


def _show_plan(console: Console, summary: Mapping[str, Any], french: bool) -> None:
    plan = summary.get("plan")
    if summary["command"] != "plan" or not plan:
        return
    way = plan["existing_read_by"]
    texts = (
        ("existing customers read by", "clients existants lus par", way),
        ("requests it will take", "requêtes nécessaires", str(plan["requests"])),
        ("would end at", "finirait à", plan["would_end_at"]),
        ("digest", "empreinte", str(summary["plan_digest"])),
    )
    table = Table(show_header=False, box=None, pad_edge=False)
    for english, in_french, value in texts:
        table.add_row(in_french if french else english, value)
    console.print(table)


def _last_line(
    session: Session, rows: Mapping[str, int], leftovers: list[str], lang: str
) -> str:
    """Say in plain words how many rows came to what, and which files to open."""
    words = Words(lang)
    folder = session.folder.path
    counts = ", ".join(
        f"{words.number(count)} {words.text('outcome', name)}"
        for name, count in rows.items()
        if count and name != "read"
    )
    facts = {
        "read": words.number(rows["read"]),
        "counts": counts or words.text("last", "none"),
    }
    command = session.summary.command
    name = command if words.has("last", command) else "done"
    said = [words.text("last", name, **facts)]
    files = [f"{session.place}/{file}" for file in _to_open(folder, leftovers)]
    if files:
        listed = ", ".join(files)
        said.append(words.text("last", "open", files=listed))
    if (folder / "report.html").exists():
        said.append(words.text("last", "page", page=f"{session.place}/report.html"))
    elif not files:
        said.append(session.place)
    return " ".join(said)


def _to_open(folder: Path, leftovers: list[str]) -> Iterator[str]:
    """Yield the file for each leftover that tells most: a workbook before a CSV."""
    for name in leftovers:
        for file in _BEST.get(name, (f"{name}.csv",)):
            if (folder / file).exists():
                yield file
                break


_BEST = {
    "rejected": ("rejected.xlsx", "rejected.csv"),
    "review": ("review_pairs.xlsx", "review.csv"),
}


def show_export(session: Session, common: Common, lang: str) -> None:
    """Print what an export holds and where it lies."""
    summary = session.summary.as_dict()
    if common.json:
        print_json(summary)
        return
    if common.quiet and not settled_code(summary["exit_code"], common):
        return
    french = lang == "fr"
    console = Console(highlight=False)
    told = summary["export"]
    for name, table in told["manifest"].get("tables", {}).items():
        rows = f"{table['rows']:,}".replace(",", " ")
        console.print(f"{_STAGES.get(name, (name, name))[french]}: {rows}")
    if summary["findings"]:
        console.print(_findings(summary["findings"], french))
    console.print(
        ("Exporté dans" if french else "Exported to") + f" {told['path']}",
        soft_wrap=True,
    )
