"""Past runs as tables on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.table import Table

from pipeline.recognise.shown import show_header
from pipeline.report.words import Words
from schemas.outcomes import LEFTOVERS

_STYLES = {"refused": "red", "interrupted": "yellow"}
_MARKS = {"refused": " ✗", "interrupted": " …"}
_ID = 23
_COLUMNS = ("read", "created", "updated")
_FACTS = (
    "run_id",
    "command",
    "source",
    "merchant",
    "account",
    "file_sha256",
    "exit_code",
    "rows_per_second",
)


def history_table(summaries: Sequence[Mapping[str, Any]], lang: str) -> Table:
    """Return one line a run, newest first; the run's id begins with its UTC time.

    A command with ✗ was refused, one with … did not come to its end.
    """
    words = Words(lang)
    table = Table(box=None, pad_edge=False)
    table.add_column(words.text("history", "run"), no_wrap=True, min_width=_ID)
    for name in ("command", "source"):
        table.add_column(words.text("history", name), overflow="ellipsis", no_wrap=True)
    for name in (*_COLUMNS, "open"):
        head = words.text("history", name)
        table.add_column(head, justify="right", no_wrap=True, min_width=len(head))
    for told in summaries:
        rows = told.get("rows", {})
        counts = [rows.get(name, 0) for name in _COLUMNS]
        counts.append(sum(rows.get(name, 0) for name in LEFTOVERS))
        state = str(told.get("state", ""))
        table.add_row(
            told["run_id"],
            f"{told.get('command', '')}{_MARKS.get(state, '')}",
            show_header(str(told.get("source", ""))),
            *(words.number(count) if count else "·" for count in counts),
            style=_STYLES.get(state, ""),
        )
    return table


def one_run_tables(told: Mapping[str, Any], lang: str) -> Iterator[Table]:
    """Yield the tables of one run: facts, outcomes, reasons."""
    words = Words(lang)
    facts = Table(show_header=False, box=None, pad_edge=False)
    state = words.text("state", str(told.get("state", "")))
    facts.add_row(words.text("history", "state"), state)
    for name in _FACTS:
        if told.get(name) not in (None, ""):
            shown = (
                show_header(str(told[name])) if name == "source" else str(told[name])
            )
            facts.add_row(words.text("fact", name), shown)
    yield facts
    outcomes = Table(show_header=False, box=None, pad_edge=False)
    outcomes.add_column(justify="right")
    for name, count in told.get("rows", {}).items():
        outcomes.add_row(words.number(count), words.text("outcome", name))
    yield outcomes
    reasons = Table(box=None, pad_edge=False)
    for name in ("outcome", "count", "rule", "do"):
        reasons.add_column(words.text("head", name))
    for outcome, counts in told.get("reasons", {}).items():
        for rule, count in counts.items():
            reasons.add_row(
                words.text("outcome", outcome),
                words.number(count),
                f"{rule}: {words.rule(rule)}",
                words.advice(rule),
            )
    if reasons.row_count:
        yield reasons
