"""The sandbox's customers and payments in SQLite."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.sandbox.database import bulk, connect
from pipeline.sandbox.dialect import Dialect
from pipeline.sandbox.paging import Pager
from pipeline.sandbox.rows import (
    CustomerRow,
    PaymentRow,
    email_key,
    phone_key,
    token,
)
from pipeline.sandbox.search import SearchIndex


class Store:
    """Customers and payments; every method is one transaction and thread-safe.

    Args:
        path: A database file that stays, or None for one in memory.
        dialect: Decides ids, list order and what a search sees.
        seed: Ids follow from it and from the number of the row.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        path: Path | None = None,
        dialect: Dialect | None = None,
        *,
        seed: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._dialect = dialect or Dialect()
        self._seed = seed
        self._clock = clock
        self._lock = threading.RLock()
        self._con = connect(path)
        newest = self._dialect.order == "newest"
        self._customers = Pager(self._con, "customers", newest_first=newest)
        self._payments = Pager(self._con, "payments", newest_first=newest)
        self._search = SearchIndex(self._con, self._dialect, clock)
        self._search.rebuild()
        self._last = self._highest("customers")

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._con.close()

    # -- customers

    @property
    def customer_total(self) -> int:
        """How many customers there are."""
        return int(self._customers.total)

    def customers(self) -> list[CustomerRow]:
        """Return every customer, oldest first."""
        with self._lock:
            rows = self._con.execute("SELECT * FROM customers ORDER BY seq")
            return [CustomerRow._make(row) for row in rows]

    def customer_ids(self) -> list[str]:
        """Return the id of every customer, oldest first."""
        with self._lock:
            rows = self._con.execute("SELECT id FROM customers ORDER BY seq")
            return [customer_id for (customer_id,) in rows]

    def customer(self, customer_id: str) -> CustomerRow | None:
        """Return one customer, or None where nobody has that id."""
        with self._lock:
            found = self._con.execute(
                "SELECT * FROM customers WHERE id = ?", (customer_id,)
            ).fetchone()
        return CustomerRow._make(found) if found else None

    def add_customer(self, fields: Mapping[str, Any]) -> CustomerRow:
        """Store a new customer with these (checked) fields."""
        with self._lock:
            row = self.customer_row(self._last + 1, fields, self._now_us())
            self._insert_customers([row])
            self._customers.added(row.seq)
            self._search.changed(row.seq)
        return row

    def add_customers(self, rows: Iterable[CustomerRow]) -> None:
        """Store many customers that `customer_row` made, quickly, found at once."""
        with self._lock:
            with bulk(self._con, "customers"):
                self._insert_customers(rows)
            self._last = self._highest("customers")
            self._customers.refresh()
            self._search.rebuild()

    def customer_row(
        self, seq: int, fields: Mapping[str, Any], created_us: int
    ) -> CustomerRow:
        """Return the customer number `seq`, as it would be stored."""
        known = {k: v for k, v in fields.items() if v is not None}
        email, phone = known.get("email"), known.get("phone")
        if email and self._dialect.email == "lower":
            email = email.lower()
        special = ("name", "email", "phone", "metadata")
        return CustomerRow(
            seq=seq,
            id=self.customer_id(seq),
            name=known.get("name"),
            email=email,
            phone=phone,
            metadata=_json(known.get("metadata") or {}),
            more=_json({k: v for k, v in known.items() if k not in special}),
            blocked=0,
            created_us=created_us,
            updated_us=created_us,
            email_key=email_key(email),
            phone_key=phone_key(phone),
        )

    def update_customer(
        self, row: CustomerRow, fields: Mapping[str, Any]
    ) -> CustomerRow:
        """Write these fields over `row`; metadata is replaced, null empties a field."""
        old = {"name": row.name, "email": row.email, "phone": row.phone}
        old |= {"metadata": json.loads(row.metadata), **json.loads(row.more)}
        new = self.customer_row(row.seq, {**old, **fields}, row.created_us)
        new = new._replace(
            id=row.id, blocked=row.blocked, updated_us=self._later(row.updated_us)
        )
        return self._rewrite(new)

    def block_customer(self, row: CustomerRow, *, blocked: bool) -> CustomerRow:
        """Mark `row` as blocked or not."""
        return self._rewrite(row._replace(blocked=int(blocked)))

    def delete_customer(self, row: CustomerRow) -> None:
        """Delete `row`; its payments stay."""
        with self._lock:
            self._con.execute("DELETE FROM customers WHERE seq = ?", (row.seq,))
            self._customers.removed()
            self._search.changed(row.seq)

    def twin_field(
        self, fields: Mapping[str, Any], *, but: str | None = None
    ) -> str | None:
        """Return `email` or `phone` where another customer than `but` has it."""
        keys = {
            "email": email_key(fields.get("email")),
            "phone": phone_key(fields.get("phone")),
        }
        for name, key in keys.items():
            query = f"SELECT 1 FROM customers WHERE {name}_key = ? AND id IS NOT ?"
            with self._lock:
                if key and self._con.execute(query, (key, but)).fetchone():
                    return name
        return None

    def customer_page(
        self, limit: int, offset: int, search: str = ""
    ) -> tuple[int, list[CustomerRow]]:
        """Return how many customers match, and one page of them in list order."""
        with self._lock:
            if not search:
                total = self._customers.total
                rows = self._customers.page(limit, offset)
            else:
                total, rows = self._found(search, limit, offset)
        return total, [CustomerRow._make(row) for row in rows]

    def _found(
        self, search: str, limit: int, offset: int
    ) -> tuple[int, list[tuple[Any, ...]]]:
        seqs = sorted(
            self._search.find(search), reverse=self._dialect.order == "newest"
        )
        return len(seqs), self._customers.picked(seqs[offset : offset + limit])

    def _insert_customers(self, rows: Iterable[CustomerRow]) -> None:
        self._con.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._noting(rows),
        )

    def _noting(self, rows: Iterable[CustomerRow]) -> Iterable[CustomerRow]:
        for row in rows:
            self._last = row.seq
            yield row

    def _rewrite(self, row: CustomerRow) -> CustomerRow:
        with self._lock:
            self._con.execute(
                "UPDATE customers SET name = ?, email = ?, phone = ?, metadata = ?,"
                " more = ?, blocked = ?, updated_us = ?, email_key = ?, phone_key = ?"
                " WHERE seq = ?",
                (*row[2:8], row.updated_us, row.email_key, row.phone_key, row.seq),
            )
            self._customers.changed()
            self._search.changed(row.seq)
        return row

    def customer_id(self, seq: int) -> str:
        """Return the id that customer number `seq` has."""
        if self._dialect.ids == "underscore":
            return f"cus_{token(f'{self._seed}|customer|{seq}', 9)}"
        return f"cus.test_{token(f'{self._seed}|customer|{seq}', 16)}"

    # -- payments

    @property
    def payment_total(self) -> int:
        """How many payments there are."""
        return int(self._payments.total)

    @property
    def next_payment(self) -> int:
        """The number of the next payment; no number is given twice."""
        with self._lock:
            return self._highest("payments") + 1

    def payments(self) -> list[PaymentRow]:
        """Return every payment, oldest first."""
        with self._lock:
            rows = self._con.execute("SELECT * FROM payments ORDER BY seq")
            return [PaymentRow._make(row) for row in rows]

    def add_payments(self, rows: Iterable[PaymentRow]) -> None:
        """Store many payments, quickly."""
        with self._lock:
            with bulk(self._con, "payments"):
                self._insert_payments(rows)
            self._payments.refresh()

    def add_payment(self, row: PaymentRow) -> None:
        """Store one payment."""
        with self._lock:
            self._insert_payments([row])
            self._payments.added(row.seq)

    def _insert_payments(self, rows: Iterable[PaymentRow]) -> None:
        self._con.executemany(
            "INSERT INTO payments VALUES"
            " (nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def delete_payment(self, reference: str) -> None:
        """Delete one payment, as no API call can; only lists that drift need it."""
        with self._lock:
            self._con.execute("DELETE FROM payments WHERE reference = ?", (reference,))
            self._payments.removed()

    def payment_page(
        self, limit: int, offset: int, where: str = "", values: tuple[Any, ...] = ()
    ) -> tuple[int, list[PaymentRow]]:
        """Return how many payments match `where` (our SQL), and one page of them."""
        with self._lock:
            if where:
                total, rows = self._payments.matching(where, values, limit, offset)
            else:
                total = self._payments.total
                rows = self._payments.page(limit, offset)
        return total, [PaymentRow._make(row) for row in rows]

    # --

    def _now_us(self) -> int:
        return int(self._clock() * 1_000_000)

    def _later(self, than_us: int) -> int:
        return max(self._now_us(), than_us + 1)

    def _highest(self, table: str) -> int:
        found = self._con.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
        ).fetchone()
        return int(found[0]) if found else 0


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
