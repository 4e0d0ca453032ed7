"""The pace of one process and of several, on a clock that never waits."""

import asyncio
import itertools
import threading

import pytest

from pipeline.api.client import NotchPayClient
from pipeline.api.clock import RealClock
from pipeline.api.config import ApiConfig
from pipeline.api.governor import TARGET, Rate
from pipeline.api.pace import MemoryPaceStore, Pace
from tests.api.fakes import KEY, FastClock

RATE = Rate(100, 2.0)
SPACING = 2.0 / (100 * TARGET)
THROTTLED = {"retry-after": "30"}


class CountingStore(MemoryPaceStore):
    """Counts its transactions, and is not called where it need not be."""

    def __init__(self, clock, ahead=0.0):
        super().__init__(clock)
        self.transactions = 0
        self.threads = set()
        self.ahead = ahead

    def transact(self, fn):
        self.transactions += 1
        self.threads.add(threading.current_thread().name)
        return super().transact(lambda state, now: fn(state, now + self.ahead))


class SharedStore:
    """A store that is no memory store: what it keeps is shared, it may block."""

    def __init__(self, inner):
        self.transact = inner.transact


def test_a_pace_with_a_listener_of_its_own_keeps_it():
    waited = []
    pace = Pace(MemoryPaceStore(), None, on_wait=waited.append)
    NotchPayClient(ApiConfig("http://localhost:1", KEY), pace)
    assert pace.waits.on_wait == waited.append


async def send(pace, count, tasks=8, answer=(200, {})):
    """Acquire `count` slots with `tasks` tasks; returns when each was given."""
    left, given = iter(range(count)), []

    async def work():
        for _ in left:
            slot = await pace.acquire()
            given.append(pace.clock.time())
            pace.answered(slot, *answer)

    await asyncio.gather(*(work() for _ in range(tasks)))
    return given


def test_many_tasks_share_even_slots_in_few_transactions():
    clock = FastClock()
    store = CountingStore(clock)
    waited = []
    pace = Pace(store, RATE, clock=clock, on_wait=waited.append)
    given = asyncio.run(send(pace, 100))
    gaps = [later - sooner for sooner, later in itertools.pairwise(given)]
    assert gaps == pytest.approx([SPACING] * 99, abs=1e-5)
    assert store.transactions <= 60
    assert sum(waited) == pytest.approx(100 * SPACING, rel=0.01)


def test_without_a_rate_nothing_waits_and_the_store_is_rarely_asked():
    clock = FastClock()
    store = CountingStore(clock)
    pace = Pace(store, None, clock=clock)
    given = asyncio.run(send(pace, 1000))
    assert given == [clock.at] * 1000
    assert store.transactions == 1


@pytest.mark.parametrize("rate", [RATE, None])
def test_a_429_pauses_every_task_and_says_until_when(rate):
    clock = FastClock()
    pauses = []
    pace = Pace(MemoryPaceStore(clock), rate, clock=clock, on_pause=pauses.append)

    async def main():
        slot = await pace.acquire()
        began = clock.at
        pace.answered(slot, 429, THROTTLED)
        return began, await send(pace, 20)

    began, given = asyncio.run(main())
    assert min(given) >= began + 30
    assert pauses == [pytest.approx(began + 30)]


def test_a_moment_is_not_told():
    clock = FastClock()
    pauses = []
    pace = Pace(MemoryPaceStore(clock), RATE, clock=clock, on_pause=pauses.append)

    async def main():
        pace.answered(await pace.acquire(), 429, {"retry-after": "1"})
        await pace.acquire()

    asyncio.run(main())
    assert pauses == []


def test_slots_reserved_before_a_429_are_void():
    clock = FastClock()
    pace = Pace(MemoryPaceStore(clock), RATE, clock=clock)

    async def main():
        first = await pace.acquire()
        waiting = [asyncio.create_task(pace.acquire()) for _ in range(5)]
        await asyncio.sleep(0)
        pace.answered(first, 429, THROTTLED)
        throttled_at = clock.at
        slots = await asyncio.gather(*waiting)
        return min(slot.at for slot in slots) - throttled_at

    assert asyncio.run(main()) >= 30


