"""The story of a row as people read it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console

from pipeline.recognise.shown import show_header
from pipeline.runs.explaining import Story
from schemas.rules import rules

_WORDS = {
    "row": ("Row {row}, line {line} of {file}", "Ligne {row}, ligne {line} de {file}"),
    "run": (
        "{command} {run_id}, source {source}, {state}",
        "{command} {run_id}, source {source}, {state}",
    ),
    "read": ("Read", "Lu"),
    "gone": (
        "the file is gone or has changed; its cells can no longer be shown",
        "le fichier n'est plus là ou a changé ; ses cellules ne peuvent plus être montrées",
    ),
    "findings": ("Findings", "Constats"),
    "none": ("none", "aucun"),
    "merged": ("Merged with", "Fusionnée avec"),
    "into": ("row {row} carries the result: {why}", "la ligne {row} porte : {why}"),
    "carries": ("carries the rows {rows}", "porte les lignes {rows}"),
    "decision": ("Outcome", "Issue"),
    "customer": ("customer {id}", "client {id}"),
    "changes": ("Changes", "Changements"),
    "writes": ("Writes and answers", "Écritures et réponses"),
    "attempts": ("attempts: {count}", "essais : {count}"),
    "answer": ("answer", "réponse"),
    "masked": (
        "Values are masked; `--clear` shows them.",
        "Les valeurs sont masquées ; `--clear` les montre.",
    ),
}
_OUTCOMES = {
    "created": ("created", "créée"),
    "updated": ("updated", "mise à jour"),
    "unchanged": ("unchanged: nothing to write", "inchangée : rien à écrire"),
    "merged": ("merged", "fusionnée"),
    "rejected": ("rejected: never sent", "rejetée : jamais envoyée"),
    "review": ("to review: a person decides", "à examiner : une personne décide"),
    "failed": ("failed", "échouée"),
    "not_attempted": ("not attempted", "non tentée"),
    "accepted": ("accepted", "acceptée"),
}


def show_story(story: Story, lang: str, *, clear: bool) -> None:
    """Print the story on standard output."""
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for line in story_lines(story, lang, clear=clear):
        console.print(line)


def story_lines(story: Story, lang: str, *, clear: bool) -> Iterator[str]:
    """Yield the story line by line."""
    french = lang == "fr"

    def word(name: str, **facts: object) -> str:
        return _WORDS[name][french].format(**facts)

    yield word("row", row=story.row, line=story.line, file=story.run["file"])
    yield word("run", **story.run)
    yield f"\n{word('read')}:"
    if story.cells is None:
        yield f"  {word('gone')}"
    for column, role, value in story.cells or ():
        kind = f" ({show_header(role)})" if role else ""
        yield f"  {show_header(column)}{kind}: {value}"
    yield f"\n{word('findings')}:"
    yield from _findings(story, lang) if story.findings else (f"  {word('none')}",)
    yield from _merged(story, lang)
    yield f"\n{word('decision')}: {_decided(story, lang)}"
    if story.changes:
        yield f"\n{word('changes')}:"
        yield from map(_change, story.changes)
    if story.writes:
        yield f"\n{word('writes')}:"
    for write in story.writes:
        yield from _write(
            write, word("answer"), word("attempts", count=write["attempts"])
        )
    if not clear:
        yield f"\n{word('masked')}"


def _merged(story: Story, lang: str) -> Iterator[str]:
    french = lang == "fr"
    into = story.outcome.get("merged_into_row")
    if into or story.merged_rows:
        yield f"\n{_WORDS['merged'][french]}:"
    if into:
        why = _why(story.outcome, lang)
        yield "  " + _WORDS["into"][french].format(row=into, why=why)
    if story.merged_rows:
        listed = ", ".join(map(str, story.merged_rows))
        yield "  " + _WORDS["carries"][french].format(rows=listed)


def _findings(story: Story, lang: str) -> Iterator[str]:
    known = rules()
    for told in story.findings:
        values = [told[name] for name in ("original", "normalised") if name in told]
        seen = f" [{' -> '.join(values)}]" if values else ""
        yield f"  {told['severity']} {told['rule']}: {told['message']}{seen}"
        rule = known.get(told["rule"])
        advice = told.get("suggestion") or (rule.advice(lang) if rule else "")
        if advice:
            yield f"    {advice}"


def _why(outcome: Mapping[str, Any], lang: str) -> str:
    """Return why a row ended so: its reason, else the text of its rule."""
    rule = rules().get(outcome.get("rule") or "")
    said = outcome.get("reason") or (rule.message(lang) if rule else "")
    return ": ".join(text for text in (outcome.get("rule") or "", said) if text)


def _decided(story: Story, lang: str) -> str:
    outcome = story.outcome
    said = _OUTCOMES[outcome["outcome"]][lang == "fr"]
    parts = [said]
    if outcome.get("customer_id"):
        parts.append(_WORDS["customer"][lang == "fr"].format(id=outcome["customer_id"]))
    why = _why(outcome, lang)
    return f"{', '.join(parts)} ({why})" if why else ", ".join(parts)


def _change(line: Mapping[str, Any]) -> str:
    arrow = f"{line['old'] or ''} -> {line['new'] or ''}".strip()
    field = f" {line['field']}" if line["field"] else ""
    rule = f" ({line['rule']})" if line["rule"] else ""
    return f"  {line['action']}{field}: {arrow}{rule}"


def _write(write: Mapping[str, Any], answer: str, attempts: str) -> Iterator[str]:
    end = f" -> {write['ended']}" if write["ended"] else ""
    yield f"  {write['action']} {write['state']}, {attempts}, {write['sent']}{end}"
    if write["body"]:
        yield f"    {_json(write['body'])}"
    if write["answer"]:
        yield f"    {answer}: {_json(write['answer'])}"
    said = [write["outcome"], write["customer_id"], write["rule"], write["reason"]]
    yield "    " + ", ".join(str(text) for text in said if text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
