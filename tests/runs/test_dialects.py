"""Every documented way in which the API may speak imports and exports correctly."""

import pytest

from tests.runs.world import AWA, BEN, CLO, customers

DIALECTS = {
    "as documented": {},
    "PUT only": {"update": "put"},
    "POST only": {"update": "post"},
    "202 answers": {"create_code": 202, "ok_code": 202},
    "200 for a create": {"create_code": 200},
    "code as text": {"code_text": True},
    "no message": {"message": False},
    "phone without plus": {"phone": "digits"},
    "phone as integer": {"phone": "integer"},
    "metadata as []": {"empty_metadata": []},
    "metadata as []; list rows without": {"empty_metadata": [], "list_metadata": False},
    "list rows without metadata": {"list_metadata": False},
    "list under customers": {"list_key": "customers"},
    "list under data": {"list_key": "data"},
    "payments under items": {"payments_key": "items"},
    "object under data": {"object_key": "data"},
    "object under object": {"object_key": "object"},
    "object in the root": {"object_key": None},
    "no totals": {"counts": False},
    "oldest first": {"order": "oldest"},
    "GET / is 404": {"root": False},
    "GET /payments is 404": {"has_payments": False},
    "date filters want times": {"iso_dates": True},
    "search exact": {"search": "exact"},
    "search of digits only": {"search": "exact", "search_phone": "digits"},
    "search of plus only": {"search": "exact", "search_phone": "plus"},
    "search ignored": {"search": "none"},
    "duplicates are 409": {"duplicates": 409},
    "duplicates are 422": {"duplicates": 422},
    "bad phones are 500": {"bad_phone": 500},
    "all at once": {
        "update": "put",
        "create_code": 202,
        "ok_code": 202,
        "code_text": True,
        "message": False,
        "phone": "integer",
        "empty_metadata": [],
        "list_metadata": False,
        "object_key": "data",
        "payments_key": "payments",
        "list_key": "payments",
        "counts": False,
        "root": False,
    },
}
# One known as in the file, one in another town, one with a phone but no e-mail.
THERE = [
    *customers([AWA, (*BEN[:3], "Limbe")]),
    {"name": "Chloé Ngo", "phone": CLO[2]},
]
NEW = ("Dina Fon", "dina@example.com", "+237650000004", "Buea")
PAID = [
    {"reference": f"trx.{n:04d}", "amount": 500 + n, "currency": "XAF",
     "status": "complete", "customer": "cus.odd00000001",
     "created_at": f"2026-0{n}-15T12:00:00.000000Z"}
    for n in (1, 2, 3)
]  # fmt: skip


# Those the main job is judged by; the rest runs with the slow tests.
QUICK = (
    "PUT only", "POST only", "202 answers", "code as text", "phone as integer",
    "metadata as []", "list rows without metadata", "object under data", "no totals",
    "GET / is 404", "search ignored", "all at once",
)  # fmt: skip


@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param(dialect, marks=() if name in QUICK else pytest.mark.slow, id=name)
        for name, dialect in DIALECTS.items()
    ],
)
def test_a_dialect_imports_twice_and_exports(world, dialect):
    here = world(customers=THERE, payments=PAID, **dialect)
    first = here.bring([AWA, BEN, CLO, NEW])
    assert first.outcomes() == [
        (1, "unchanged", "R1"),
        (2, "updated", None),
        (3, "updated", None),
        (4, "created", None),
    ]
    stored = [
        (c["name"], c["email"], c["phone"], c["metadata"].get("Ville"))
        for c in here.server.customers.values()
    ]
    assert stored == [AWA, BEN, CLO, NEW]
    second = here.bring([AWA, BEN, CLO, NEW])
    assert second.rows == {"read": 4, "unchanged": 4}
    assert not {"create", "update"} & set(second.operations)
    exported = here.export()
    tables = exported.summary["export"]["manifest"]["tables"]
    assert (tables["customers"]["rows"], tables["payments"]["rows"]) == (4, 3)
    assert exported.exit_code == 0
