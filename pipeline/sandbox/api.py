"""The endpoints of the API, over the store; what goes wrong on purpose is elsewhere."""

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox import inputs, shapes
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.exchange import Reply
from pipeline.sandbox.inputs import Refusal
from pipeline.sandbox.rows import CustomerRow
from pipeline.sandbox.store import Store

MERCHANT = "Sandbox Shop"
_TEST_KEY = re.compile(r"^sb\.|(^|[._-])test([._-]|$)")
_CODES = {
    # get, update, delete, block
    "mix": (200, 200, 202, 202),
    "ok": (200, 200, 200, 200),
    "oas": (202, 202, 202, 202),
}
_UPDATES = {"both": ("POST", "PUT"), "post": ("POST",), "put": ("PUT",)}


class Api:
    """One method an endpoint."""

    def __init__(self, store: Store, dialect: Dialect) -> None:
        self._store = store
        self._dialect = dialect
        codes = _CODES[dialect.success]
        self._get_code, self._update_code, self._delete_code, self._block_code = codes

    def routes(self) -> list[Route]:
        """Return the routes that the dialect has."""
        said, one = self._dialect, "/customers/{id}"
        methods = ["GET", *_UPDATES[said.update], "DELETE"]
        routes = [
            Route("/customers", self.customers, methods=["GET", "POST"]),
            Route(one, self.customer, methods=methods),
            Route(f"{one}/payments", self.customer_payments),
            Route(f"{one}/payment_methods", self.payment_methods),
        ]
        if said.block != "absent":
            way = [said.block.upper()]
            routes += [
                Route(f"{one}/block", self.block, methods=way),
                Route(f"{one}/unblock", self.unblock, methods=way),
            ]
        if said.payments == "present":
            routes.append(Route("/payments", self.payments))
            routes.append(Route("/payments/{reference}", self.payment))
        if said.root == "present":
            routes.append(Route("/", self.hello))
        return routes

    async def hello(self, request: Request) -> Response:
        """Tell whose key this is."""
        key = request.headers.get("authorization", "")
        body = shapes.envelope(200, "Welcome to the Notch Pay API", self._dialect)
        body |= {
            "env": "test" if _TEST_KEY.search(key) else "live",
            "greeting": "Hello from Notch Pay",
            "merchant": MERCHANT,
        }
        return answered(200, body)

    async def customers(self, request: Request) -> Response:
        """List and search, or create."""
        if request.method == "POST":
            return self._create(await request.body())
        asked = inputs.window(request.query_params, self._dialect)
        search = request.query_params.get("search", "").strip()
        total, rows = self._store.customer_page(
            *((asked.limit, asked.offset) if asked else (0, 0)), search=search
        )
        shown = [shapes.customer(r, self._dialect, listed=True) for r in rows]
        return self._page("Customers retrieved", "items", shown, asked, total)

    def _create(self, body: bytes) -> Response:
        fields = inputs.new_customer(body, self._dialect)
        self._refuse_twin(fields)
        row = self._store.add_customer(fields)
        return self._single(201, "Customer created successfully", row)

    async def customer(self, request: Request) -> Response:
        """Retrieve, update or delete."""
        row = self._known(request)
        if request.method in ("GET", "HEAD"):
            return self._single(self._get_code, "Customer retrieved", row)
        if request.method == "DELETE":
            return self._delete(row)
        fields = inputs.customer_patch(await request.body(), self._dialect)
        left = {"email": row.email, "phone": row.phone} | fields
        if not (left["email"] or left["phone"]):
            text = "An email or a phone is required."
            raise inputs.invalid({"email": [text], "phone": [text]})
        self._refuse_twin(fields, but=row.id)
        row = self._store.update_customer(row, fields)
        return self._single(self._update_code, "Customer updated successfully", row)

    def _delete(self, row: CustomerRow) -> Response:
        self._store.delete_customer(row)
        code = self._delete_code
        body = shapes.envelope(code, "Customer deleted successfully", self._dialect)
        if self._dialect.delete_body == "customer":
            body["customer"] = []
        return answered(code, body)

    async def block(self, request: Request) -> Response:
        """Block a customer."""
        row = self._store.block_customer(self._known(request), blocked=True)
        return self._single(self._block_code, "Customer blocked successfully", row)

    async def unblock(self, request: Request) -> Response:
        """Take a block back."""
        row = self._store.block_customer(self._known(request), blocked=False)
        return self._single(self._block_code, "Customer unblocked successfully", row)

    async def payment_methods(self, request: Request) -> Response:
        """List the payment methods of a customer, one for a phone."""
        row = self._known(request)
        body = shapes.envelope(200, "Payment methods retrieved", self._dialect)
        return answered(200, body | {"items": shapes.methods(row, self._dialect)})

    async def customer_payments(self, request: Request) -> Response:
        """List the payments of a customer."""
        row = self._known(request)
        where, values = "customer = ?", [row.id]
        if status := request.query_params.get("status"):
            where, values = f"{where} AND status = ?", [row.id, status]
        return self._payments(
            request, where, tuple(values), "Customer payments retrieved"
        )

    async def payments(self, request: Request) -> Response:
        """List all payments."""
        where, values = inputs.payment_filter(request.query_params, self._dialect)
        return self._payments(request, where, values, "Payments retrieved")

    async def payment(self, request: Request) -> Response:
        """Retrieve one payment by its reference."""
        reference = request.path_params["reference"]
        _, rows = self._store.payment_page(1, 0, "reference = ?", (reference,))
        if not rows:
            raise Refusal(404, "Payment not found")
        body = shapes.envelope(self._get_code, "Transaction retrieved", self._dialect)
        shown = shapes.payment(rows[0], self._dialect)
        return answered(self._get_code, body | {"transaction": shown})

    def _payments(
        self, request: Request, where: str, values: tuple[Any, ...], message: str
    ) -> Response:
        asked = inputs.window(request.query_params, self._dialect)
        limit, offset = (asked.limit, asked.offset) if asked else (0, 0)
        total, rows = self._store.payment_page(limit, offset, where, values)
        shown = [shapes.payment(row, self._dialect) for row in rows]
        mine = request.url.path != "/payments"
        key = self._dialect.payments_key if mine else "items"
        return self._page(message, key, shown, asked, total)

    def _page(
        self,
        message: str,
        key: str,
        rows: list[shapes.Body],
        asked: inputs.Window | None,
        total: int,
    ) -> Response:
        asked = asked or inputs.Window(inputs.DEFAULT_LIMIT, 0)
        counts = (total, asked.limit, asked.number)
        return answered(200, shapes.page(message, key, rows, counts, self._dialect))

    def _single(self, code: int, message: str, row: CustomerRow) -> Response:
        return answered(code, shapes.single(code, message, row, self._dialect))

    def _known(self, request: Request) -> CustomerRow:
        row = self._store.customer(request.path_params["id"])
        if row is None:
            raise Refusal(404, "Customer not found")
        return row

    def _refuse_twin(self, fields: Mapping[str, Any], but: str | None = None) -> None:
        if self._dialect.duplicates == "allow":
            return
        name = self._store.twin_field(fields, but=but)
        if name and self._dialect.duplicates == "409":
            raise Refusal(409, f"A customer with this {name} already exists")
        if name:
            raise inputs.invalid({name: [f"The {name} has already been taken."]})


def answered(code: int, body: shapes.Body) -> Response:
    """Return `body` as a JSON answer."""
    reply = Reply.of(code, body)
    return Response(reply.body, code, media_type="application/json")
