"""What `doctor` found of one thing: good, doubtful or bad, and the next step."""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import PipelineError


class Health(StrEnum):
    """How a look came out."""

    GOOD = "good"
    DOUBT = "doubt"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at, and the next step where it is not good."""

    name: str
    health: Health
    text: str
    hint: str = ""


def said(name: str, error: PipelineError) -> Look:
    """Return the look of what cannot work, as the error tells it."""
    return Look(name, Health.BAD, error.message, error.hint or "")
