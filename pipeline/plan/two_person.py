"""The two-person rule: a large import needs somebody else's approval."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.settings import TWO_PERSON
from schemas.records import GuardResult

NAME = "two_person"
_RULE = re.compile(TWO_PERSON)


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved a plan: the actor as told, and the user the machine knows."""

    actor: str
    system_user: str


@dataclass(frozen=True, slots=True)
class TwoPerson:
    """Above `rows` rows the approver must be another; `users`: another user too."""

    rows: int
    users: bool = False

    @classmethod
    def parse(cls, text: str) -> "TwoPerson":
        """Return the rule in `rows>1000` or `rows>1000,users`.

        Raises:
            ValueError: The text has another form.
        """
        found = _RULE.fullmatch(text.strip())
        if found is None:
            raise ValueError("is not `rows>N` or `rows>N,users`")
        return cls(int(found[1]), found[2] is not None)

    def others(self, actor: Approval, approvals: Iterable[Approval]) -> list[str]:
        """Return the approvers who are somebody else than `actor`, sorted."""
        return sorted(
            {
                one.actor
                for one in approvals
                if one.actor.casefold() != actor.actor.casefold()
                and (not self.users or one.system_user != actor.system_user)
            }
        )

    def guard(self, rows: int, others: Iterable[str]) -> GuardResult:
        """Return the guard of an import of `rows` rows that `others` approved."""
        names = ", ".join(others)
        refused = rows > self.rows
        passed_by = f"approved by {names}" if refused and names else None
        return GuardResult(NAME, float(rows), float(self.rows), refused, passed_by)
