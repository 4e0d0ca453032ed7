"""A server's window, those who use it and the governor, on simulated time."""

import heapq
import itertools
import math
import random
from dataclasses import dataclass, replace

from pipeline.api.governor import Allowance, PaceState, Rate, Told, observe, reserve
from pipeline.api.window import Reading


@dataclass
class World:
    """One simulated run; see the fields for what may disturb it. Seconds throughout.

    `tasks` send one request after the other. `late` of all slots are used up to `stall`
    late. The window of the server begins at a fixed beat, or, where it is `floating`,
    with the first request after the one before is over. `others` requests a second come
    from somebody else who uses the same key.
    """

    seed: int = 1
    requests: int = 100
    seconds: float = 2.0
    rate: Rate | None = None
    share: float = 1.0
    tasks: int = 8
    latency: float = 0.004
    jitter: float = 0.001
    late: float = 0.0
    stall: float = 0.0
    floating: bool = False
    headers: bool = True
    others: float = 0.0

    def run(self, goal):
        """Simulate until `goal` requests were let in; returns the figures."""
        self.random = random.Random(self.seed)
        self.rate = self.rate or Rate(self.requests, self.seconds)
        self.allowance = Allowance(self.rate, self.share, self.tasks)
        self.state, self.told = PaceState(), []
        self.events, self.order = [], itertools.count()
        start = 1_790_000_000.0 + self.random.random()
        self.began, self.used = start - self.random.random() * self.seconds, 0
        self.sent, self.arrivals = [], []
        self.refused = self.others_refused = 0
        for _ in range(self.tasks):
            self.plan(start, self.want)
        if self.others:
            self.plan(start, self.other)
        while len(self.arrivals) < goal:
            at, _, event, args = heapq.heappop(self.events)
            event(at, *args)
        return self

    @property
    def used_share(self):
        """The part of the allowed requests that was made."""
        seconds = self.arrivals[-1] - self.sent[0]
        return len(self.arrivals) / (seconds * self.requests / self.seconds)

    def plan(self, at, event, *args):
        heapq.heappush(self.events, (at, next(self.order), event, args))

    def noise(self, scale):
        return abs(self.random.gauss(0, scale))

    def want(self, at):
        for told_at, each in self.told:
            told = replace(each, ago=at - told_at)
            self.state = observe(self.state, at, told, self.allowance)
        self.told = []
        self.state, (slot,) = reserve(self.state, at, self.allowance, 1)
        stall = (
            self.stall * self.random.random() if self.random.random() < self.late else 0
        )
        self.plan(slot.at + self.noise(self.jitter) + stall, self.send, slot)

    def send(self, at, slot):
        self.sent.append(at)
        way = self.latency / 2 + self.noise(self.latency / 4)
        self.plan(at + way, self.arrive, slot, at)

    def arrive(self, at, slot, sent_at):
        is_in = self.let_in(at)
        if is_in:
            self.arrivals.append(at)
        else:
            self.refused += 1
        end = self.began + self.seconds
        way = self.latency / 2 + self.noise(self.latency / 4)
        reset = max(0.001, math.ceil(end) - at - way)
        reading = Reading(
            slot.number, sent_at, self.requests, self.requests - self.used, reset
        )
        told = Told(
            sent_at,
            not is_in,
            None if is_in else math.ceil(end - at),
            reading=reading if self.headers else None,
        )
        self.plan(at + way, self.answered, told)

    def answered(self, at, told):
        self.told.append((at, told))
        self.want(at)

    def other(self, at):
        if not self.let_in(at):
            self.others_refused += 1
        self.plan(at + self.random.expovariate(self.others), self.other)

    def let_in(self, at):
        over = int((at - self.began) // self.seconds)
        if over > 0:
            self.began = at if self.floating else self.began + over * self.seconds
            self.used = 0
        if self.used >= self.requests:
            return False
        self.used += 1
        return True
