"""The writer of the journal: groups, order, and failures that reach everybody."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.apply.writer import JournalWriter
from pipeline.errors import DiskError
from pipeline.state.journal import Conflict, Intent, Result, WriteState
from schemas.outcomes import Outcome


class Book:
    """A journal in memory that can fail at its n-th commit."""

    def __init__(self, fails_at=None, conflicts=()):
        self.groups, self.fails_at, self.conflicts = [], fails_at, conflicts

    def commit(self, intents, results):
        if self.fails_at is not None and len(self.groups) >= self.fails_at:
            raise DiskError("full")
        self.groups.append(([i.op for i in intents], [r.op for r in results]))
        return tuple(c for c in self.conflicts if c.op in {i.op for i in intents})


def made(op):
    return Result(op, WriteState.ACKNOWLEDGED, Outcome.CREATED, f"cus.{op}")


async def write(book, ops, behind=4):
    async with JournalWriter(book, behind) as writer:

        async def one(op):
            conflict = await writer.intend(Intent(op, op, "create"))
            if conflict is None:
                await writer.record(made(op))

        await asyncio.gather(*map(one, ops))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9))
def test_every_intent_is_durable_before_its_result_and_all_arrive(count, behind):
    book = Book()
    asyncio.run(write(book, range(count), behind))
    intents = [op for group, _ in book.groups for op in group]
    results = [op for _, group in book.groups for op in group]
    assert sorted(intents) == sorted(results) == list(range(count))
    for at, (_, group) in enumerate(book.groups):
        before = {op for ops, _ in book.groups[:at] for op in ops}
        assert before >= set(group)


def test_what_comes_together_is_committed_together():
    book = Book()
    asyncio.run(write(book, range(16), behind=16))
    assert len(book.groups) <= 3


def test_a_conflict_goes_to_its_row_only():
    conflict = Conflict(1, "key", "run-2", True, True, None)
    book = Book(conflicts=[conflict])
    asyncio.run(write(book, range(3)))
    assert sorted(op for _, group in book.groups for op in group) == [0, 2]


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_a_failed_commit_fails_whoever_waits_and_all_who_come_later(fails_at):
    with pytest.raises(DiskError):
        asyncio.run(write(Book(fails_at), range(40), behind=2))


def test_results_that_nobody_waits_for_are_not_lost_in_silence():
    async def last_one():
        async with JournalWriter(Book(1), 4) as writer:
            await writer.intend(Intent(0, 0, "create"))
            await writer.record(made(0))

    with pytest.raises(DiskError):
        asyncio.run(last_one())
