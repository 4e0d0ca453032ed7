"""The options of the contract, grouped as commands share them."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.errors import UsageError

LEVELS = ("off", "exact", "strict", "standard")
PREFERENCES = ("existing", "file", "newest")
RANKS = ("weights", "splink")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds_of(text: str | None, option: str) -> float | None:
    """Return a span of time such as `90`, `15m`, `6h` or `2d` in seconds.

    Raises:
        UsageError: The text has another form.
    """
    if text is None:
        return None
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"`{option} {text}` is not a time such as 90, 15m, 6h or 2d")
    return float(found[1]) * _SECONDS[found[2]]


def days_of(text: str, option: str) -> int:
    """Return a span of time in whole days, rounded up.

    Raises:
        UsageError: The text has another form.
    """
    return math.ceil((seconds_of(text, option) or 0.0) / _SECONDS["d"])


@dataclass(frozen=True)
class Common:
    """Options of every command."""

    config: Annotated[
        Path | None, typer.Option(help="Settings in a TOML file.", metavar="FILE")
    ] = None
    profile: Annotated[
        str | None,
        typer.Option(help="A profile of the settings file.", metavar="NAME"),
    ] = None
    lang: Annotated[
        str | None, typer.Option(help="Language of messages: en or fr.", metavar="LANG")
    ] = None
    json: Annotated[
        bool,
        typer.Option("--json", help="Print the summary as JSON, and nothing else."),
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing on success.")
    ] = False
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print more; a bug's traceback.")
    ] = False
    no_progress: Annotated[
        bool, typer.Option("--no-progress", help="No progress bars.")
    ] = False
    allow_leftovers: Annotated[
        bool,
        typer.Option("--allow-leftovers", help="Exit 0 where it would be 3."),
    ] = False
    max_leftover_rate: Annotated[
        float | None,
        typer.Option(
            help="Exit 0 where it would be 3, up to this share of rows left over.",
            metavar="F",
            min=0,
            max=1,
        ),
    ] = None
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Answer yes before writing to a live account."
        ),
    ] = False
    wait: Annotated[
        float,
        typer.Option(help="Seconds to wait for a lock held by another run."),
    ] = 0.0


@dataclass(frozen=True)
class FileOptions:
    """Options of every command that reads a customer file."""

    file: Annotated[
        str,
        typer.Argument(
            help="Customer file: CSV or workbook, local or remote; - for standard input.",
            metavar="FILE",
        ),
    ]
    map: Annotated[
        list[str] | None,
        typer.Option(
            help="Column of a field: name, first_name, last_name, email, phone, country,"
            " external_id, consent, consent_date or metadata.KEY; by header or"
            " position. Again for each.",
            metavar="FIELD=COLUMN",
        ),
    ] = None
    metadata: Annotated[
        str,
        typer.Option(help="Which other columns leave: all, none, or COL,…"),
    ] = "all"
    region: Annotated[
        str | None,
        typer.Option(help="Country of phones without a country code.", metavar="XX"),
    ] = None
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of a workbook.", metavar="NAME|INDEX")
    ] = None
    encoding: Annotated[str | None, typer.Option(help="Encoding of a CSV.")] = None
    delimiter: Annotated[str | None, typer.Option(help="Delimiter of a CSV.")] = None
    source: Annotated[
        str | None,
        typer.Option(help="Name of the source; the file's name if not given."),
    ] = None
    dedupe: Annotated[
        str, typer.Option(help="off, exact, strict or standard.", metavar="LEVEL")
    ] = "strict"
    prefer: Annotated[
        str,
        typer.Option(help="Whose value stays: existing, file or newest."),
    ] = "existing"
    allow_possible: Annotated[
        bool,
        typer.Option("--allow-possible", help="Possible phones pass with a warning."),
    ] = False
    reject_bad_contact: Annotated[
        bool,
        typer.Option(
            "--reject-bad-contact", help="A wrong contact rejects beside a good one."
        ),
    ] = False
    repair: Annotated[
        list[str] | None,
        typer.Option(help="Apply an offered repair. Again for each.", metavar="RULE"),
    ] = None
    deliverability: Annotated[
        bool,
        typer.Option(
            "--deliverability", help="Ask DNS whether e-mail domains take mail."
        ),
    ] = False
    report: Annotated[
        bool,
        typer.Option("--report", help="Write report.html also for check and plan."),
    ] = False
    rank: Annotated[
        str,
        typer.Option(
            help="Order of the review file: weights, or splink.", metavar="ORDER"
        ),
    ] = "weights"
    engine: Annotated[
        str | None,
        typer.Option(help="Where rows are prepared: local, or dask.", metavar="ENGINE"),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(help="Scheduler of the Dask cluster.", metavar="ADDRESS"),
    ] = None
    engine_folder: Annotated[
        str | None,
        typer.Option(
            help="Folder that this machine and the workers reach, as s3://BUCKET/tmp;"
            " the run's own if not given.",
            metavar="FOLDER",
        ),
    ] = None

    def settings(self) -> dict[str, Any]:
        """Return what these options say about settings."""
        return {
            "region": self.region,
            "engine": self.engine,
            "scheduler": self.scheduler,
            "engine_folder": self.engine_folder,
        }


@dataclass(frozen=True)
class ImportOptions:
    """Options of plan and import beside those of the file."""

    only: Annotated[
        str | None, typer.Option(help="Only create, or only update.", metavar="ACTION")
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(
            help="Only the first N operations in plan order.", metavar="N", min=0
        ),
    ] = None
    approve: Annotated[
        str | None,
        typer.Option(help="Apply only the plan of this digest.", metavar="DIGEST"),
    ] = None
    max_reject_rate: Annotated[
        float, typer.Option(help="Guard: share of rejected rows, from 20 rows on.")
    ] = 0.25
    max_overwrite_rate: Annotated[
        float, typer.Option(help="Guard: share of matched customers overwritten.")
    ] = 0.30
    max_overwrites: Annotated[
        int, typer.Option(help="Guard: customers overwritten.")
    ] = 500
    max_row_count_drop: Annotated[
        float | None,
        typer.Option(help="Guard: share of rows fewer than usual for the source."),
    ] = None
    max_match_rate_drop: Annotated[
        float | None,
        typer.Option(help="Guard: share of known customers fewer than last time."),
    ] = None
    max_stale_hours: Annotated[
        float | None,
        typer.Option(help="Guard: hours the file may be older than the last one."),
    ] = None
    passed: Annotated[
        list[str] | None,
        typer.Option("--pass", help="Pass a guard. Again for each.", metavar="GUARD"),
    ] = None
    force: Annotated[bool, typer.Option("--force", help="Pass all guards.")] = False
    max_duration: Annotated[
        str | None, typer.Option(help="Stop cleanly after this time, as 6h.")
    ] = None
    window: Annotated[
        str | None,
        typer.Option(help="Write only in this local time, as 20:00-06:00."),
    ] = None
    max_read_age: Annotated[
        float, typer.Option(help="Seconds after which a customer is read again.")
    ] = 300.0
    actor: Annotated[
        str | None, typer.Option(help="Who does it; the system's user if not given.")
    ] = None
    reason: Annotated[
        str | None, typer.Option(help="Why, for the audit.", metavar="TEXT")
    ] = None
    index_max_age: Annotated[
        str,
        typer.Option(
            help="Use the index of existing customers up to this age, as 12h; 0 never.",
            metavar="AGE",
        ),
    ] = "24h"


def one_of(value: str, allowed: tuple[str, ...], option: str) -> str:
    """Return `value`, which must be one of `allowed`.

    Raises:
        UsageError: It is none of them.
    """
    if value not in allowed:
        raise UsageError(f"`{option} {value}`: one of {', '.join(allowed)}")
    return value


def settings_arguments(common: Common, **more: Any) -> dict[str, Any]:
    """Return what the command line says about settings."""
    return {
        "config": common.config,
        "profile": common.profile,
        "lang": common.lang,
        **more,
    }
