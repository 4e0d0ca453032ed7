"""The texts of the identity rules as SQL, from the catalogue of rules."""

from collections.abc import Mapping
from typing import Final, Literal

from pipeline.dedupe.keys import quoted
from schemas.rules import rule

RULES: Final = (
    "R0",
    "R1",
    "R2",
    "R3",
    "R4",
    "R5",
    "R6",
    "R7",
    "R8",
    "veto",
    "decided",
    "identical",
)
"""Every rule that can stand in `merges`, `held` and `pairs`."""


def case_sql(column: str, texts: Mapping[object, str]) -> str:
    """Return a CASE that gives the text for each value of `column`."""
    whens = " ".join(
        f"WHEN {quoted(k) if isinstance(k, str) else k} THEN {quoted(text)}"
        for k, text in texts.items()
    )
    return f"CASE {column} {whens} END"


def reason_case_sql(column: str, lang: Literal["en", "fr"]) -> str:
    """Return a CASE that gives the reason in words for each rule in `column`."""
    return case_sql(column, {name: rule(name).message(lang) for name in RULES})
