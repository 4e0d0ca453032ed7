"""What a column header means: the aliases of `headers.csv`, matched on whole headers.

The table is for people who know the domain: one alias a line, in six languages; `rank`
says which of several columns of one field comes first (1 the person's own, 2 at home,
3 billing or account address, 4 work or second, 9 only where there is no other).
"""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import takewhile
from types import MappingProxyType

from schemas.fields import MAPPABLE

LAST_RESORT = 9
"""Rank of a column that serves only where the field has no other column."""

_NOTHING = "nothing"
_CAMEL = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTER_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
_INITIALS = re.compile(r"(?<=\b[^\W\d_])\.(?=[^\W\d_]\b)")
_NOT_WORD = re.compile(r"[\W_]+")
_NUMBER_WORDS = frozenset({"n", "no", "nb", "num", "nro", "nr", "numero", "number"})
_OR = re.compile(r"[/|,;&]|\s(?:or|ou|o|oder)\s", re.IGNORECASE)
_REMARK = re.compile(r"[(\[].*?[)\]]")
_ARABIC = str.maketrans("\u0629\u0649", "\u0647\u064a", "\u0640")
"""Letters that are written one for the other (teh marbuta, alef maksura), tatweel."""

_MOST_NUMBER = 20


@dataclass(frozen=True, slots=True)
class Meaning:
    """The field that a header names, and how far in front the column stands.

    `number` is the one in `Phone 2` (1 where there is none).
    """

    field: str
    alias: str
    language: str
    rank: int
    number: int = 1


@dataclass(frozen=True, slots=True)
class _Table:
    """The aliases by key, the words by their list."""

    aliases: Mapping[str, Meaning]
    words: Mapping[str, frozenset[str]]


def read_table(name: str) -> Iterator[dict[str, str]]:
    """Yield the lines of a table of this package as column -> text."""
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


def plain_words(header: str) -> tuple[str, ...]:
    """Return the words of `header`, without case, accents, marks and `camelCase`.

    `N° de tél.`, `n_de_tel` and `NDeTel` all give `n de tel`.
    """
    text = unicodedata.normalize("NFKC", _INITIALS.sub("", header.replace("°", " ")))
    for seam in (_CAMEL, _LETTER_DIGIT):
        text = seam.sub(" ", text)
    text = "".join(
        mark
        for mark in unicodedata.normalize("NFKD", text.casefold())
        if unicodedata.category(mark) != "Mn"
    ).translate(_ARABIC)
    return tuple(_NOT_WORD.sub(" ", text).replace("e mail", "email").split())


def main_words(header: str) -> tuple[str, ...]:
    """Return the words of `header` without articles, `required` and the like.

    All ways to write `number` become one.
    """
    idle = _table().words["small_word"] | _table().words["filler"]
    return _main(plain_words(header), idle)


@cache
def meaning(header: str) -> Meaning | None:
    """Return what `header` names, or None where the table does not know it.

    Whole headers are compared: `Contact owner` is no contact and `Prénom` no `Nom`.
    Where the table does not know the whole, a remark in brackets is left out, and
    `Téléphone / Phone` names a field twice.
    """
    found = _known(header) or _without_remark(header) or _in_two_words(header)
    return None if found is None or found.field == _NOTHING else found


def mentions(header: str, topic: str) -> bool:
    """Say whether a word of `header` stands in the list `topic`.

    Topics are `someone_else` (owner, agent, …) and `other_number` (date, amount, …).
    """
    return not _table().words[topic].isdisjoint(plain_words(header))


def _known(header: str) -> Meaning | None:
    words, number = _numbered(main_words(header))
    for candidate in (plain_words(header), *_without_subject(words)):
        found = _table().aliases.get("".join(candidate))
        if found is not None:
            return replace(found, number=number)
    return None


def _without_remark(header: str) -> Meaning | None:
    remarks = " ".join(_REMARK.findall(header))
    if not remarks or mentions(remarks, "someone_else"):
        return None
    return _known(_REMARK.sub(" ", header))


def _in_two_words(header: str) -> Meaning | None:
    found = [_known(part) for part in _OR.split(header)]
    fields = {one.field if one else None for one in found}
    return found[0] if len(found) > 1 and len(fields) == 1 else None


def _main(words: tuple[str, ...], idle: frozenset[str]) -> tuple[str, ...]:
    kept = [word for word in words if word not in idle] or words
    return tuple("numero" if word in _NUMBER_WORDS else word for word in kept)


def _numbered(words: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """Return the words without a small number among them, and that number."""
    numbers = [w for w in words if w.isdecimal() and 0 < int(w) <= _MOST_NUMBER]
    if len(numbers) != 1 or len(words) == 1:
        return words, 1
    return tuple(w for w in words if w != numbers[0]), int(numbers[0])


def _without_subject(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the words, then without `customer` and the like before or behind them."""
    yield words
    subjects = _table().words["subject"]
    before = len(list(takewhile(subjects.__contains__, words)))
    behind = len(list(takewhile(subjects.__contains__, reversed(words))))
    if before and words[before:]:
        yield words[before:]
    if behind and words[:-behind]:
        yield words[:-behind]
    if len(words) == 1:
        yield from (
            (words[0].removeprefix(subject),)
            for subject in sorted(subjects)
            if words[0].startswith(subject) and words[0] != subject
        )


@cache
def _table() -> _Table:
    words: dict[str, set[str]] = {}
    listed: list[dict[str, str]] = []
    for row in read_table("headers.csv"):
        if row["field"] in (*MAPPABLE, _NOTHING):
            listed.append(row)
        else:
            words.setdefault(row["field"], set()).update(plain_words(row["alias"]))
    idle = frozenset(words["small_word"] | words["filler"])
    aliases: dict[str, Meaning] = {}
    for row in listed:
        aliases.setdefault("".join(plain_words(row["alias"])), _alias(row))
    for row in listed:
        shorter = _main(plain_words(row["alias"]), idle)
        aliases.setdefault("".join(shorter), _alias(row))
    return _Table(
        MappingProxyType(aliases),
        MappingProxyType({topic: frozenset(found) for topic, found in words.items()}),
    )


def _alias(row: dict[str, str]) -> Meaning:
    return Meaning(row["field"], row["alias"], row["language"], int(row["rank"] or 0))
