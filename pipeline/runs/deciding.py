"""`decide FILE`: store what a person decided about the pairs of a review file."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.read import open_source
from pipeline.read.source import Source
from pipeline.report.answers import NEEDED, Answer, answers
from pipeline.runs.actor import who as actor_of
from pipeline.runs.auditing import note_act
from pipeline.runs.connect import open_database
from pipeline.runs.decided import ANY, CONTACT, CUSTOMER, RECORD, Keyring
from pipeline.runs.remembering import known_account
from pipeline.settings import Settings
from pipeline.state.decisions import Decisions, Pair, Verdict
from pipeline.state.store import State


@dataclass(frozen=True, slots=True)
class Stored:
    """How many decisions of each verdict were stored, or taken back."""

    same: int = 0
    different: int = 0
    later: int = 0
    revoked: int = 0
    actor: str = ""


def decide(
    settings: Settings, file: str, *, revoke: bool = False, actor: str | None = None
) -> Stored:
    """Store the decisions in `file`, or with `revoke` take those back; all or none.

    Raises:
        InputError: The file is no review file, or a line of it cannot be understood.
    """
    who = actor_of(actor)
    with closing(open_source(file)) as source:
        found = answers(_lines(source, file))
    with open_database(settings) as state:
        account = known_account(state, settings) or ANY
        pairs = _pairs(Keyring(state), found)
        act = _revoke if revoke else _store
        stored = act(state, account, pairs, who)
        note_act(
            state,
            "decisions_revoked" if revoke else "decisions_stored",
            actor=who,
            settings=settings,
            account=account,
            details={
                name: getattr(stored, name)
                for name in ("same", "different", "later", "revoked")
            },
        )
    return stored


def _lines(source: Source, file: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    missing = [name for name in NEEDED if name not in source.layout.columns]
    if missing:
        raise InputError(
            f"`{file}` is no review file: column `{missing[0]}` is missing",
            hint="give review_pairs.csv or review_pairs.xlsx of a run, edited",
        )
    for chunk in source.chunks():
        numbers = chunk.lines.to_pylist()
        yield from zip(numbers, chunk.cells.to_pylist(), strict=True)
        for broken in chunk.broken:
            raise InputError(f"line {broken.line} of `{file}` cannot be read")


def _pairs(ring: Keyring, found: list[Answer]) -> dict[Pair, Verdict]:
    """Return the answers under the keys of the state database."""
    return {
        Pair.of(*(_key(ring, *side) for side in zip(a.keys, a.kinds, strict=True))):
        Verdict(a.verdict)
        for a in found
    }  # fmt: skip


def _key(ring: Keyring, key: str, kind: str) -> str:
    if kind == "customer":
        return CUSTOMER + key
    if kind == "record":
        return RECORD + ring.keyed(key)
    return CONTACT + ring.keyed(key) if kind == "contact" else ""


def _store(
    state: State, account: str, pairs: Mapping[Pair, Verdict], who: str
) -> Stored:
    Decisions(state, account).decide(pairs.items(), who)
    told = list(pairs.values())
    return Stored(
        same=told.count(Verdict.SAME),
        different=told.count(Verdict.DIFFERENT),
        later=told.count(Verdict.LATER),
        actor=who,
    )


def _revoke(
    state: State, account: str, pairs: Mapping[Pair, Verdict], who: str
) -> Stored:
    """Take decisions back, also those that were stored before the account was known."""
    places = [Decisions(state, name) for name in {account, ANY}]
    taken = sum(sum(p.revoke(pair, who) for p in places) > 0 for pair in pairs)
    return Stored(revoked=taken, actor=who)
