"""Rows to put into a sandbox."""

from pipeline.sandbox.rows import PaymentRow


def payment(number, **more):
    row = PaymentRow(
        seq=0, reference=f"trx.test_{number}", merchant_reference=f"order-{number}",
        customer=None, amount=1000, fee=20, currency="XAF", status="complete",
        channel="cm.mtn", charge="business", description=None, sandbox=0,
        created_us=1_767_225_600_000_000 + number * 1_000_000, completed_us=None,
    )  # fmt: skip
    return row._replace(**more)
