"""A name taken apart: folded tokens in written order, marks, gender of its title, key.

What two names say about each other is judged in `pipeline.dedupe.names`.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipeline.dedupe.words import (
    COMPOUND_STARTS,
    FEMALE_TITLES,
    FIRST_TITLES,
    GIVEN,
    MAIDEN_MARKS,
    MALE_TITLES,
    MARKS,
    PATRONYMICS,
    PLACEHOLDERS,
    TITLES,
)

_LIGATURES: Final = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_APOSTROPHES: Final = dict.fromkeys(
    map(ord, "'’‘ʼʻ`´ʹ′ʾʿ\u200b\u200c\u200d\ufeff\u00ad")
)
_HYPHENS: Final = dict.fromkeys(map(ord, "‐‑‒–—−﹣-"), "-")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_ASCII_TOKEN: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ROMAN: Final = re.compile(r"(?:x{0,3})(?:ix|iv|v?i{0,3})")
_MIN_ROMAN: Final = 2


@dataclass(frozen=True, slots=True)
class Name:
    """One name, folded. `key` is empty for what stands for no name.

    `tokens` keep the written order; `joined` are pairs of neighbours that a hyphen
    made one given name (Jean-Paul); `marks` are generational; `gender` is that of a
    civility that was dropped (`m`, `f` or empty).
    """

    key: str
    tokens: tuple[str, ...]
    marks: frozenset[str]
    joined: frozenset[tuple[str, str]]
    gender: str
    patronymic: bool


NAMELESS: Final = Name("", (), frozenset(), frozenset(), "", patronymic=False)


def fold(text: str) -> str:
    """Return `text` in lower case without accents, ligatures and apostrophes.

    Only Latin, Greek and Cyrillic accents go: in other scripts a combining sign is
    a vowel, and two names must not become one by losing it.

    >>> fold("N’Guéssan-Œuvré")
    'nguessan-oeuvre'
    """
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    text = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    text = text.casefold().translate(_LIGATURES).translate(_HYPHENS)
    return unicodedata.normalize(
        "NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    )


def _words_of(folded: str) -> list[str]:
    """Return blank-separated words; hyphens stay inside them."""
    if folded.isascii():
        return _ASCII_TOKEN.findall(folded)
    kept = "".join(
        c if c == "-" or unicodedata.category(c)[0] in "LMN" else " " for c in folded
    )
    words = (word.strip("-") for word in kept.split())
    return [word for word in words if word]


_SPECIAL: Final = (
    TITLES | FIRST_TITLES | MAIDEN_MARKS | PATRONYMICS | MARKS.keys() | {"el", "al"}
)


def key_of(text: str) -> str:
    """Return the key of `text`; what holds no special word takes a short way."""
    folded = fold(text)
    if folded.isascii() and "-" not in folded:
        words = _ASCII_TOKEN.findall(folded)
        if _SPECIAL.isdisjoint(words) and not any(len(word) == 1 for word in words):
            key = " ".join(sorted(words))
            return "" if " ".join(words) in PLACEHOLDERS else key
    return parse(text).key


@lru_cache(maxsize=65_536)
def parse(text: str) -> Name:
    """Take `text` apart; every name has exactly one reading, whatever its order."""
    words = _with_initials_joined(_words_of(fold(text)))
    if not words or " ".join(words).replace("-", " ") in PLACEHOLDERS:
        return NAMELESS
    words, gender = _without_titles(words)
    tokens: list[str] = []
    joined: set[tuple[str, str]] = set()
    for word in words:
        parts = [part for part in word.split("-") if part]
        if len(parts) > 1 and (parts[0] in COMPOUND_STARTS or parts[1] in GIVEN):
            joined.add((parts[0], parts[1]))
        tokens.extend(parts)
    tokens = _without_maiden_marks(tokens)
    patronymic = any(token in PATRONYMICS for token in tokens[1:])
    tokens, marks = _with_marks(tokens)
    # Order says who is whose child where a patronymic stands; elsewhere it is habit.
    ordered = tokens if patronymic else sorted(tokens)
    return Name(
        " ".join(ordered),
        tuple(tokens),
        frozenset(marks),
        frozenset(joined),
        gender,
        patronymic,
    )


def _with_initials_joined(words: list[str]) -> list[str]:
    """Write J.P. and J P as `jp`: initials in a row are one word, in their order."""
    out: list[str] = []
    run = ""
    for word in [*words, ""]:
        if len(word) == 1 and word.isascii() and word.isalpha():
            run += word
            continue
        if run:
            out.append(run)
            run = ""
        out.append(word)
    return out[:-1]


def _without_titles(words: list[str]) -> tuple[list[str], str]:
    """Return the words that are no title, and the gender that a title told."""
    kept = words
    if len(kept) > 2 and kept[0] in {"el", "al"} and kept[1] in TITLES:
        kept = kept[1:]
    dropped: list[str] = []
    while len(kept) > 1 and (kept[0] in FIRST_TITLES or kept[0] in TITLES):
        dropped.append(kept[0])
        kept = kept[1:]
    names = [word for word in kept if word not in TITLES]
    if len(names) < len(kept) and names:
        dropped.extend(word for word in kept if word in TITLES)
        kept = names
    genders = {"m" for word in dropped if word in MALE_TITLES}
    genders |= {"f" for word in dropped if word in FEMALE_TITLES}
    return kept, genders.pop() if len(genders) == 1 else ""


def _without_maiden_marks(tokens: list[str]) -> list[str]:
    """Drop `née`, `épse`, `vve` between names: both surnames stay, as tokens."""
    inner = [t for t in tokens[1:] if t not in MAIDEN_MARKS]
    return tokens[:1] + inner if inner else tokens


def _with_marks(tokens: list[str]) -> tuple[list[str], set[str]]:
    """Return tokens with generational marks in one spelling, and the marks.

    A mark never comes first: Junior Ngono is called Junior.
    """
    out = tokens[:1]
    marks: set[str] = set()
    for token in tokens[1:]:
        mark = MARKS.get(token)
        if mark is None and len(token) >= _MIN_ROMAN and _ROMAN.fullmatch(token):
            mark = token
        if mark is not None:
            marks.add(mark)
        out.append(mark or token)
    return out, marks
