"""What people decided about pairs, kept by durable keys for every later run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from pipeline.state.schema import decisions
from pipeline.state.store import State
from pipeline.state.verdicts import Pair, Verdict

__all__ = ["Decision", "Decisions", "Pair", "Verdict"]


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, who gave it and when (seconds since 1970); revoked ones are kept."""

    pair: Pair
    verdict: Verdict
    who: str
    decided_at: float
    revoked_at: float | None = None
    revoked_by: str | None = None


class Decisions:
    """The decisions of one account."""

    def __init__(self, state: State, account: str) -> None:
        self._db = state.db
        self._account = account

    def decide(self, verdicts: Iterable[tuple[Pair, Verdict]], who: str) -> int:
        """Store verdicts; each takes the place of an earlier one. Return how many."""
        latest = {Pair.of(*pair): verdict for pair, verdict in verdicts}
        with self._db.write() as con:
            now = self._db.now(con)
            for pair, verdict in latest.items():
                self._revoke(con, pair, who, now)
                con.execute(
                    insert(decisions).values(
                        account=self._account,
                        key_a=pair.key_a,
                        key_b=pair.key_b,
                        verdict=verdict.value,
                        who=who,
                        decided_at=now,
                    )
                )
        return len(latest)

    def revoke(self, pair: Pair, who: str) -> bool:
        """Take back what holds for `pair`; return whether anything did."""
        with self._db.write() as con:
            return self._revoke(con, Pair.of(*pair), who, self._db.now(con)) > 0

    def active(self) -> Mapping[Pair, Decision]:
        """Return what holds now, by pair."""
        found = self._read(decisions.c.revoked_at.is_(None))
        return {decision.pair: decision for decision in found}

    def history(self) -> list[Decision]:
        """Return every decision of the account, revoked ones too, oldest first."""
        return self._read()

    def _read(self, *wanted: ColumnElement[bool]) -> list[Decision]:
        query = (
            select(decisions)
            .where(decisions.c.account == self._account, *wanted)
            .order_by(decisions.c.id)
        )
        with self._db.read() as con:
            return [_decision_of(row) for row in con.execute(query)]

    def _revoke(self, con: Connection, pair: Pair, who: str, now: float) -> int:
        return con.execute(
            update(decisions)
            .where(
                decisions.c.account == self._account,
                decisions.c.key_a == pair.key_a,
                decisions.c.key_b == pair.key_b,
                decisions.c.revoked_at.is_(None),
            )
            .values(revoked_at=now, revoked_by=who)
        ).rowcount


def _decision_of(row: Row[*tuple[Any, ...]]) -> Decision:
    return Decision(
        Pair(row.key_a, row.key_b),
        Verdict(row.verdict),
        row.who,
        row.decided_at,
        row.revoked_at,
        row.revoked_by,
    )
