"""How alike two words of names are: typos, feminine endings, families of names."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pipeline.dedupe.words import TWINS, VARIANTS

_TWO = 2
_MIN_LOOSE = 6
_MIN_SHORT_FORM = 3
_FEMININE: Final = re.compile(r"(?:e|a|ia|ne|le|te|se|ine|ette|elle|ienne|ina)")


def differ_by_ending(x: str, y: str) -> bool:
    """Whether only a feminine ending, or the last vowel, tells two words apart."""
    short, long = sorted((x, y), key=len)
    if len(short) < _MIN_SHORT_FORM:
        return False
    if long.startswith(short) and _FEMININE.fullmatch(long[len(short) :]):
        return True
    vowels = "aeiou"
    same_stem = len(x) == len(y) and x[:-1] == y[:-1]
    return same_stem and x[-1] in vowels and y[-1] in vowels


def _families(families: Sequence[frozenset[str]]) -> dict[str, frozenset[int]]:
    words = {word for family in families for word in family}
    return {
        word: frozenset(i for i, family in enumerate(families) if word in family)
        for word in words
    }


_NONE: Final[frozenset[int]] = frozenset()
_TWINS_OF: Final = _families(TWINS)
_VARIANTS_OF: Final = _families(VARIANTS)


def _share(x: str, y: str, families: Mapping[str, frozenset[int]]) -> bool:
    """Whether two words are of one family."""
    return x in families and not families[x].isdisjoint(families.get(y, _NONE))


def alike(x: str, y: str) -> bool:
    """Whether a person should look: a short form, a variant, or two typos."""
    short, long = sorted((x, y), key=len)
    if len(short) >= _MIN_SHORT_FORM and long.startswith(short):
        return True
    if _share(x, y, _VARIANTS_OF) or is_typo(x, y):
        return True
    return len(short) >= _MIN_LOOSE and edits_within_two(short, long)


def is_typo(x: str, y: str) -> bool:
    """Whether one letter was added, dropped, changed or two neighbours swapped."""
    if min(len(x), len(y)) < _MIN_SHORT_FORM or abs(len(x) - len(y)) > 1:
        return False
    left, right = _trimmed(x, y)
    return (len(left) <= 1 and len(right) <= 1) or (
        len(left) == _TWO and left == right[::-1]
    )


def _trimmed(x: str, y: str) -> tuple[str, str]:
    """Return what is left of two words without their common start and end."""
    start = 0
    shortest = min(len(x), len(y))
    while start < shortest and x[start] == y[start]:
        start += 1
    end = 0
    while end < shortest - start and x[-1 - end] == y[-1 - end]:
        end += 1
    return x[start : len(x) - end], y[start : len(y) - end]


def edits_within_two(x: str, y: str) -> bool:
    """Whether at most two edits (swaps count one) make one word of the other."""
    if abs(len(x) - len(y)) > _TWO or len(set(x) ^ set(y)) > _TWO + _TWO:
        return False
    return _edits(*_trimmed(x, y)) <= _TWO


def _edits(x: str, y: str) -> int:
    """Return the number of edits between two words; neighbours may swap as one."""
    before: list[int] = []
    last = list(range(len(y) + 1))
    for i, c in enumerate(x, 1):
        row = [i]
        for j, d in enumerate(y, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (c != d))
            if i > 1 and j > 1 and c == y[j - 2] and x[i - 2] == d:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > _TWO:
            return _TWO + 1
        before, last = last, row
    return last[-1]


def are_twins(x: str, y: str) -> bool:
    """Whether two given names are given to twins."""
    return _share(x, y, _TWINS_OF)


def are_variants(x: str, y: str) -> bool:
    """Whether two given names are spellings or short forms of one."""
    return _share(x, y, _VARIANTS_OF)
