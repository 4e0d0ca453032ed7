"""What really happens on a socket: where a connection ends decides what is in doubt."""

import asyncio
import gc

import pytest

from pipeline.api.client import NotchPayClient
from pipeline.api.config import ApiConfig
from pipeline.api.errors import InDoubt
from pipeline.api.pace import MemoryPaceStore, Pace
from pipeline.errors import ApiUnreachableError
from tests.api.fakes import KEY, FastClock

ADA = {"email": "ada@example.com"}
GOOD = b'{"customer": {"id": "c1"}, "items": []}'


def http(body, length=None):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


class Server:
    """Serves each connection by a script: one answer a request, None closes."""

    def __init__(self, *scripts):
        self.scripts = list(scripts)
        self.requests = []
        self.is_silent = False
        self.tasks = []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.server.wait_closed()

    async def serve(self, reader, writer):
        self.tasks.append(asyncio.current_task())
        try:
            await self.play(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def play(self, reader, writer):
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        for answer in script:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head.split(b" ", 1)[0].decode())
            if b"content-length" in head.lower():
                await reader.readuntil(b"}")
            if answer is not None:
                writer.write(answer)
                await writer.drain()
        if self.is_silent:
            await reader.read()


def talk(server, use, **config):
    async def main():
        async with server:
            address = ApiConfig(f"http://127.0.0.1:{server.port}", KEY, **config)
            pace = Pace(MemoryPaceStore(), None, clock=FastClock())
            async with NotchPayClient(address, pace) as client:
                return await use(client)

    try:
        return asyncio.run(main())
    finally:
        gc.collect()


async def create(client):
    return await client.create_customer(ADA)


async def list_then_create(client):
    await client.customers()
    return await client.create_customer(ADA)


@pytest.mark.parametrize(
    "script",
    [
        (None,),  # closed without an answer
        (b"HTTP/1.1 200 OK\r\nContent-Le",),
        (http(GOOD, 500),),  # closed within the body
        (b"SSH-2.0-nonsense\r\n\r\n",),
    ],
)
def test_a_connection_that_ends_after_the_request_leaves_doubt(script):
    server = Server(script)
    with pytest.raises(InDoubt):
        talk(server, create)
    assert server.requests == ["POST"]


def test_the_same_loss_of_a_listing_is_repeated():
    server = Server((None,), (None,), (http(GOOD),))
    talk(server, lambda client: client.customers())
    assert server.requests == ["GET"] * 3


def test_an_answer_that_does_not_come_in_time_leaves_doubt():
    server = Server((b"",))
    server.is_silent = True
    with pytest.raises(InDoubt, match="did not come in time"):
        talk(server, create, timeout=0.05)


def test_a_kept_connection_that_the_server_closes_under_a_create():
    server = Server((http(GOOD), None), (http(GOOD),))
    with pytest.raises(InDoubt):
        talk(server, list_then_create)
    assert server.requests == ["GET", "POST"]


def test_a_kept_connection_that_was_closed_before_is_replaced_unharmed():
    async def use(client):
        await client.customers()
        for _ in range(20):
            await asyncio.sleep(0)  # the close arrives
        return await create(client)

    server = Server((http(GOOD),), (http(GOOD),))
    assert talk(server, use).id == "c1"
    assert server.requests == ["GET", "POST"]


def test_a_port_where_nobody_listens_is_no_doubt():
    async def main():
        async with Server(()) as server:
            port = server.port
        config = ApiConfig(f"http://127.0.0.1:{port}", KEY)
        pace = Pace(MemoryPaceStore(), None, clock=FastClock())
        async with NotchPayClient(config, pace) as client:
            await client.create_customer(ADA)

    with pytest.raises(ApiUnreachableError, match="never opened"):
        asyncio.run(main())
