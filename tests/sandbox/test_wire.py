"""The sandbox over real sockets: drops, cuts and hangs as a client meets them."""

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from pipeline.sandbox import (
    Dialect,
    Faults,
    SandboxOptions,
    SandboxThread,
    SpecError,
    run_sandbox,
    serve,
)

KEY = {"Authorization": "pk_test.x"}
CREATE = b'{"email":"ann@example.com"}'
LOST = (httpx.RemoteProtocolError, httpx.ReadError)


def served(faults="", **more):
    return SandboxThread(SandboxOptions(faults=Faults.parse(faults), **more))


def raw(url, request):
    """Send bytes and return every byte that comes until the connection ends."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as link:
        link.sendall(request)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := link.recv(65536):
                answer += part
        return answer


def create_request(body=CREATE):
    head = b"POST /customers HTTP/1.1\r\nhost: x\r\nauthorization: pk\r\n"
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    ("spec", "stored"), [("drop_before=1", 0), ("drop_after=1", 1)]
)
def test_a_drop_closes_the_connection_without_a_byte(spec, stored):
    with served(spec) as one:
        assert raw(one.url, create_request()) == b""
        assert one.store.customer_total == stored


@pytest.mark.parametrize("spec", ["drop_before=1", "drop_after=1", "truncate=1"])
def test_httpx_sees_a_drop_as_a_lost_answer(spec):
    with served(spec) as one, httpx.Client(base_url=one.url, headers=KEY) as client:
        for _ in range(3):
            with pytest.raises(LOST):
                client.post("/customers", content=CREATE)
        assert one.traffic.calls("POST", "/customers") == 3


def test_a_truncated_answer_announces_more_than_it_brings():
    with served("truncate=1") as one:
        head, _, body = raw(one.url, create_request()).partition(b"\r\n\r\n")
        assert b"201 Created" in head
        announced = int(head.split(b"content-length: ")[1].split(b"\r\n")[0])
        assert len(body) == announced // 2
        assert one.store.customer_total == 1


def test_a_hang_makes_the_reader_give_up_after_the_commit():
    with (
        served("create.read_timeout_commit=1") as one,
        httpx.Client(base_url=one.url, headers=KEY) as client,
    ):
        with pytest.raises(httpx.ReadTimeout):
            client.post("/customers", content=CREATE, timeout=0.2)
        assert one.store.customer_total == 1
        assert client.get("/customers").json()["totals"] == 1


def test_a_hang_ends_with_a_closed_connection():
    with served("read_timeout=1:0.05") as one:
        assert raw(one.url, create_request()) == b""


def test_an_outage_of_the_drop_kind_answers_nobody():
    with served("outage=0:60:drop") as one:
        assert raw(one.url, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n") == b""


def test_a_caller_who_goes_away_while_sending_harms_nobody():
    with served() as one:
        host, port = one.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as link:
            link.sendall(create_request()[:-5])
        assert httpx.get(one.url, headers=KEY).status_code == 200
        assert one.store.customer_total == 0


def test_requests_on_one_connection_and_a_body_in_pieces():
    with served() as one:
        request = create_request()
        host, port = one.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as link:
            for number in (1, 2):
                link.sendall(request[:60])
                link.sendall(request[60:])
                assert b"201 Created" in link.recv(65536)
                assert one.store.customer_total == number
        assert one.requests == {("POST", "/customers", ""): 2}


def test_what_is_no_http_gets_400_and_no_more():
    with served() as one:
        assert raw(one.url, b"\x16\x03\x01 nonsense\r\n\r\n").startswith(
            b"HTTP/1.1 400"
        )


def test_a_taken_port_is_said_at_once():
    with served() as one, pytest.raises(OSError, match="in use"):
        SandboxThread(port=one.port)


def test_it_can_come_back_on_its_port_with_its_rows(tmp_path):
    options = SandboxOptions(data=tmp_path / "s.db")
    with SandboxThread(options) as one:
        httpx.post(f"{one.url}/customers", content=CREATE, headers=KEY)
    with pytest.raises(httpx.ConnectError):
        httpx.get(one.url)
    with SandboxThread(options, port=one.port) as two:
        assert httpx.get(f"{two.url}/customers", headers=KEY).json()["totals"] == 1


def test_an_outage_of_the_refuse_kind_has_nobody_listen():
    with served("outage=0:0.3:refuse") as one:
        with pytest.raises(httpx.ConnectError):
            httpx.get(one.url, headers=KEY)
        assert one.back.wait(10)
        assert httpx.get(one.url, headers=KEY).status_code == 200


def test_an_outage_breaks_the_connections_that_are_open():
    with (
        served("outage=0.3:0.2:refuse") as one,
        httpx.Client(base_url=one.url, headers=KEY) as client,
    ):
        assert client.get("/").status_code == 200
        assert one.back.wait(10)
        assert client.get("/").status_code == 200


class Told(io.StringIO):
    """Interrupts this process once, when it is told the address."""

    def __init__(self, sig):
        super().__init__()
        self.sig = sig

    def flush(self):
        if self.sig:
            sig, self.sig = self.sig, None
            signal.raise_signal(sig)


COMMAND = """
import sys
from pathlib import Path
from pipeline.sandbox import run_sandbox
run_sandbox(port_file=Path(sys.argv[1]), seed_customers=3, payments_per_customer=1,
            rate="100/60", dialect="code=text", faults="delete.503=1", seed=4)
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_its_address_first_and_ends_quietly(tmp_path, ending):
    port_file = tmp_path / "port"
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(port_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        later = threading.Timer(30, process.kill)
        later.start()
        url = process.stdout.readline().strip()
        assert url == f"http://127.0.0.1:{port_file.read_text().strip()}"
        answer = httpx.get(f"{url}/customers", headers=KEY)
        assert (answer.json()["totals"], answer.json()["code"]) == (3, "200")
        assert answer.headers["x-ratelimit-limit"] == "100"
        assert httpx.delete(f"{url}/customers/x", headers=KEY).status_code == 503
        process.send_signal(ending)
        out, err = process.communicate()
        later.cancel()
    assert (process.returncode, out, err) == (0, "", "")
    assert not port_file.exists()


def test_serve_tells_whoever_asks(tmp_path):
    told, port_file = Told(signal.SIGINT), tmp_path / "port"
    serve(SandboxOptions(), 0, port_file, told)
    serve(SandboxOptions(), 0, None, Told(signal.SIGINT))
    assert told.getvalue().startswith("http://127.0.0.1:")
    assert not port_file.exists()


def test_the_command_in_this_process(tmp_path):
    with contextlib.redirect_stdout(Told(signal.SIGTERM)) as told:
        run_sandbox(data=tmp_path / "s.db", seed_customers=2)
    assert told.getvalue().startswith("http://127.0.0.1:")
    with SandboxThread(SandboxOptions(data=tmp_path / "s.db")) as one:
        assert one.store.customer_total == 2


def test_a_wrong_option_stops_the_command_before_it_listens():
    with pytest.raises(SpecError):
        run_sandbox(rate="fast")


def test_options_have_defaults():
    assert SandboxOptions().dialect == Dialect()
