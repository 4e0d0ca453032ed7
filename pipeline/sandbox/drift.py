"""Rows that come and go between two pages of a list."""

from collections.abc import Callable

from pipeline.sandbox.faults import Draw
from pipeline.sandbox.rows import PaymentRow, token
from pipeline.sandbox.store import Store


def drift(store: Store) -> Callable[[str, Draw], None]:
    """Return what moves the list that a request is about to read.

    A customer comes as one whom a payment created, with an address only. The row that
    goes is the first of the list, so that a reader by offset skips one.
    """

    def move(operation: str, draw: Draw) -> None:
        payments = operation == "payments"
        if draw.delete:
            (_delete_payment if payments else _delete_customer)(store)
        if draw.insert:
            (_insert_payment if payments else _insert_customer)(store)

    return move


def _insert_customer(store: Store) -> None:
    name = token(f"walk-in|{store.customer_total}", 8).lower()
    store.add_customer({"email": f"walk-in.{name}@example.net"})


def _delete_customer(store: Store) -> None:
    _, rows = store.customer_page(1, 0)
    for row in rows:
        store.delete_customer(row)


def _insert_payment(store: Store) -> None:
    number = store.next_payment
    moment = 1_767_225_600_000_000 + number * 1_000_000
    store.add_payment(
        PaymentRow(
            seq=number,
            reference=f"trx.test_{token(f'drift|{number}', 24)}",
            merchant_reference=f"walk-in-{number}",
            customer=None,
            amount=500,
            fee=10,
            currency="XAF",
            status="complete",
            channel="cm.mtn",
            charge="business",
            description=None,
            sandbox=0,
            created_us=moment,
            completed_us=moment,
        )
    )


def _delete_payment(store: Store) -> None:
    _, rows = store.payment_page(1, 0)
    for row in rows:
        store.delete_payment(row.reference)