def test_a_slot_that_is_missed_is_given_back():
    clock = FastClock()
    pace = Pace(MemoryPaceStore(clock), RATE, clock=clock)

    async def main():
        await pace.acquire()
        late = [asyncio.create_task(pace.acquire()) for _ in range(4)]
        await asyncio.sleep(0)
        clock.at += 1  # the process was stopped for a second
        slots = sorted(slot.at for slot in await asyncio.gather(*late))
        return [later - sooner for sooner, later in itertools.pairwise(slots)]

    assert asyncio.run(main()) == pytest.approx([SPACING] * 3, abs=1e-4)


@pytest.mark.parametrize("rate", [RATE, None])
def test_a_clock_that_is_set_back_keeps_nobody_waiting(rate):
    clock = FastClock()
    pace = Pace(MemoryPaceStore(clock), rate, clock=clock)

    async def main():
        await send(pace, 10)
        waiting = [asyncio.create_task(pace.acquire()) for _ in range(4)]
        await asyncio.sleep(0)
        clock.at -= 3600
        await asyncio.gather(*waiting)
        await send(pace, 10)

    asyncio.run(main())
    assert sum(clock.slept) < 60


def test_several_processes_share_one_pace_over_a_store_with_its_own_clock():
    clock = FastClock()
    store = CountingStore(clock, ahead=5000.0)
    paces = [Pace(SharedStore(store), RATE, clock=clock) for _ in range(4)]

    async def main():
        given = await asyncio.gather(*(send(pace, 25, tasks=4) for pace in paces))
        for pace in paces:
            pace.close()
            pace.close()
        return sorted(moment for each in given for moment in each)

    given = asyncio.run(main())
    assert given[-1] - given[0] >= 0.98 * 99 * SPACING
    assert all(name.startswith("pace") for name in store.threads)


def test_a_store_that_fails_is_told_to_who_waits():
    class Broken:
        def transact(self, fn):
            raise OSError("gone")

    pace = Pace(Broken(), RATE, clock=FastClock())

    async def main():
        with pytest.raises(OSError, match="gone"):
            await pace.acquire()
        pace.close()

    asyncio.run(main())


def test_the_real_clock_is_the_wall_clock():
    clock = RealClock()
    before = clock.time()
    asyncio.run(clock.sleep(0))
    assert clock.time() >= before > 1_700_000_000
    assert Pace(MemoryPaceStore(), None).clock.time() >= before


class StillClock(FastClock):
    """Time stands still, and sleepers with it."""

    async def sleep(self, seconds):
        await asyncio.Event().wait()


def test_a_longer_pause_is_told_again_and_a_shorter_one_is_not():
    clock = StillClock()
    pauses = []
    pace = Pace(MemoryPaceStore(clock), None, clock=clock, on_pause=pauses.append)

    async def main():
        slots = [await pace.acquire() for _ in range(3)]
        waiting = []
        for slot, wait in zip(slots, ("20", "10", "40"), strict=True):
            pace.answered(slot, 429, {"retry-after": wait})
            waiting.append(asyncio.create_task(pace.acquire()))
            await asyncio.sleep(0)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(main())
    assert [round(until - clock.at) for until in pauses] == [20, 40]


def test_nobody_need_listen_for_pauses():
    clock = FastClock()
    pace = Pace(MemoryPaceStore(clock), None, clock=clock)

    async def main():
        pace.answered(await pace.acquire(), 429, THROTTLED)
        await pace.acquire()

    began = clock.at
    asyncio.run(main())
    assert clock.at >= began + 30


def test_an_answer_without_a_word_about_the_pace_changes_nothing():
    clock = FastClock()
    store = CountingStore(clock)
    pace = Pace(store, RATE, clock=clock)
    given = asyncio.run(send(pace, 3, tasks=1, answer=(500, {})))
    assert given[2] - given[0] == pytest.approx(2 * SPACING, abs=1e-4)


def test_headers_that_tell_of_little_room_spread_what_is_left():
    clock = FastClock()
    pace = Pace(MemoryPaceStore(clock), RATE, clock=clock)
    told = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "10"}
    told["x-ratelimit-reset"] = "2"
    given = asyncio.run(send(pace, 4, tasks=1, answer=(200, told)))
    assert given[3] - given[1] > 10 * SPACING
