"""Read back what a person wrote into review_pairs.csv or .xlsx, line by line."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from pipeline.errors import InputError
from pipeline.report.pairs import DECISIONS

NEEDED: Final = ("decision", "kind", "key_a", "key_b")
_MOST_TOLD = 5
_RECORD: Final = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")
_CONTACT: Final = re.compile(r"[0-9a-f]{16}")
_WORDS: Final = "same, different, later (même, différents, plus tard)"


class Answer(NamedTuple):
    """A decision of a person: `keys` as in the file, `kinds` record, customer, contact.

    `line` is the line (or sheet row) where it stands.
    """

    line: int
    keys: tuple[str, str]
    kinds: tuple[str, str]
    verdict: str


def answers(lines: Iterable[tuple[int, Mapping[str, str]]]) -> list[Answer]:
    """Return the decisions of `lines` (number, cells by column), blank ones left out.

    Raises:
        InputError: A word is none that is known, a key is damaged, or two lines
            contradict each other; every such line is named and none is taken.
    """
    found: dict[frozenset[str], Answer] = {}
    wrong: list[str] = []
    for number, cells in lines:
        if not (cells.get("decision") or "").strip():
            continue
        try:
            answer = _answer(number, cells)
            before = found.setdefault(frozenset(answer.keys), answer)
            _same_answer(before, answer)
        except ValueError as fault:
            wrong.append(f"line {number}: {fault}")
    if wrong:
        more = len(wrong) - _MOST_TOLD
        told = "; ".join(wrong[:_MOST_TOLD]) + (
            f"; and {more} more" if more > 0 else ""
        )
        raise InputError(
            f"nothing was stored: {told}",
            hint=f"write one of: {_WORDS}; or leave blank",
        )
    return list(found.values())


def _answer(number: int, cells: Mapping[str, str]) -> Answer:
    verdict = _verdict(cells["decision"])
    a, b = (cells.get("key_a") or "").strip(), (cells.get("key_b") or "").strip()
    if cells.get("kind") == "contact":
        if not _CONTACT.fullmatch(a):
            raise ValueError("the column `key_a` is damaged")
        if verdict == "same":
            raise ValueError(
                "a shared contact can be `different` or `later`; to join two people,"
                " decide on their own line"
            )
        return Answer(number, (a, ""), ("contact", ""), verdict)
    kinds = _kind(cells, "a"), _kind(cells, "b")
    for key, kind, column in zip((a, b), kinds, ("key_a", "key_b"), strict=True):
        if not key or (kind == "record" and not _RECORD.fullmatch(key)):
            raise ValueError(f"the column `{column}` is damaged")
    return Answer(number, (a, b), kinds, verdict)


def _kind(cells: Mapping[str, str], side: str) -> str:
    return "customer" if (cells.get(f"{side}_customer_id") or "").strip() else "record"


def _verdict(word: str) -> str:
    plain = " ".join(unicodedata.normalize("NFC", word).casefold().split()).rstrip(".")
    if plain not in DECISIONS:
        raise ValueError(f"`{word.strip()[:40]}` is no decision")
    return DECISIONS[plain]


def _same_answer(before: Answer, answer: Answer) -> None:
    if before.verdict != answer.verdict:
        raise ValueError(
            f"`{answer.verdict}`, but line {before.line} says `{before.verdict}`"
            " of the same two"
        )
