"""What deduplication is asked for and what it answers."""

from dataclasses import dataclass, field
from typing import Literal

Level = Literal["off", "exact", "strict", "standard"]
Prefer = Literal["existing", "file", "newest"]


@dataclass(frozen=True, slots=True)
class DedupePolicy:
    """How far merging may go, and where decisions of people are found.

    `decisions` names a table `(kind, key_a, key_b, verdict)` in the connection: kind
    `pair` with two keys of `record_key` and verdict `same` or `different`, or kind
    `contact` with a `contact_key` and verdict `different` (a shared contact that need
    not be shown again). `secret` is what those keys were made with. `date_key` names
    the metadata key by which `prefer='newest'` tells which row is newer; without it
    the fuller row wins. `fold_gmail` reads dots and plus tags of Gmail addresses as
    Google does.
    """

    level: Level = "strict"
    prefer: Prefer = "existing"
    decisions: str | None = None
    secret: str = ""
    date_key: str | None = None
    fold_gmail: bool = True
    max_block: int = 200
    max_household: int = 6
    rare_names_from: int = 50_000


@dataclass(frozen=True, slots=True)
class DedupeResult:
    """Counts of what was found; the rows themselves are in the tables.

    `merged` and `held` count rows, `pairs` and `contacts` lines of the review file,
    `by_rule` merged rows by rule, `held_by_rule` held rows by rule. `folded` counts
    merged rows whose e-mail equals only after folding, `skipped_blocks` blocks of
    candidates that were too large to compare, `placeholders` contacts that were
    treated as missing, `differences` values that were kept aside.
    """

    rows: int
    merged: int = 0
    held: int = 0
    clusters: int = 0
    vetoed: int = 0
    pairs: int = 0
    contacts: int = 0
    folded: int = 0
    skipped_blocks: int = 0
    placeholders: int = 0
    differences: int = 0
    decided: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    held_by_rule: dict[str, int] = field(default_factory=dict)
