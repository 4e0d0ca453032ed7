"""The only truth about names: their key, whether two agree, which spelling is better.

SQL calls it as a registered function and `match` calls it directly, so that a file
and the existing customers are judged alike.
"""

import re
from collections import Counter
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final

from pipeline.dedupe.likeness import (
    alike,
    are_twins,
    are_variants,
    differ_by_ending,
    is_typo,
)
from pipeline.dedupe.naming import Name, fold, identity_of, key_of, parse
from pipeline.dedupe.words import (
    COMPOUND_STARTS,
    GENDER_PAIRS,
    GENERIC,
    GIVEN,
    PARTICLES,
)


class Agreement(StrEnum):
    """What two names say about each other, from the same to strangers."""

    EQUAL = "equal"
    SUBSET = "subset"
    NEAR = "near"
    INITIAL = "initial"
    PARTIAL = "partial"
    NAMELESS = "nameless"
    BLOCKED = "blocked"
    DIFFERENT = "different"


COMPATIBLE: Final = frozenset(
    {
        Agreement.EQUAL,
        Agreement.SUBSET,
        Agreement.NEAR,
        Agreement.INITIAL,
        Agreement.NAMELESS,
    }
)
"""Agreements of one person under two spellings; the others contradict or leave doubt."""

_TWO = 2
_MIN_TYPO = 5
_MAX_EXTRA = 2
_DIGIT: Final = re.compile(r"\d")


def name_key(text: str | None) -> str:
    """Return the order-free key of a name, empty where there is none.

    Equal keys mean equal names. Around bin, ben, ould and the like the order is
    kept, since there it says who is whose child.

    >>> name_key("M. Éric N'DOUMBE-Mbarga")
    'eric mbarga ndoumbe'
    """
    return key_of(text) if text else ""


def name_identity(text: str | None) -> str:
    """Return the key with the gender of a civility behind it (`dupont~f`).

    Mr and Mme Dupont have one key and are two people.
    """
    return identity_of(text) if text else ""


def compare(a: str | None, b: str | None) -> Agreement:
    """Return what the names `a` and `b` say about each other; order does not matter."""
    first, second = (a or "", b or "") if (a or "") <= (b or "") else (b or "", a or "")
    return _compare(first, second)


def is_better_spelling(existing: str | None, incoming: str | None) -> bool:
    """Say whether `incoming` writes the name `existing` better, and nothing else.

    Better is a strict superset of the same tokens, or the same letters with accents
    or case where `existing` has none. All capitals lose; nothing is ever shortened.

    >>> is_better_spelling("NGONO Helene", "Ngono Hélène")
    True
    >>> is_better_spelling("Ngono Hélène", "NGONO Helene")
    False
    """
    if not incoming or not incoming.strip():
        return False
    if not existing or not existing.strip():
        return True
    old, new = name_key(existing), name_key(incoming)
    if not old or not new:
        return bool(new)
    if old != new:
        subset = compare(existing, incoming) is Agreement.SUBSET
        return subset and _grows(parse(existing), parse(incoming))
    return _same_letters(existing, incoming) and _richness(incoming) > _richness(
        existing
    )


def typo_tokens(a: str, b: str) -> tuple[str, str] | None:
    """Return the two tokens by which NEAR names differ, or None (a joined word)."""
    left, right = Counter(parse(a).tokens), Counter(parse(b).tokens)
    only_a, only_b = list((left - right).elements()), list((right - left).elements())
    if len(only_a) == len(only_b) == 1:
        return only_a[0], only_b[0]
    return None


def _grows(old: Name, new: Name) -> bool:
    return not Counter(old.tokens) - Counter(new.tokens)


def _same_letters(existing: str, incoming: str) -> bool:
    """Whether both are one text but for accents and case (not order or titles)."""
    return fold(existing).split() == fold(incoming).split()


def _richness(text: str) -> tuple[bool, int, bool]:
    accents = 0 if text.isascii() else sum(not c.isascii() for c in text)
    return not text.isupper(), accents, text != text.lower()


@lru_cache(maxsize=65_536)
def _compare(a: str, b: str) -> Agreement:
    left, right = parse(a), parse(b)
    if not left.key or not right.key:
        return Agreement.NAMELESS
    if left.gender and right.gender and left.gender != right.gender:
        return Agreement.BLOCKED
    if left.key == right.key:
        return Agreement.EQUAL
    if left.marks != right.marks:
        return Agreement.BLOCKED
    if left.patronymic or right.patronymic:
        return _patronymic(left, right)
    return _by_tokens(left, right)


def _patronymic(left: Name, right: Name) -> Agreement:
    """Judge names of descent: the same words in another order are father and son."""
    if sorted(left.tokens) == sorted(right.tokens):
        return Agreement.BLOCKED
    verdict = _by_tokens(left, right)
    shared = [t for t in left.tokens if t in right.tokens]
    if shared != [t for t in right.tokens if t in left.tokens]:
        return Agreement.BLOCKED
    # A generation more or less in the chain may be the next person in it.
    return Agreement.PARTIAL if verdict is Agreement.SUBSET else verdict


