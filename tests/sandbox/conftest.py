"""A sandbox in this process, called without a socket."""

import asyncio

import httpx
import pytest

from pipeline.sandbox import (
    Dialect,
    Faults,
    Rate,
    SandboxOptions,
    create_app,
    in_process,
)

KEY = {"Authorization": "pk_test.x"}


class Clock:
    """A clock that moves when told."""

    def __init__(self, now=1_790_000_000.25):
        self.now = now

    def __call__(self):
        return self.now


class InProcess:
    """`send("GET", "/customers")` and a look at store and traffic."""

    def __init__(self, options):
        self.app = create_app(options)
        self.store = self.app.state.store
        self.traffic = self.app.state.traffic
        self._transport = in_process(self.app)

    def send(self, method, path, **more):
        headers = {**KEY, **more.pop("headers", {})}

        async def once():
            async with httpx.AsyncClient(
                transport=self._transport, base_url="http://sandbox.test"
            ) as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(once())

    def get(self, path, **params):
        return self.send("GET", path, params=params)

    def create(self, **fields):
        return self.send("POST", "/customers", json=fields)


@pytest.fixture
def sandbox():
    """Return a maker of sandboxes: `sandbox("code=text", faults="500=1", rate="2/60")`."""
    made = []

    def make(dialect="", faults="", rate="off", **more):
        seed = more.get("seed", 0)
        options = SandboxOptions(
            dialect=Dialect.parse(dialect),
            faults=Faults.parse(faults, seed),
            rate=Rate.parse(rate),
            **more,
        )
        made.append(InProcess(options))
        return made[-1]

    yield make
    for one in made:
        one.store.close()


@pytest.fixture
def clock():
    return Clock()
