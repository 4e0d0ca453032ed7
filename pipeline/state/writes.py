"""Values of the journal: what is meant to be sent, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from schemas.outcomes import Outcome


class WriteState(StrEnum):
    """Where a write stands; `docs/journal.md` tells what each means after a crash."""

    INTENDED = "intended"
    SENT = "sent"
    IN_DOUBT = "in_doubt"
    ACKNOWLEDGED = "acknowledged"
    SETTLED = "settled"
    REFUSED = "refused"


UNSETTLED = (WriteState.INTENDED, WriteState.SENT, WriteState.IN_DOUBT)
"""States after which the API may hold the write without our knowing it."""


class Intent(NamedTuple):
    """A write that is about to be sent.

    `op` is its place in the plan, `row` the input row; `body` is the JSON to send,
    `before` the JSON of the fields it replaces; `keys` are the keyed hashes of the
    e-mail and phone of a create. `known` names customers (and runs whose process is
    dead) that this row was matched against after they stood in a conflict.
    """

    op: int
    row: int
    action: str
    customer_id: str | None = None
    import_key: str | None = None
    body: str = "{}"
    before: str | None = None
    keys: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


class IndexRow(NamedTuple):
    """What the customer index keeps of one customer: keyed hashes, 32 hex digits each.

    `fingerprint` is a hash of the whole record as it was last seen.
    """

    customer_id: str
    email_key: str | None = None
    phone_key: str | None = None
    name_key: str | None = None
    fingerprint: str | None = None
    written_run: str | None = None


class Result(NamedTuple):
    """What became of a write.

    Without an `outcome` the write is not over: REFUSED (not stored by the API) and
    SETTLED (looked up and not there) may then be intended again. `seen` goes to the
    customer index in the same transaction, `lineage` (keyed hashes of the source with
    the row's name and external id) to what that source wrote.
    """

    op: int
    state: WriteState
    outcome: Outcome | None = None
    customer_id: str | None = None
    rule: str | None = None
    reason: str | None = None
    after: str | None = None
    seen: IndexRow | None = None
    lineage: tuple[str, ...] = ()


class Conflict(NamedTuple):
    """A key of a create that another run has claimed: the intent was not stored.

    `is_open`: that run's write is not over. `holder_alive`: a living process holds
    that run. `customer_id`: the customer it made, where it is over.
    """

    op: int
    key: str
    run_id: str
    is_open: bool
    holder_alive: bool
    customer_id: str | None


@dataclass(frozen=True, slots=True)
class Write:
    """A write as the journal has it; times in seconds since 1970."""

    op: int
    row: int
    action: str
    state: WriteState
    outcome: Outcome | None
    attempts: int
    intended_at: float
    finished_at: float | None
    customer_id: str | None
    rule: str | None
    import_key: str | None
    keys: tuple[str, ...]
    reason: str | None
    body: str | None
    before: str | None
    after: str | None


class OpSet:
    """A set of op numbers in one bit each: a million take 125 kB."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def add(self, op: int) -> None:
        """Put `op` (0 or more) into the set."""
        byte, bit = op >> 3, 1 << (op & 7)
        if byte >= len(self._bits):
            self._bits.extend(
                bytes(max(byte + 1, 2 * len(self._bits)) - len(self._bits))
            )
        if not self._bits[byte] & bit:
            self._bits[byte] |= bit
            self._count += 1

    def __contains__(self, op: int) -> bool:
        byte = op >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << (op & 7))

    def __len__(self) -> int:
        return self._count