def _by_tokens(left: Name, right: Name) -> Agreement:
    if "".join(left.tokens) == "".join(right.tokens):
        return Agreement.NEAR
    rest_r = list(right.tokens)
    rest_l, shared = [], []
    for token in left.tokens:
        if token not in rest_r:
            rest_l.append(token)
            continue
        rest_r.remove(token)
        if len(token) > 1 and token not in _WEAK:
            shared.append(token)
    rest_l = [t for t in rest_l if t not in PARTICLES]
    rest_r = [t for t in rest_r if t not in PARTICLES]
    initials = _strike_initials(rest_l, rest_r)
    if _DIGIT.search(" ".join(rest_l + rest_r)):
        return Agreement.PARTIAL if shared and not (rest_l and rest_r) else _NO
    if not rest_l or not rest_r:
        return _one_sided(left, right, shared, rest_l or rest_r, initials=initials)
    if len(rest_l) == len(rest_r) == 1 and shared:
        return _one_apart(left, right, rest_l[0], rest_r[0])
    return Agreement.PARTIAL if _look_alike(rest_l, rest_r, shared) else _NO


_WEAK: Final = PARTICLES | GENERIC
_NO: Final = Agreement.DIFFERENT


def _strike_initials(rest_l: list[str], rest_r: list[str]) -> int:
    """Remove initials with the names they may stand for; return how many."""
    struck = 0
    for short, long in ((rest_l, rest_r), (rest_r, rest_l)):
        for token in [t for t in short if len(t) == 1]:
            match = next((t for t in long if len(t) > 1 and t[0] == token), None)
            if match is not None:
                short.remove(token)
                long.remove(match)
                struck += 1
    return struck


def _one_sided(
    left: Name, right: Name, shared: list[str], extra: list[str], *, initials: int
) -> Agreement:
    """Judge two names of which one adds words, or spells out initials, only."""
    if len(shared) >= _TWO and len(extra) <= _MAX_EXTRA:
        if _splits_compound(left, right, extra) or _adds_generation(left, right, extra):
            return Agreement.PARTIAL
        return Agreement.SUBSET
    if initials == 1 and len(shared) == 1 and not extra:
        return Agreement.INITIAL
    return Agreement.PARTIAL if shared else _NO


def _splits_compound(left: Name, right: Name, extra: list[str]) -> bool:
    """Whether the added word is half of Jean-Paul, who is not Jean."""
    return any(
        half in extra and pair not in (left.joined & right.joined)
        for pair in left.joined | right.joined
        if pair[0] in GIVEN
        for half in pair
    )


def _adds_generation(left: Name, right: Name, extra: list[str]) -> bool:
    """Whether the longer name puts a given name before two that are given names too.

    Mohamed Ali Hassan is the son of Ali Hassan.
    """
    longer, shorter = sorted((left, right), key=lambda n: -len(n.tokens))
    return (
        len(extra) == 1
        and longer.tokens[0] == extra[0]
        and extra[0] in GIVEN
        and longer.tokens[1:] == shorter.tokens
        and all(t in GIVEN for t in shorter.tokens)
    )


def _one_apart(left: Name, right: Name, x: str, y: str) -> Agreement:
    """Judge two names that differ by one word each."""
    if frozenset((x, y)) in GENDER_PAIRS or differ_by_ending(x, y):
        return Agreement.BLOCKED
    if are_twins(x, y):
        return Agreement.BLOCKED
    if x in GIVEN and y in GIVEN and _second_halves(left, right, x, y):
        return Agreement.BLOCKED
    if are_variants(x, y):
        return Agreement.PARTIAL
    if x in GIVEN and y in GIVEN:
        return _NO
    if is_typo(x, y):
        guarded = min(len(x), len(y)) >= _MIN_TYPO and x[0] == y[0]
        return Agreement.NEAR if guarded else Agreement.PARTIAL
    return Agreement.PARTIAL if alike(x, y) else _NO


def _second_halves(left: Name, right: Name, x: str, y: str) -> bool:
    """Whether x and y follow the same first half: Jean-Paul, Jean Pierre."""
    before_x = {p for p, q in pairwise(left.tokens) if q == x}
    before_y = {p for p, q in pairwise(right.tokens) if q == y}
    return bool(before_x & before_y & COMPOUND_STARTS)


def _look_alike(rest_l: list[str], rest_r: list[str], shared: list[str]) -> bool:
    """Whether each word of the shorter rest has a likeness in the longer."""
    few, many = sorted((rest_l, rest_r), key=len)
    left_over = list(many)
    for token in few:
        partner = next((t for t in left_over if alike(token, t)), None)
        if partner is None:
            return False
        left_over.remove(partner)
    return bool(shared) or len(few) >= _TWO or len(many) == 1
