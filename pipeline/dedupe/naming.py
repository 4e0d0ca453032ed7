"""A name taken apart: folded tokens in written order, marks, gender of its title, key.

What two names say about each other is judged in `pipeline.dedupe.names`.
"""

# ruff: noqa: RUF001, RUF002 - the look-alike signs are what this module is about

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

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
_ROMANS: Final = frozenset(
    tens + ones
    for tens in ("", "x", "xx", "xxx")
    for ones in ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
    if len(tens + ones) > 1
)
_NO_MARKS: Final[frozenset[str]] = frozenset()


class Name(NamedTuple):
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
    quick = text.translate(_QUICK)
    return quick if quick.isascii() else _fold_slowly(text)


def _fold_slowly(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    text = text.casefold().translate(_LIGATURES).translate(_HYPHENS)
    return unicodedata.normalize(
        "NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    )


# Folding letter by letter is exact as long as no combining sign is about, and then
# the result is not ASCII.
_QUICK: Final = {
    **{code: _fold_slowly(chr(code)) for code in range(0x250)},
    ord("’"): "",
    ord("‘"): "",
}


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
    TITLES
    | FIRST_TITLES
    | MAIDEN_MARKS
    | PATRONYMICS
    | MARKS.keys()
    | {"el", "al", *"abcdefghijklmnopqrstuvwxyz"}
)


def key_of(text: str) -> str:
    """Return the key of `text`; what holds no special word takes a short way."""
    key = _plain_key(text)
    return parse(text).key if key is None else key


def identity_of(text: str) -> str:
    """Return the key of `text` with the gender of its civility behind it."""
    key = _plain_key(text)
    if key is not None:
        return key
    name = parse(text)
    return f"{name.key}~{name.gender}" if name.key and name.gender else name.key


def _plain_key(text: str) -> str | None:
    """Return the key of a name of plain words; None where it must be taken apart."""
    folded = fold(text)
    if not folded.isascii() or "-" in folded:
        return None
    words = _ASCII_TOKEN.findall(folded)
    if not _SPECIAL.isdisjoint(words):
        return None
    return "" if " ".join(words) in PLACEHOLDERS else " ".join(sorted(words))


def identity_sql(column: str) -> str:
    """Return SQL for the identity of the name in `column`: plain names without Python.

    Plain is a name of Latin letters and single blanks that holds no special word; all
    others go to the registered function `name_identity`. Both say the same.
    """
    folded = f"lower(strip_accents({column}))"
    return f"""CASE WHEN regexp_full_match({column}, '{_PLAIN_LETTERS}+( {_PLAIN_LETTERS}+)*')
        AND NOT regexp_matches({folded}, '(?:^| )(?:{"|".join(_SPECIAL_LETTERS)})(?: |$)')
        AND NOT regexp_full_match({folded}, '{"|".join(sorted(PLACEHOLDERS))}')
        THEN array_to_string(list_sort(string_split({folded}, ' ')), ' ')
        ELSE name_identity({column}) END"""


# Letters whose accent goes and whose fold has one letter: not æ, ð, ø, þ, ß.
_PLAIN_LETTERS: Final = "[A-Za-zÀ-ÅÇ-ÏÑ-ÖÙ-Ýà-åç-ïñ-öù-ýÿ0-9]"
_SPECIAL_LETTERS: Final = sorted(word for word in _SPECIAL if word.isalnum())


@lru_cache(maxsize=65_536)
def parse(text: str) -> Name:
    """Take `text` apart; every name has exactly one reading, whatever its order."""
    words = _words_of(fold(text))
    if words and _SPECIAL.isdisjoint(words) and all(map(str.isalpha, words)):
        return _plain(words)
    words = _with_initials_joined(words)
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


def _plain(words: list[str]) -> Name:
    """Read words without titles, hyphens, digits, initials: most names."""
    if " ".join(words) in PLACEHOLDERS:
        return NAMELESS
    key = " ".join(sorted(words))
    marks = _NO_MARKS if _ROMANS.isdisjoint(words[1:]) else _ROMANS & set(words[1:])
    return Name(key, tuple(words), marks, frozenset(), "", patronymic=False)


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
    if kept[2:] and kept[0] in {"el", "al"} and kept[1] in TITLES:
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
        if mark is None and token in _ROMANS:
            mark = token
        if mark is not None:
            marks.add(mark)
        out.append(mark or token)
    return out, marks
