"""What the rooms of `apply` share: the client's side, the journal's side, the policy."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.api.client import NotchPayClient
from pipeline.api.clock import Clock
from pipeline.apply.breaker import Breaker
from pipeline.apply.memory import Memory, NoMemory
from pipeline.apply.operation import Later
from pipeline.apply.stop import Stop
from pipeline.apply.writer import JournalWriter
from pipeline.existing.finder import Finder
from pipeline.match.known import Record
from schemas.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class ApplyPolicy:
    """How a plan is applied; seconds throughout.

    `strict` holds what moved since an approved plan instead of deciding anew.
    `max_refusals` is how often the API may answer one row with an error of its own,
    `max_tries` how often a row is sent at most, `claim_wait` how long it waits for
    another run that is creating the same person.
    """

    region: str
    prefer: str = "existing"
    key_name: str = "import_key"
    concurrency: int = 8
    max_read_age: float = 300.0
    settle_seconds: float = 5.0
    claim_wait: float = 600.0
    strict: bool = False
    max_refusals: int = 4
    max_tries: int = 8


@dataclass(slots=True)
class Context:
    """Everything a write needs; handed through, never global.

    `later` collects the writes that were put off; the engine takes them up again.
    """

    client: NotchPayClient
    finder: Finder
    writer: JournalWriter
    clock: Clock
    policy: ApplyPolicy
    claim_keys: Callable[[Record], tuple[str, ...]]
    gate: asyncio.Semaphore
    stop: Stop = field(default_factory=Stop)
    breaker: Breaker = field(default_factory=Breaker)
    later: list[Later] = field(default_factory=list)
    on_outcome: Callable[[Outcome], None] = lambda _: None
    memory: Memory = field(default_factory=NoMemory)
