"""An independent server of the API for tests; it shares no line with the sandbox.

Plain asyncio, one thread, keep-alive, several thousand requests a second. It is meant
to be odd: every option is a way in which the real server may differ from the docs.
"""

import asyncio
import json
import random
import re
import socket
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized",
    404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
    422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip


class Seen(NamedTuple):
    """One request: when (monotonic), what, the answer's status (0: none was sent)
    and the fault that met it (empty: none).
    """

    at: float
    method: str
    path: str
    query: str
    status: int
    fault: str


class OddServer:
    """A server on a free loopback port, as a context manager.

    Look inside (also while it runs):
        url         http://127.0.0.1:PORT
        customers   id -> record as stored (id, name, email, phone, metadata,
                    created_at, updated_at); phone always text as it came
        payments    list of payment rows as they are answered
        log         list of `Seen`, in order of arrival
        count(method="", path="", query="")   how many of the log: path equal or, with
                    a trailing `*`, beginning so; `query` contained
        operations()   Counter of list, search, get, create, update, delete, payments,
                    other

    Options:
        customers=()        records to begin with; `id` and dates are made where absent
        payments=()         rows to begin with, answered as they are
        update="both"       "put", "post", "both": the others answer 405 with Allow
        create_code=201     and ok_code=200 for get, update, delete (202: odd); lists
                            are always 200
        code_text=False     body `code` as text
        message=True        False: bodies without `message`
        phone="plus"        "plus" as stored, "digits", "integer"
        empty_metadata={}   what stands for no metadata: {}, [] or None
        list_metadata=True  False: list rows hold id, name, email, phone, created_at
        object_key="customer"   or "data", "object", None (fields in the root)
        list_key="items"    key of both lists
        payments_key="payments" key of /customers/ID/payments
        counts=True         False: lists without totals, last_page, current_page
        order="newest"      or "oldest" first
        search="partial"    or "exact", or "none" (parameter ignored: all rows)
        search_phone="any"  written form a search finds: "plus", "digits", "any"
        search_lag=0.0      seconds until a written customer is found by search
        duplicates=None     409 or 422 for a second customer with e-mail or phone
        bad_phone=None      422 or 500 for a phone that is not E.164
        has_payments=True   False: /payments is 404
        iso_dates=False     True: date filters that are plain dates get 422
        root=True           False: GET / is 404
        merchant="Odd Shop"
        env="test"          what GET / says of the key
        keys_refused=()     keys that get 401
        rate=None           (requests, seconds): fixed window from its first request,
                            over all keys
        rate_headers=True   X-RateLimit-* on every answer (else on none)
        retry_after=True    Retry-After on 429 (whole seconds)
        faults={}           name -> rate; at most one meets a request:
                            commit_drop, commit_500, commit_502html, commit_503,
                            commit_hang, commit_truncate, drop, hang, 429, 500, 502html,
                            503, truncate
        faults_on=("create",)   operations that faults meet, or ("all",)
        drift={}            "insert" / "delete" -> rate: the first row of a list of
                            customers or payments comes or goes before it is read
        seed=0              of faults and drift: drawn from seed, request and attempt,
                            so that the order of arrival does not matter
        delay=0.0           seconds before each answer
        hang=30.0           seconds of a hang before the connection is closed
        port=0
    """

    def __init__(
        self,
        *,
        customers=(),
        payments=(),
        update="both",
        create_code=201,
        ok_code=200,
        code_text=False,
        message=True,
        phone="plus",
        empty_metadata=None,
        list_metadata=True,
        object_key="customer",
        list_key="items",
        payments_key="payments",
        counts=True,
        order="newest",
        search="partial",
        search_phone="any",
        search_lag=0.0,
        duplicates=None,
        bad_phone=None,
        has_payments=True,
        iso_dates=False,
        root=True,
        merchant="Odd Shop",
        env="test",
        keys_refused=(),
        rate=None,
        rate_headers=True,
        retry_after=True,
        faults=None,
        faults_on=("create",),
        drift=None,
        seed=0,
        delay=0.0,
        hang=30.0,
        port=0,
        **unknown,
    ):
        assert not unknown, f"no such option: {', '.join(unknown)}"
        given = dict(locals())
        for name in ("self", "unknown", "customers", "payments", "faults", "drift"):
            del given[name]
        self.o = type("Options", (), given)
        self.o.faults = faults or {}
        self.o.drift = drift or {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.payments: list[dict[str, Any]] = [dict(p) for p in payments]
        self.log: list[Seen] = []
        self._changed: dict[str, float] = {}
        self._blobs: dict[str, str] = {}
        self._attempts: Counter[str] = Counter()
        self._made = 0
        self._window = [0.0, 0]
        for record in customers:
            self._store(record)
        self._changed.clear()

    # -- life

    def __enter__(self):
        self._socket = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self.o.port))
        self._socket.listen(1024)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._links: set[Link] = set()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def _run(self, started):
        self._stop = asyncio.Event()

        async def life():
            server = await self._loop.create_server(
                lambda: Link(self), sock=self._socket
            )
            started.set()
            await self._stop.wait()
            server.close()
            for link in list(self._links):
                link.transport.abort()
            await asyncio.sleep(0)

        self._loop.run_until_complete(life())
        self._loop.close()

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    # -- looking inside

    def count(self, method="", path="", query=""):
        def fits(seen):
            place = (
                seen.path.startswith(path[:-1])
                if path.endswith("*")
                else seen.path == path
            )
            return (
                method in ("", seen.method)
                and (not path or place)
                and query in seen.query
            )

        return sum(map(fits, self.log))

    def operations(self):
        return Counter(operation(s.method, s.path, s.query) for s in self.log)

    # -- what a request does

    def answer(self, method, target, headers, body):
        """Return (status, headers, body bytes, fault) for one request."""
        parts = urlsplit(target)
        path, query = unquote(parts.path), parts.query
        what = operation(method, path, query)
        extra, refused = self._gate(headers)
        if refused:
            status, told = refused
            return self._finish(method, path, query, status, extra, told, "")
        fault = self._draw(what, method, path, query, body)
        if fault and not fault.startswith("commit_") and fault != "truncate":
            return self._fail(method, path, query, extra, fault)
        if what in ("list", "search", "payments"):
            self._drift(what, path, query)
        try:
            status, told, more = self._route(method, path, parse_qs(query), body)
        except RefusedError as no:
            status, told, more = (
                no.status,
                self._error(no.status, no.errors),
                no.headers,
            )
        if fault in ("commit_500", "commit_503", "commit_502html"):
            return self._fail(method, path, query, extra, fault)
        return self._finish(method, path, query, status, {**extra, **more}, told, fault)

    def _finish(self, method, path, query, status, headers, told, fault):
        gone = fault in ("commit_drop", "commit_hang", "drop", "hang")
        self.log.append(
            Seen(time.monotonic(), method, path, query, 0 if gone else status, fault)
        )
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        return status, headers, data, fault

    def _fail(self, method, path, query, headers, fault):
        name = fault.removeprefix("commit_")
        if name in ("drop", "hang"):
            return self._finish(method, path, query, 0, headers, b"", fault)
        status = int(name[:3])
        told = (
            b"<html><body>502 Bad Gateway</body></html>"
            if "html" in name
            else self._error(status)
        )
        if status == 429 and self.o.retry_after:
            headers = {**headers, "Retry-After": "1"}
        if "html" in name:
            headers = {**headers, "Content-Type": "text/html"}
        return self._finish(method, path, query, status, headers, told, fault)

    def _gate(self, headers):
        key = headers.get("authorization", "")
        if not key or key.startswith("Bearer ") or key in self.o.keys_refused:
            return {}, (401, self._error(401))
        if not self.o.rate:
            return {}, None
        limit, seconds = self.o.rate
        now = time.time()
        if now >= self._window[0] + seconds:
            self._window[:] = [now, 0]
        allowed = self._window[1] < limit
        self._window[1] += allowed
        ends = self._window[0] + seconds
        told = {}
        if self.o.rate_headers:
            told["X-RateLimit-Limit"] = str(limit)
            told["X-RateLimit-Remaining"] = str(limit - self._window[1])
            told["X-RateLimit-Reset"] = str(-int(-ends // 1))
        if not allowed and self.o.retry_after:
            told["Retry-After"] = str(max(1, -int(-(ends - now) // 1)))
        return told, None if allowed else (429, self._error(429))

    def _draw(self, what, method, path, query, body):
        if not self.o.faults or not {"all", what} & set(self.o.faults_on):
            return ""
        key = f"{method} {path}?{query}"
        if what == "create":
            try:
                said = json.loads(body)
                key = (
                    f"create {said.get('email')} {said.get('phone')} {said.get('name')}"
                )
            except (ValueError, AttributeError):
                pass
        self._attempts[key] += 1
        point = random.Random(f"{self.o.seed}/{key}/{self._attempts[key]}").random()
        for name, rate in self.o.faults.items():
            if point < rate:
                return name
            point -= rate
        return ""

    def _drift(self, what, path, query):
        for name, rate in self.o.drift.items():
            self._attempts[f"{name} {path}"] += 1
            n = self._attempts[f"{name} {path}"]
            if (
                random.Random(f"{self.o.seed}/{name}/{path}?{query}/{n}").random()
                >= rate
            ):
                continue
            if what == "payments":
                self._drift_payments(name, n)
            elif name == "insert":
                self._store({"email": f"walk-in.{n}@example.net"})
            elif self.customers:
                newest = self.o.order == "newest"
                gone = next(
                    reversed(self.customers) if newest else iter(self.customers)
                )
                self._forget(gone)

    def _drift_payments(self, name, n):
        if name == "insert":
            self.payments.append(
                {"reference": f"trx.drift{n:012d}", "amount": 500, "currency": "XAF", "status": "complete",
                 "customer": None, "created_at": "2026-01-31T23:30:00.000000Z"}
            )  # fmt: skip
        elif self.payments:
            self.payments.pop(-1 if self.o.order == "newest" else 0)

    # -- routes

    def _route(self, method, path, query, body):
        match path.strip("/").split("/"):
            case [""] if self.o.root:
                self._allow(method, "GET")
                told = {
                    "env": self.o.env,
                    "greeting": "Hello from Notch Pay",
                    "merchant": self.o.merchant,
                }
                return 200, {**self._head(200, "Welcome"), **told}, {}
            case ["customers"]:
                self._allow(method, "GET", "POST")
                return self._create(body) if method == "POST" else self._list(query)
            case ["customers", one]:
                ways = {"both": ("POST", "PUT"), "post": ("POST",), "put": ("PUT",)}[
                    self.o.update
                ]
                self._allow(method, "GET", "DELETE", *ways)
                return self._one(method, self._known(one), body)
            case ["customers", one, "payments"]:
                self._allow(method, "GET")
                return self._pay(query, self._known(one)["id"], self.o.payments_key)
            case ["payments"] if self.o.has_payments:
                self._allow(method, "GET")
                return self._pay(query, None, self.o.list_key)
        raise RefusedError(404)

    def _allow(self, method, *ways):
        if method not in ways:
            raise RefusedError(405, headers={"Allow": ", ".join(ways)})

    def _known(self, one):
        if one not in self.customers:
            raise RefusedError(404)
        return self.customers[one]

    def _create(self, body):
        said = self._body(body)
        if not (said.get("email") or said.get("phone")):
            raise RefusedError(422, {"email": ["required without phone"]})
        self._check(said, None)
        record = self._store(said)
        return (
            self.o.create_code,
            self._single(self.o.create_code, "Customer created", record),
            {},
        )

    def _one(self, method, record, body):
        code = self.o.ok_code
        if method == "GET":
            return code, self._single(code, "Customer retrieved", record), {}
        if method == "DELETE":
            self._forget(record["id"])
            return code, self._head(code, "Customer deleted"), {}
        said = self._body(body)
        if not said:
            raise RefusedError(422, {"body": ["empty"]})
        self._check(said, record["id"])
        known = ("name", "email", "phone", "metadata")
        record.update({k: said[k] for k in known if k in said}, updated_at=_now())
        self._noted(record)
        return code, self._single(code, "Customer updated", record), {}

    def _body(self, body):
        try:
            said = json.loads(body)
        except ValueError:
            raise RefusedError(400) from None
        if not isinstance(said, dict):
            raise RefusedError(400)
        return said

    def _check(self, said, but):
        phone = said.get("phone")
        if (
            phone
            and self.o.bad_phone
            and not re.fullmatch(r"\+[1-9]\d{6,14}", str(phone))
        ):
            raise RefusedError(
                self.o.bad_phone,
                {"phone": ["bad"]} if self.o.bad_phone == 422 else None,
            )
        if not self.o.duplicates:
            return
        for name in ("email", "phone"):
            if said.get(name) and any(
                _key(said[name]) == _key(c.get(name)) and c["id"] != but
                for c in self.customers.values()
            ):
                errors = {name: ["taken"]} if self.o.duplicates == 422 else None
                raise RefusedError(self.o.duplicates, errors)

    def _list(self, query):
        rows = self.customers
        asked = query.get("search", [""])[0].strip().lower()
        if asked and self.o.search != "none":
            rows = {i: self.customers[i] for i in self._hits(asked)}
        total = len(rows)
        limit, page = self._asked(query)
        ids = reversed(rows) if self.o.order == "newest" else iter(rows)
        picked = islice(ids, (page - 1) * limit, page * limit)
        shown = [self._shown(rows[i], listed=True) for i in picked]
        return (
            200,
            self._page(
                "Customers retrieved", self.o.list_key, shown, total, limit, page
            ),
            {},
        )

    def _hits(self, asked):
        now = time.monotonic()
        for i, blob in list(self._blobs.items()):
            if now - self._changed.get(i, -1e9) < self.o.search_lag:
                continue
            if (
                asked in blob
                if self.o.search == "partial"
                else asked in blob.split("\n")
            ):
                yield i

    def _pay(self, query, owner, key):
        rows = self.payments
        if owner is not None:
            rows = [p for p in rows if _owner(p) == owner]
        if status := query.get("status"):
            rows = [p for p in rows if p["status"] == status[0]]
        for name, keep in (
            ("date_start", lambda a, b: a >= b),
            ("date_end", lambda a, b: a <= b),
        ):
            if name in query and owner is None:
                edge = query[name][0]
                if self.o.iso_dates and "T" not in edge:
                    raise RefusedError(422, {name: ["not a date-time"]})
                rows = [p for p in rows if keep(p["created_at"][: len(edge)], edge)]
        limit, page = self._asked(query)
        total, start = len(rows), (page - 1) * limit
        if self.o.order == "newest":
            end = max(0, total - start)
            rows = rows[max(0, end - limit) : end][::-1]
        else:
            rows = rows[start : start + limit]
        return 200, self._page("Payments retrieved", key, rows, total, limit, page), {}

    def _asked(self, query):
        try:
            limit, page = (
                int(query.get("limit", ["30"])[0]),
                int(query.get("page", ["1"])[0]),
            )
        except ValueError:
            raise RefusedError(422, {"limit": ["not a number"]}) from None
        if limit < 1 or page < 1:
            raise RefusedError(422, {"page": ["from 1"]})
        return min(limit, 100), page

    # -- shapes

    def _head(self, status, message):
        head = {
            "code": str(status) if self.o.code_text else status,
            "status": REASONS[status],
        }
        return {**head, "message": message} if self.o.message else head

    def _error(self, status, errors=None):
        head = self._head(status, "refused")
        return {**head, "errors": errors} if errors else head

    def _page(self, message, key, rows, total, limit, page):
        head = self._head(200, message)
        if self.o.counts:
            head |= {"totals": total, "last_page": max(1, -(-total // limit)),
                     "current_page": page, "selected": len(rows)}  # fmt: skip
        return {**head, key: rows}

    def _single(self, status, message, record):
        shown = self._shown(record)
        head = self._head(status, message)
        return (
            {**shown, **head}
            if self.o.object_key is None
            else {**head, self.o.object_key: shown}
        )

    def _shown(self, record, listed=False):
        shown = dict(record)
        phone = shown.get("phone")
        if phone is not None and self.o.phone != "plus":
            digits = str(phone).removeprefix("+")
            shown["phone"] = (
                int(digits)
                if self.o.phone == "integer" and digits.isdigit()
                else digits
            )
        if not shown.get("metadata"):
            shown["metadata"] = (
                {} if self.o.empty_metadata is None else self.o.empty_metadata
            )
        if listed and not self.o.list_metadata:
            shown = {
                k: shown.get(k) for k in ("id", "name", "email", "phone", "created_at")
            }
        return shown

    # -- rows

    def _store(self, said):
        self._made += 1
        record = {
            "id": said.get("id") or f"cus.odd{self._made:08d}",
            "name": said.get("name"),
            "email": said.get("email"),
            "phone": said.get("phone"),
            "metadata": said.get("metadata") or {},
            "created_at": said.get("created_at") or _now(),
            "updated_at": said.get("updated_at") or _now(),
        }
        record |= {k: v for k, v in said.items() if k not in record}
        self.customers[record["id"]] = record
        self._noted(record)
        return record

    def _noted(self, record):
        self._changed[record["id"]] = time.monotonic()
        phone = str(record.get("phone") or "")
        digits = re.sub(r"\D", "", phone)
        forms = {
            "plus": ["+" + digits],
            "digits": [digits],
            "any": [phone, "+" + digits, digits, digits[-9:]],
        }
        words = [
            record.get("name"),
            record.get("email"),
            *(forms[self.o.search_phone] if digits else []),
        ]
        self._blobs[record["id"]] = "\n".join(w.lower() for w in words if w)

    def _forget(self, one):
        for place in (self.customers, self._blobs):
            del place[one]
        self._changed.pop(one, None)


class RefusedError(Exception):
    def __init__(self, status, errors=None, headers=None):
        super().__init__(status)
        self.status, self.errors, self.headers = status, errors, headers or {}


class Link(asyncio.Protocol):
    """One connection: reads requests, writes answers, one at a time."""

    def __init__(self, server):
        self.server, self.data = server, b""

    def connection_made(self, transport):
        self.transport = transport
        self.server._links.add(self)

    def connection_lost(self, exc):
        self.server._links.discard(self)

    def data_received(self, data):
        self.data += data
        while True:
            head, mark, rest = self.data.partition(b"\r\n\r\n")
            if not mark:
                return
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self.data = rest[length:]
            method, target, _ = first.split(" ", 2)
            self._answer(method, target, headers, rest[:length])

    def _answer(self, method, target, headers, body):
        status, told, data, fault = self.server.answer(method, target, headers, body)
        delay = self.server.o.delay
        if fault.endswith("hang"):
            self._later(self.server.o.hang, self.transport.abort)
        elif fault.endswith("drop"):
            self.transport.abort()
        elif delay:
            self._later(delay, lambda: self._write(method, status, told, data, fault))
        else:
            self._write(method, status, told, data, fault)

    def _later(self, seconds, action):
        self.server._loop.call_later(seconds, action)

    def _write(self, method, status, headers, data, fault):
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Odd')}"]
        headers = {
            "Content-Type": "application/json",
            **headers,
            "Content-Length": len(data),
        }
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        if fault.endswith("truncate"):
            self.transport.write(head + data[: len(data) // 2])
            self.transport.close()
        else:
            self.transport.write(head + (b"" if method == "HEAD" else data))


def operation(method, path, query):
    match path.strip("/").split("/"):
        case ["customers"]:
            return (
                "create"
                if method == "POST"
                else "search"
                if "search=" in query
                else "list"
            )
        case ["customers", _]:
            return {"GET": "get", "DELETE": "delete"}.get(method, "update")
        case ["payments"] | ["customers", _, "payments"]:
            return "payments"
    return "other"


def _key(value):
    text = str(value or "").strip().lower()
    return text if "@" in text else re.sub(r"\D", "", text)


def _owner(payment):
    owner = payment.get("customer")
    return owner.get("id") if isinstance(owner, dict) else owner


def _now():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
