"""Headers of columns that must not leave by accident, from `sensitive.csv`.

`match` says how: `word` wherever the words stand side by side in a header, `whole` as
the whole header, `values` as the whole header where the cells look so too. A header
with a `harmless` word (`Passport country`) is no secret unless it stands in the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from schemas.headers import main_words, read_table

KINDS = (
    "national_id",
    "tax_number",
    "birth_date",
    "salary",
    "card_number",
    "pin",
    "password",
    "bank_account",
    "health",
)

_HARMLESS = "harmless"


@dataclass(frozen=True, slots=True)
class _Secrets:
    """Kinds by key: of whole headers, of phrases, and of headers that need values."""

    whole: Mapping[str, str]
    phrases: Mapping[tuple[str, ...], str]
    doubtful: Mapping[str, str]
    harmless: frozenset[str]
    longest: int


@cache
def sensitive_kind(header: str) -> str | None:
    """Return the kind of secret that `header` names, or None."""
    words = main_words(header)
    table = _secrets()
    exact = table.whole.get("".join(words))
    if exact is not None:
        return exact
    if not table.harmless.isdisjoint(words):
        return None
    for length in range(table.longest, 0, -1):
        for start in range(len(words) - length + 1):
            kind = table.phrases.get(words[start : start + length])
            if kind is not None:
                return kind
    return None


@cache
def doubtful_kind(header: str) -> str | None:
    """Return the kind that `header` may name, which its values have to tell."""
    return _secrets().doubtful.get("".join(main_words(header)))


@cache
def _secrets() -> _Secrets:
    whole: dict[str, str] = {}
    phrases: dict[tuple[str, ...], str] = {}
    doubtful: dict[str, str] = {}
    harmless: set[str] = set()
    for row in read_table("sensitive.csv"):
        words, kind = main_words(row["header"]), row["kind"]
        if kind == _HARMLESS:
            harmless.update(words)
        elif row["match"] == "values":
            doubtful.setdefault("".join(words), kind)
        else:
            whole.setdefault("".join(words), kind)
            if row["match"] == "word":
                phrases.setdefault(words, kind)
    return _Secrets(
        MappingProxyType(whole),
        MappingProxyType(phrases),
        MappingProxyType(doubtful),
        frozenset(harmless),
        max(map(len, phrases)),
    )
