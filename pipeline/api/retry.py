"""One policy for what is sent again, over tenacity.

Only a request that failed once comes here; what the server tells us to wait for is
waited for and is no attempt.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from pipeline.api.headers import LONGEST_PAUSE, TOO_MANY

T = TypeVar("T")


class Again(Exception):  # noqa: N818 - not an error yet
    """This try failed in a way that another may mend; never leaves this room.

    `told` says that the server asked for the wait (`wait` seconds; after a 429 the
    pace makes every request wait as well); `is_outage` that no healthy API was behind
    the answer; `is_sent` that the request may have been carried out.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        wait: float = 0.0,
        told: bool = False,
        is_outage: bool = False,
        is_sent: bool = True,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.wait = wait
        self.told = told
        self.is_outage = is_outage
        self.is_sent = is_sent


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long: tries in all, back-off in seconds with full jitter.

    `tries` is for answers that the request itself may cause (500, unreadable),
    `outage_tries` for a server or a way to it that is down, `first_tries` for both as
    long as nothing ever worked, `told_waits` for waits that the server asked for.
    """

    tries: int = 4
    outage_tries: int = 10
    first_tries: int = 3
    told_waits: int = 30
    base: float = 0.5
    cap: float = 20.0

    def limit(self, failure: Again, *, has_worked: bool) -> int:
        """Return the tries in all that a failure of this kind is worth."""
        if not has_worked:
            return self.first_tries
        return self.outage_tries if failure.is_outage else self.tries


@dataclass(slots=True)
class _Tally:
    """Tries and told waits of one request."""

    policy: RetryPolicy
    has_worked: Callable[[], bool]
    failures: int = 0
    waits: int = 0
    jitter: random.Random = field(default_factory=random.Random)

    def pause(self, state: RetryCallState) -> float:
        """Count the failure; return the seconds before the next try."""
        failure = _failure(state)
        if failure.told:
            self.waits += 1
            # After a 429 the pace makes every request wait, this one with them.
            return 0.0 if failure.status == TOO_MANY else failure.wait
        self.failures += 1
        longest = min(self.policy.cap, self.policy.base * 2 ** (self.failures - 1))
        return self.jitter.uniform(0, longest)

    def is_spent(self, state: RetryCallState) -> bool:
        """Say whether the failure just counted was the last that is borne."""
        failure = _failure(state)
        if failure.told:
            too_long = failure.wait > LONGEST_PAUSE
            return too_long or self.waits > self.policy.told_waits
        limit = self.policy.limit(failure, has_worked=self.has_worked())
        return self.failures >= limit


def _failure(state: RetryCallState) -> Again:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, Again)
    return error


_RETRIED: Final = retry_if_exception_type(Again)


async def try_again(
    first: Again,
    attempt: Callable[[], Awaitable[T]],
    *,
    policy: RetryPolicy,
    has_worked: Callable[[], bool],
    sleep: Callable[[float], Awaitable[None]],
    on_retry: Callable[[], None],
) -> T:
    """Go on after a first failure: wait, try, and so on by the policy.

    Raises:
        Again: the last failure, when the policy is spent.
    """
    pending = [first]
    tally = _Tally(policy, has_worked)

    async def once() -> T:
        if pending:
            raise pending.pop()
        on_retry()
        return await attempt()

    retrying = AsyncRetrying(
        retry=_RETRIED,
        stop=tally.is_spent,
        wait=tally.pause,
        sleep=sleep,
        reraise=True,
    )
    return await retrying(once)
