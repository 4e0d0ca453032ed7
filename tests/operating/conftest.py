"""Small real receivers on loopback: what a run told them is kept."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver:
    """An HTTP server that keeps every body posted to it, by path."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)  # of the first answers; the last one stays
        self.posted = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size)
                outer.posted.append((self.path, dict(self.headers), body))
                last = len(outer.statuses) == 1
                self.send_response(outer.statuses[0] if last else outer.statuses.pop(0))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()

    @property
    def json(self):
        return [json.loads(body) for _, _, body in self.posted]

    def bodies(self, path):
        return [body for where, _, body in self.posted if where == path]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver():
    running = Receiver(200)
    yield running
    running.close()


@pytest.fixture
def refusing():
    running = Receiver(500)
    yield running
    running.close()
