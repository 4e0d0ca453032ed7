"""Arrow schemas of a reconciliation and the closed lists of its results."""

from types import MappingProxyType

import pyarrow as pa

from schemas.exports import INSTANT, MONEY

_TEXT = pa.string()

EQUAL = "equal"
CHANGED = "changed"
MISSING = "missing"
EXTRA = "extra"
OF_CUSTOMERS = (CHANGED, MISSING, EXTRA, EQUAL)
"""What a claim of past imports comes to; differences first."""

MATCHED = "matched"
AMOUNT_DIFFERS = "amount_differs"
STATUS_DIFFERS = "status_differs"
ONLY_MINE = "only_mine"
ONLY_NOTCH_PAY = "only_notch_pay"
OF_PAYMENTS = (AMOUNT_DIFFERS, STATUS_DIFFERS, ONLY_MINE, ONLY_NOTCH_PAY, MATCHED)
"""What a line of the controller's list, or a payment, comes to; differences first."""

AGREEING = frozenset((EQUAL, EXTRA, MATCHED))
"""Results that are no difference: an extra customer is one that no import wrote."""

CUSTOMERS = pa.schema(
    [
        ("result", _TEXT),
        ("customer_id", _TEXT),
        ("field", _TEXT),
        ("written", _TEXT),
        ("found", _TEXT),
        ("run_id", _TEXT),
        ("row", pa.int64()),
        ("note", _TEXT),
    ]
)
"""One line a customer and field that an import wrote, and one an extra customer.
`written` is what run `run_id` wrote last, from row `row` of its file; `found` is what
the export holds. `note` is `no_such_customer` where the whole customer is missing."""

PAYMENTS = pa.schema(
    [
        ("result", _TEXT),
        ("line", pa.int64()),
        ("my_reference", _TEXT),
        ("reference", _TEXT),
        ("merchant_reference", _TEXT),
        ("my_amount", MONEY),
        ("amount", MONEY),
        ("difference", MONEY),
        ("currency", _TEXT),
        ("my_status", _TEXT),
        ("status", _TEXT),
        ("status_group", _TEXT),
        ("created_at", INSTANT),
        ("note", _TEXT),
    ]
)
"""One line a line of the list, and one a payment that the list lacks. `difference` is
`my_amount` minus `amount`. `note` says more: `amount_unreadable`, `listed_twice`,
`other_month`, `sandbox`, `equals_amount_total`, `equals_net_amount`, `status_too`."""

TABLES = MappingProxyType({"customers": CUSTOMERS, "payments": PAYMENTS})
RESULTS = MappingProxyType({"customers": OF_CUSTOMERS, "payments": OF_PAYMENTS})
