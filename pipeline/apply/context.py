"""What the rooms of `apply` share: the client's side, the journal's side, the policy."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.api.client import NotchPayClient
from pipeline.api.clock import Clock
from pipeline.apply.breaker import Breaker
from pipeline.apply.stop import Stop
from pipeline.apply.writer import JournalWriter
from pipeline.existing.finder import Finder
from pipeline.match.known import Record
from schemas.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class ApplyPolicy:
    """How a plan is applied; seconds throughout.

    `strict` holds what moved since an approved plan instead of deciding anew.
    `fresh_seconds` is the age up to which unwritten creates need no second match.
    """

    region: str
    prefer: str = "existing"
    key_name: str = "import_key"
    concurrency: int = 8
    max_read_age: float = 300.0
    settle_seconds: float = 5.0
    claim_wait: float = 120.0
    strict: bool = False
    max_refusals: int = 3
    max_tries: int = 8


@dataclass(slots=True)
class Context:
    """Everything a write needs; handed through, never global."""

    client: NotchPayClient
    finder: Finder
    writer: JournalWriter
    clock: Clock
    policy: ApplyPolicy
    claim_keys: Callable[[Record], tuple[str, ...]]
    gate: asyncio.Semaphore
    stop: Stop = field(default_factory=Stop)
    breaker: Breaker = field(default_factory=Breaker)
    on_outcome: Callable[[Outcome], None] = lambda _: None
