"""`report.html`: one self-contained page about one run, without personal data."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from pipeline.files.publish import write_text
from pipeline.recognise.shown import show_header
from pipeline.report import exported, sections
from pipeline.report.folder import PageFacts, read_folder
from pipeline.report.next_steps import next_steps
from pipeline.report.parts import Cell, Section, Table
from pipeline.report.words import Words
from pipeline.report.workings import local_day

JSON = Any

NAME = "report.html"

_OPEN = ("rejected", "review", "failed", "not_attempted")
_FACTS = (
    "run_id",
    "command",
    "source",
    "account",
    "merchant",
    "file_sha256",
    "exit_code",
    "rows_per_second",
    "peak_rss_mb",
)
_TONES = {"finished": "good", "refused": "bad", "interrupted": "warn"}


def write_page(folder: Path, lang: str, zone: str) -> Path:
    """Write the page of the run in `folder` and return its path.

    `lang` is `en` or `fr`, `zone` the name of the time zone in which times are told.

    Raises:
        OSError: The folder holds no `summary.json`.
        ValueError: Its `summary.json` is no JSON.
        DiskError: There is no room for the page.
    """
    page = folder / NAME
    write_text(page, render(read_folder(folder), lang, zone))
    return page


def render(facts: PageFacts, lang: str, zone: str) -> str:
    """Return the page as HTML."""
    words = Words(lang)
    environment = Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    environment.filters["drawn"] = Markup  # our own SVG; its texts are escaped
    return environment.get_template("report.html.j2").render(
        _context(facts, words, zone)
    )


def _context(facts: PageFacts, words: Words, zone: str) -> dict[str, JSON]:
    summary = facts.summary
    is_export = summary["command"] == "export"
    parts = (
        exported.section(facts, words)
        if is_export
        else sections.section(facts, words, zone)
    )
    shown = [part for part in parts if _says_something(part)]
    return {
        "lang": words.lang,
        "words": words,
        "title": _title(summary, words),
        "lead": _lead(summary, words),
        "state": words.text("state", summary["state"]),
        "tone": _TONES.get(summary["state"], "idle"),
        "env": words.text("env", summary["env"]) if summary["env"] else "",
        "when": local_day(summary["run_id"], zone),
        "zone": zone,
        "tiles": () if is_export else sections.tiles(summary, words),
        "steps": next_steps(facts, words),
        "nothing": words.text("next", "nothing_export" if is_export else "nothing"),
        "sections": shown,
        "record": _record(facts, words),
        "version": summary["versions"].get("notchpay-pipeline", ""),
    }


def _code(text: str) -> Markup:
    """Return a text in which what stands between back quotes is code."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece)
        for place, piece in enumerate(pieces)
    )


def _says_something(part: Section) -> bool:
    return bool(part.texts or part.chart or part.tables or part.links or part.notes)


def _title(summary: Mapping[str, JSON], words: Words) -> str:
    """Return the title; a file's name may hold a contact, which is masked."""
    name = show_header(PurePosixPath(summary["file"]).name)
    if not words.has("title", summary["command"]):
        return f"{summary['command']} {name}"
    return words.text("title", summary["command"], file=name)


def _lead(summary: Mapping[str, JSON], words: Words) -> str:
    """Return the page's first sentence."""
    if summary["state"] in ("refused", "interrupted"):
        return words.text("lead", summary["state"])
    rows = summary["rows"]
    still_open = sum(rows.get(name, 0) for name in _OPEN)
    name = summary["command"] if words.has("lead", summary["command"]) else "import"
    return words.text(
        "lead",
        name,
        read=words.number(rows["read"]),
        settled=words.number(rows["read"] - still_open),
        open=words.number(still_open),
    )


def _record(facts: PageFacts, words: Words) -> Table:
    """Return the table of facts that an engineer asks for."""
    summary = facts.summary
    rows = [
        (
            Cell(words.text("fact", name)),
            _fact(name, summary[name]),
        )
        for name in _FACTS
        if summary.get(name) not in (None, "")
    ]
    rows += [
        (Cell(words.text("fact", name)), Cell(moment))
        for name, moment in (("started", facts.started), ("ended", facts.ended))
        if moment
    ]
    versions = ", ".join(f"{name} {is_}" for name, is_ in summary["versions"].items())
    rows.append((Cell(words.text("fact", "versions")), Cell(versions)))
    return Table(
        words.text("section", "facts"),
        (words.text("head", "fact"), words.text("head", "value")),
        tuple(rows),
    )


def _fact(name: str, value: JSON) -> Cell:
    """Return a fact; a source or merchant may be named like a person."""
    if name in ("source", "merchant"):
        return Cell(show_header(str(value)))
    return Cell(str(value), path=name, value=str(value))
