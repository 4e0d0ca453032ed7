"""What a command is asked to do: frozen values made of the command line."""

from dataclasses import dataclass, field

from pipeline.apply.stop import Window


@dataclass(frozen=True, slots=True)
class FileRequest:
    """Options of every command that reads a customer file."""

    file: str
    map: tuple[tuple[str, str], ...] = ()
    metadata: tuple[str, ...] | str = "all"
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    source: str | None = None
    dedupe: str = "strict"
    prefer: str = "existing"
    allow_possible: bool = False
    reject_bad_contact: bool = False
    repairs: tuple[str, ...] = ()
    report: bool = False
    deliverability: bool = False
    rank: str = "weights"


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits beyond which an import refuses itself, and who may pass them.

    The last three are as in the table `[guards]`, else the default, where they are None.
    """

    max_reject_rate: float = 0.25
    max_overwrite_rate: float = 0.30
    max_overwrites: int = 500
    passed: tuple[str, ...] = ()
    force: bool = False
    row_count_drop: float | None = None
    match_rate_drop: float | None = None
    stale_source: float | None = None


INDEX_MAX_AGE = 86_400.0
"""Seconds after which the index of existing customers is not used any more."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Options of `import` beside those of the file; times in seconds."""

    file: FileRequest
    guards: Guards = field(default_factory=Guards)
    approve: str | None = None
    only: str | None = None
    limit: int | None = None
    wait: float = 0.0
    max_duration: float | None = None
    window: Window | None = None
    max_read_age: float = 300.0
    actor: str | None = None
    reason: str | None = None
    index_max_age: float = INDEX_MAX_AGE
