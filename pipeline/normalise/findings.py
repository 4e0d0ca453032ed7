"""Put remarks into words: the row they stand in, the language, values masked."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.normalise.column import Remark
from pipeline.normalise.emailcell import REPAIRS as EMAIL_REPAIRS
from pipeline.normalise.repairs import REPAIRS as PHONE_REPAIRS
from pipeline.normalise.textarrays import Ints
from schemas.outcomes import Severity
from schemas.records import Finding
from schemas.rules import rule

REPAIRS = frozenset((*PHONE_REPAIRS, *EMAIL_REPAIRS))
"""Names of all repairs that can be offered or, where that is allowed, applied."""

_SHOWN = 2
_PREFIX = 4


def mask(field: str, value: str | None) -> str:
    """Return `value` so that it can be told from others, but not used."""
    if not value:
        return ""
    if field == "email":
        return f"{value[:1]}…@…" if "@" in value else f"{value[:1]}…"
    if field == "phone":
        kept = _PREFIX if value.startswith("+") else _SHOWN
        hidden = len(value) > kept + _SHOWN
        return f"{value[:kept]}…{value[-_SHOWN:]}" if hidden else "…"
    return f"{value[:1]}…"


@dataclass(frozen=True, slots=True)
class Speaker:
    """Makes findings of one chunk: record numbers, lines and the language."""

    rows: Ints
    lines: Ints
    lang: str

    def say(
        self, field: str, remark: Remark, severity: Severity, *also: str
    ) -> Finding:
        """Return the finding; rules in `also` add their texts to the message."""
        facts = {
            "value": mask(field, remark.original),
            "normalised": mask(field, remark.normalised),
        }
        messages = [
            rule(name).message(self.lang, **facts) for name in (remark.rule, *also)
        ]
        return Finding(
            int(self.rows[remark.position]),
            int(self.lines[remark.position]),
            field,
            remark.rule,
            severity,
            remark.original,
            remark.normalised,
            remark.suggestion,
            "; ".join(messages),
        )

    def warn(self, field: str, remarks: Iterable[Remark]) -> list[Finding]:
        """Return a warning for each remark about a value that goes on."""
        return [
            self.say(field, remark, Severity.WARNING, *_applied(remark))
            for remark in remarks
        ]


def _applied(remark: Remark) -> tuple[str, ...]:
    is_applied = remark.rule in REPAIRS and remark.suggestion is None
    return ("repair_applied",) if is_applied else ()


def as_ints(column: object) -> Ints:
    """Return an Arrow or numpy column of whole numbers as numpy."""
    return np.asarray(column).astype(np.int64)
