"""A server that says everything back: bodies, keys and queries, in every error."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class EchoServer:
    """A server whose errors quote the request, as frameworks in debug mode do.

    `answers` maps a method to (status, kind): `json` quotes the body in `message` and
    `errors`, `html` on a page. `customers` are what a listing holds.
    """

    def __init__(self, answers, customers=()):
        self.answers = answers
        self.customers = list(customers)
        self.bodies = []

    def __enter__(self):
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                echo.bodies.append(body)
                status, kind = echo.answers.get(self.command, (200, "json"))
                told = (
                    f"{self.headers.get('Authorization')} {self.path} {body.decode()}"
                )
                if self.command == "GET" and status == 200:
                    content = json.dumps(echo.listing(self.path))
                elif kind == "html":
                    content = f"<html><body>Whoops {told}</body></html>"
                else:
                    content = json.dumps(
                        {"code": status, "message": told, "errors": {"email": [told]}}
                    )
                raw = content.encode()
                self.send_response(status)
                self.send_header(
                    "Content-Type",
                    "text/html" if kind == "html" else "application/json",
                )
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any  # noqa: N815 - http.server's

            def log_message(self, *_):
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def listing(self, path):
        """Return what a GET that is no error answers."""
        if path == "/":
            return {"code": 200, "merchant": "Echo", "env": "test"}
        one = next((c for c in self.customers if path.endswith(c["id"])), None)
        if one is not None:
            return {"code": 200, "customer": one}
        rows = [] if "payments" in path else self.customers
        return {"code": 200, "items": rows, "totals": len(rows), "last_page": 1}

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
