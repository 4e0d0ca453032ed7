"""What the sender of a file is told, in three lines, and how a plan is approved."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.report.words import Words, guard_figure

_OPEN = ("review", "failed", "not_attempted")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt tells: counts only.

    `state` is done, duplicate, failed or waiting; `at` is local time; `to_correct` is
    the file of the outbox to correct; `same_as` is what held the same content before.
    """

    name: str
    state: str
    rows: Mapping[str, int]
    at: datetime
    to_correct: str = ""
    same_as: str = ""


def receipt(words: Words, told: Receipt) -> str:
    """Return three lines: which file, what came of its rows, what to do."""
    facts = {
        "name": told.name,
        "at": f"{told.at:%Y-%m-%d %H:%M}",
        "read": words.number(told.rows.get("read", 0)),
        "counts": counts_text(words, told.rows),
        "run": told.same_as,
        "file": told.to_correct,
    }
    lines = (
        words.text("receipt", "first", **facts),
        words.text("receipt", told.state, **facts),
        words.text("receipt", f"do_{_to_do(told.state, told.rows)}", **facts),
    )
    return "\n".join(lines) + "\n"


def counts_text(words: Words, rows: Mapping[str, int]) -> str:
    """Return how many rows came to what, as `3 created, 1 rejected`."""
    told = [
        f"{words.number(count)} {words.text('outcome', name)}"
        for name, count in rows.items()
        if count and name != "read"
    ]
    return ", ".join(told) or words.text("last", "none")


def _to_do(state: str, rows: Mapping[str, int]) -> str:
    if state != "done":
        return state
    if rows.get("rejected"):
        return "correct"
    return "ours" if any(rows.get(name) for name in _OPEN) else "nothing"


def approval(
    words: Words,
    path: str,
    summary: Mapping[str, Any],
    options: Sequence[str],
    said: str,
) -> str:
    """Return the text beside a file that waits: why, and the command that approves.

    The command holds for this plan only: with other customers or another file the
    digest differs, and nothing is written. Where it was refused before there was a
    plan, the command passes the guard alone. `said` is why where no guard says it.
    """
    refused = [g for g in summary["guards"] if g["refused"] and not g["passed_by"]]
    passes = [part for guard in refused for part in ("--pass", guard["name"])]
    command = ["notchpay-pipeline", "import", path, *options, *passes]
    if summary["plan_digest"] is not None:
        command += ["--approve", str(summary["plan_digest"])]
    guards = [
        words.text(
            "approval",
            "guard",
            name=guard["name"],
            value=guard_figure(words, guard, "value"),
            limit=guard_figure(words, guard, "limit"),
        )
        for guard in refused
    ]
    lines = [
        words.text("approval", "why", run=summary["run_id"]),
        *(guards or [said]),
        words.text("approval", "how"),
    ]
    return "".join(f"# {line}\n" for line in lines) + shlex.join(command) + "\n"
