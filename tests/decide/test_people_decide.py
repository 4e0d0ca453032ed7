"""The decision table where people have decided, or strong ids speak."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.match.decide import Action, decide
from pipeline.match.known import Record, known
from schemas.api import Customer

E, P = "awa@example.com", "+237670000001"
E2, P2 = "other@example.com", "+237680000002"


def row(name, email=None, phone=None, **more):
    return Record(1, name, email, phone, **more)


def there(ident, name, email=None, phone=None, **metadata):
    return known(Customer(ident, name, email, phone, metadata or None), "CM")


A = there("A", "Awa Sow", E, P)
STRANGER = there("B", "Ben Fotso", E2, P2)
BORN = there("A", "Awa Sow", E, P, born="1990-02-01")
CARD = there("A", "Awa Sow", None, P2, card="AB 123")

TABLE = [
    # what it shows, the row, who is there, found otherwise, what, rule, notes
    ("called the same although the name contradicts",
     row("Zoé Zang", E, P, same_as=("A",)), [A], [], "A", "decided_same", ("decided_same",)),
    ("called the same although no contact is in common",
     row("Zoé Zang", E, P, same_as=("B",)), [A], [STRANGER], "B", "decided_same", ("decided_same",)),
    ("called another although all agrees",
     row("Awa Sow", E, P, different_from=("A",)), [A], [],
     "new", "decided_different", ("decided_different",)),
    ("called another than one of two: the other one is left",
     row("Awa Sow", E, P, different_from=("B",)), [A, there("B", "Awa Sow", E)], [],
     "A", "R1", ("decided_different",)),
    ("called the same as somebody who is gone",
     row("Awa Sow", E, P, same_as=("X",)), [], [], "hold", "deleted_in_api", ()),
    ("called both by two people",
     row("Awa Sow", E, P, same_as=("A",), different_from=("A",)), [A], [],
     "hold", "decided_conflict", ()),
    ("another birth date blocks",
     row("Awa Sow", E, P, birth_date="1991-02-01", metadata={"born": "1991-02-01"}), [BORN], [],
     "hold", "identity_contradicts", ()),
    ("the same birth date does not",
     row("Awa Sow", E, P, birth_date="1990-02-01", metadata={"born": "1990-02-01"}), [BORN], [],
     "A", "R1", ()),
    ("a birth date alone is nobody",
     row("Awa Sow", E2, birth_date="1990-02-01", metadata={"born": "1990-02-01"}), [], [BORN],
     "new", "new", ()),
    ("the same national id attaches without a contact in common",
     row("Awa Sow", E, P, national_id="ab 123", metadata={"card": "ab 123"}), [], [CARD],
     "A", "R0", ()),
    ("the same national id with another name does not",
     row("Ben Fotso", E, P, national_id="ab 123", metadata={"card": "ab 123"}), [], [CARD],
     "hold", "name_contradicts", ()),
    ("an external id found otherwise attaches",
     row("Awa Sow", E, P, external_id="7"), [], [there("A", "Awa Sow", E2, P2, external_id="7")],
     "A", "R0", ()),
    ("a nameless row on a mailbox of a function is no match",
     row(None, "info@example.com"), [there("A", "Awa Sow", "info@example.com")], [],
     "new", "new", ("shared_contact",)),
    ("a placeholder address tells nothing",
     row("Awa Sow", "noemail@example.com"), [there("A", "Ben Fotso", "noemail@example.com")], [],
     "new", "new", ("shared_contact",)),
    ("a function's mailbox is left aside where the phone tells",
     row("Awa Sow", "info@example.com", P),
     [there("A", "Awa Sow", None, P), there("B", "Ben Fotso", "info@example.com")], [],
     "A", "R3", ()),
]  # fmt: skip


def judged(record, customers, others=()):
    by_email = [k for k in customers if k.email and k.email == record.email]
    by_phone = [k for k in customers if k.phone and k.phone == record.phone]
    return decide(record, by_email, by_phone, others)


def short(verdict):
    what = {Action.CREATE: "new", Action.HOLD: "hold"}.get(verdict.action)
    return what or verdict.customer.id, verdict.rule, verdict.notes


@pytest.mark.parametrize(
    ("record", "customers", "others", "what", "rule", "notes"),
    [line[1:] for line in TABLE],
    ids=[line[0] for line in TABLE],
)
def test_the_table(record, customers, others, what, rule, notes):
    assert short(judged(record, customers, others)) == (what, rule, notes)


IDS = st.sets(st.sampled_from("ABC"), max_size=2)
PEOPLE = st.tuples(
    st.sampled_from(["Awa Sow", "Awa", "Ben Fotso", None]),
    st.sampled_from([E, E2, None]),
    st.sampled_from([P, P2, None]),
)


@given(PEOPLE, st.lists(PEOPLE, max_size=3), IDS, IDS)
def test_a_decision_is_never_contradicted(mine, others, same, different):
    customers = [there("ABC"[n], *who) for n, who in enumerate(others)]
    decisions = {"same_as": tuple(same), "different_from": tuple(different)}
    verdict = decide(
        row(*mine, **decisions),
        [k for k in customers if k.email and k.email == mine[1]],
        [k for k in customers if k.phone and k.phone == mine[2]],
        customers,
    )
    if verdict.action is Action.ATTACH:
        assert verdict.customer.id not in different
        assert not same or verdict.customer.id in same
    if verdict.action is Action.CREATE:
        assert not same
