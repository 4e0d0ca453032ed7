"""Small real stand-ins for the tests of the API room: a clock, an API, a socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.api.stats import ApiStats

KEY = "pk_test.abcdefgh"


class FastClock:
    """Time that only passes when somebody sleeps; sleepers wake in order."""

    def __init__(self, at=1_790_000_000.0):
        self.at = at
        self.slept = []
        self._sleepers = []

    def time(self):
        return self.at

    async def sleep(self, seconds):
        self.slept.append(seconds)
        until = self.at + seconds
        self._sleepers.append(until)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            while self.at < until:
                if min(self._sleepers) >= until:
                    self.at = max(self.at, until)
                await asyncio.sleep(0)
        finally:
            self._sleepers.remove(until)


class Api:
    """Answers from a list, one a request; keeps what it was sent."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return answer

    @property
    def lines(self):
        return [f"{sent.method} {sent.url.raw_path.decode()}" for sent in self.requests]

    @property
    def bodies(self):
        return [json.loads(sent.content) for sent in self.requests if sent.content]


def answer(status=200, body=None, /, **headers):
    """Return an answer with a JSON body; `retry_after=1` is a header."""
    names = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=names)


def html(status=200):
    return httpx.Response(status, html="<html>Please log in</html>")


@asynccontextmanager
async def client_of(
    api, *, rate=None, clock=None, base_url=None, policy=None, **config
):
    """A client whose requests are answered by `api`, on a clock that never waits."""
    clock = clock or FastClock()
    stats = ApiStats()
    pace = Pace(MemoryPaceStore(clock), rate, clock=clock)
    settings = ApiConfig(base_url or "http://127.0.0.1:9", KEY, **config)
    transport = httpx.MockTransport(api)
    async with NotchPayClient(
        settings, pace, transport=transport, stats=stats, policy=policy
    ) as client:
        yield client


def run(api, use, **options):
    """Return what `use(client)` returns, and the client."""

    async def main():
        async with client_of(api, **options) as client:
            return await use(client), client

    return asyncio.run(main())
