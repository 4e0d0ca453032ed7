"""What a user's TOML file says about the columns of a customer file, as frozen values."""

from dataclasses import dataclass
from typing import Literal

from schemas.outcomes import Severity

Kind = Literal["text", "number", "integer", "date", "boolean"]
"""How the cells of a column are read; `boolean` is for metadata only."""

CONSTRAINTS = (
    "own_required",
    "own_type",
    "own_allowed",
    "own_pattern",
    "own_min",
    "own_max",
    "own_unique",
)
"""Rules of the catalogue that hold the texts, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule of the user's own about one column; `[rules.NAME]` in the TOML file.

    Attributes:
        name: Its name in findings, counts and leftovers.
        column: A header of the file, or a field such as `phone`.
        needs_column: A file without the column is not read at all.
        required: An empty cell breaks the rule.
        kind: How cells are read before they are compared.
        allowed: The values that may stand there; empty allows all.
        pattern: Regular expression (RE2) of the whole trimmed cell.
        least: Lowest number, or date as yyyymmdd.
        most: Highest number, or date as yyyymmdd.
        unique: No value may stand twice in the file.
        severity: An error rejects the row.
        max_share: Share of the rows beyond which a run refuses itself.
        texts: Message and advice of the user's own: en, fr, do_en, do_fr.
    """

    name: str
    column: str
    needs_column: bool = False
    required: bool = False
    kind: Kind = "text"
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    least: float | None = None
    most: float | None = None
    unique: bool = False
    severity: Severity = Severity.ERROR
    max_share: float | None = None
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OwnMetadata:
    """`[metadata]` of the TOML file: which columns leave, under which key and form.

    `keep` None keeps all; `rename` and `types` hold (column, key) and (column, kind).
    """

    keep: tuple[str, ...] | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    rename: tuple[tuple[str, str], ...] = ()
    types: tuple[tuple[str, Kind], ...] = ()


@dataclass(frozen=True, slots=True)
class OwnRules:
    """Everything of the user's own; `shares` are limits of built-in rules by name.

    `consent` says whether rows need it, None where nothing is said of it.
    """

    rules: tuple[OwnRule, ...] = ()
    metadata: OwnMetadata = OwnMetadata()
    shares: tuple[tuple[str, float], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()
    consent: bool | None = None

    @property
    def max_shares(self) -> tuple[tuple[str, float], ...]:
        """Limits of all rules by name, the user's own first."""
        own = [(r.name, r.max_share) for r in self.rules if r.max_share is not None]
        return (*own, *self.shares)


@dataclass(frozen=True, slots=True)
class BoundRules:
    """The rules that speak about one file: each beside the header it is about.

    `types` holds (header, kind) of metadata columns. Picklable, so that it travels to
    worker processes.
    """

    rules: tuple[tuple[OwnRule, str], ...] = ()
    types: tuple[tuple[str, Kind], ...] = ()
