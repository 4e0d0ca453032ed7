"""The decision table: who a row is, given the customers who carry its contacts.

Each line reads: a row of the file, the customers in the API, and what is to happen.
A person who knows the domain can add a line; the rules are told in docs/identity.md.
"""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.match.decide import Action, decide, is_role
from pipeline.match.known import Record, known
from schemas.api import Customer

E, P = "awa@example.com", "+237670000001"
E2, P2 = "other@example.com", "+237680000002"
INFO = "info@example.com"
STRANGERS = (
    "Ben Fotso", "Carine Ngo", "Didier Essomba", "Estelle Mballa", "Franck Tchoua",
    "Gisèle Abena", "Hervé Kamga",
)  # fmt: skip


def row(name, email=None, phone=None, external_id=None):
    return Record(1, name, email, phone, external_id)


def there(ident, name, email=None, phone=None, **metadata):
    return known(Customer(ident, name, email, phone, metadata or None), "CM")


TABLE = [
    # what it shows, the row, who is there, what happens (a customer, `new` or `hold`),
    # the rule that decides, notes
    ("nobody is there",
     row("Awa Sow", E, P), [], "new", "new", ()),
    ("both contacts, same name",
     row("Awa Sow", E, P), [there("A", "Awa Sow", E, P)], "A", "R1", ()),
    ("both contacts, same name in other order and case",
     row("SOW Awa", E, P), [there("A", "Awa Sow", E, P)], "A", "R1", ()),
    ("both contacts, a name with a word more",
     row("Awa Marie Sow", E, P), [there("A", "Awa Sow", E, P)], "A", "R1", ()),
    ("both contacts, a name one letter off",
     row("Emanuel Fotso", E, P), [there("A", "Emmanuel Fotso", E, P)], "A", "R1", ()),
    ("both contacts, an initial",
     row("A. Mbarga", E, P), [there("A", "Awa Mbarga", E, P)], "A", "R1", ()),
    ("both contacts, the row has no name",
     row(None, E, P), [there("A", "Awa Sow", E, P)], "A", "R1", ()),
    ("both contacts, the customer has no name",
     row("Awa Sow", E, P), [there("A", None, E, P)], "A", "R1", ()),
    ("both contacts, names only in part alike",
     row("Awa Sow", E, P), [there("A", "Awa", E, P)], "hold", "name_uncertain", ()),
    ("both contacts, another name: never overwritten in silence",
     row("Awa Sow", E, P), [there("A", "Ben Fotso", E, P)], "hold", "name_contradicts", ()),
    ("both contacts, a blocked pair of names (Mr and Mrs)",
     row("Mme Dupont", E, P), [there("A", "M. Dupont", E, P)], "hold", "name_contradicts", ()),

    ("e-mail only, same name: the phone may be added",
     row("Awa Sow", E, P), [there("A", "Awa Sow", E)], "A", "R2", ()),
    ("e-mail only, a name with a word more",
     row("Awa Sow", E), [there("A", "Awa Marie Sow", E, P2)], "A", "R2", ()),
    ("e-mail only, the row has no name",
     row(None, E), [there("A", "Awa Sow", E)], "A", "R2", ()),
    ("e-mail only, one letter off: a person looks",
     row("Emanuel Fotso", E), [there("A", "Emmanuel Fotso", E)], "hold", "name_uncertain", ()),
    ("e-mail only, another name",
     row("Awa Sow", E, P), [there("A", "Ben Fotso", E)], "hold", "name_contradicts", ()),
    ("a role mailbox with another name is no match",
     row("Awa Sow", INFO, P), [there("A", "Ben Fotso", INFO)], "new", "new", ("shared_contact",)),
    ("a role mailbox with the same name is one",
     row("Awa Sow", INFO), [there("A", "Awa Sow", INFO)], "A", "R2", ()),

    ("phone only, same name: the e-mail may be added",
     row("Awa Sow", E, P), [there("A", "Awa Sow", None, P)], "A", "R3", ()),
    ("phone only, another name: one household",
     row("Awa Sow", E, P), [there("A", "Ben Fotso", E2, P)], "new", "new", ("household_contact",)),
    ("phone only, another name, and no e-mail of its own",
     row("Awa Sow", None, P), [there("A", "Ben Fotso", E2, P)], "new", "new", ("household_contact",)),
    ("phone only, names alike in part",
     row("Awa Sow", None, P), [there("A", "Awa", None, P)], "hold", "name_uncertain", ()),
    ("phone only, the row has no name",
     row(None, None, P), [there("A", "Awa Sow", None, P)], "hold", "name_uncertain", ()),
    ("phone only, no name on either side: nothing contradicts",
     row(None, None, P), [there("A", None, None, P)], "A", "R3", ()),

    ("e-mail of A with phone of B; the name is A's",
     row("Awa Sow", E, P), [there("A", "Awa Sow", E, P2), there("B", "Ben Fotso", E2, P)],
     "A", "R2", ("contact_conflict",)),
    ("e-mail of A with phone of B; the name is B's",
     row("Ben Fotso", E, P), [there("A", "Awa Sow", E, P2), there("B", "Ben Fotso", E2, P)],
     "B", "R3", ("contact_conflict",)),
    ("e-mail of A with phone of B; the name is of both: perhaps duplicates of the API",
     row("Awa Sow", E, P), [there("A", "Awa Sow", E), there("B", "Awa Sow", None, P)],
     "hold", "contact_conflict", ()),
    ("e-mail of A with phone of B; the name is of neither",
     row("Awa Sow", E, P), [there("A", "Ben Fotso", E), there("B", "Carine Ngo", None, P)],
     "hold", "contact_conflict", ()),

    ("two with the e-mail, one of this name",
     row("Awa Sow", E), [there("A", "Awa Sow", E), there("B", "Ben Fotso", E)], "A", "R2", ()),
    ("two with the e-mail and the name: duplicates of the API",
     row("Awa Sow", E), [there("A", "Awa Sow", E), there("B", "Awa Sow", E)],
     "hold", "existing_duplicates", ()),
    ("two with the e-mail and the name, one of them with the phone too",
     row("Awa Sow", E, P), [there("A", "Awa Sow", E, P), there("B", "Awa Sow", E)],
     "A", "R1", ("existing_duplicates",)),
    ("two of a household with the phone, one of this name",
     row("Awa Sow", None, P), [there("A", "Awa Sow", E, P), there("B", "Ben Fotso", E2, P)],
     "A", "R3", ()),
    ("two with the phone, neither of this name",
     row("Awa Sow", None, P), [there("A", "Ben Fotso", None, P), there("B", "Carine Ngo", None, P)],
     "hold", "name_contradicts", ()),
    ("three carry a contact, one is equal",
     row("Awa Sow", E, P),
     [there("A", "Ben Fotso", E), there("B", "Carine Ngo", E), there("C", "Awa Sow", None, P)],
     "C", "R3", ()),
    ("a contact of seven strangers tells nothing",
     row("Awa Sow", None, P), [there(n, n, None, P) for n in STRANGERS],
     "new", "new", ("shared_contact",)),
    ("a role mailbox of two strangers tells nothing",
     row("Awa Sow", INFO), [there(n, n, INFO) for n in STRANGERS[:2]],
     "new", "new", ("shared_contact",)),
    ("a contact of seven, one of them alike in part: a person looks",
     row("Ben", None, P), [there(n, n, None, P) for n in STRANGERS],
     "hold", "name_uncertain", ()),

    ("the same external id attaches where the names do not contradict",
     row("Awa", None, P, "7"), [there("A", "Awa Sow", None, P, external_id="7")],
     "A", "R0", ()),
    ("the same external id as a number",
     row("Awa Sow", None, P, "7"), [there("A", "Awa Sow", None, P, external_id=7)], "A", "R0", ()),
    ("the same external id with another name does not",
     row("Awa Sow", E, P, "7"), [there("A", "Ben Fotso", E, P, external_id="7")],
     "hold", "name_contradicts", ()),
    ("another external id on the only match",
     row("Awa Sow", E, P, "7"), [there("A", "Awa Sow", E, P, external_id="8")],
     "hold", "external_id_contradicts", ()),
    ("no external id on the match",
     row("Awa Sow", E, P, "7"), [there("A", "Awa Sow", E, P)], "A", "R1", ()),
    ("the external id chooses between two of the name",
     row("Awa Sow", E, P, "7"),
     [there("A", "Awa Sow", E, external_id="7"), there("B", "Awa Sow", None, P)], "A", "R0", ()),
    ("two carry the external id: it does not choose",
     row("Awa Sow", E, P, "7"),
     [there("A", "Awa Sow", E, external_id="7"), there("B", "Awa Sow", None, P, external_id="7")],
     "hold", "existing_duplicates", ()),
    ("every match of the name carries another external id",
     row("Awa Sow", E, P, "7"),
     [there("A", "Awa Sow", E, external_id="8"), there("B", "Awa Sow", None, P, external_id="9")],
     "hold", "external_id_contradicts", ()),
]  # fmt: skip


def decided(record, customers):
    by_email = [k for k in customers if k.email and k.email == record.email]
    by_phone = [k for k in customers if k.phone and k.phone == record.phone]
    return decide(record, by_email, by_phone)


def short(verdict):
    what = {Action.CREATE: "new", Action.HOLD: "hold"}.get(verdict.action)
    return what or verdict.customer.id, verdict.rule, verdict.notes


@pytest.mark.parametrize(
    ("record", "customers", "what", "rule", "notes"),
    [line[1:] for line in TABLE],
    ids=[line[0] for line in TABLE],
)
def test_the_table(record, customers, what, rule, notes):
    for order in itertools.islice(itertools.permutations(customers), 6):
        assert short(decided(record, order)) == (what, rule, notes)


def test_a_conflict_keeps_both_in_sight():
    a, b = there("A", "Awa Sow", E), there("B", "Awa Sow", None, P)
    verdict = decided(row("Awa Sow", E, P), [a, b])
    assert (verdict.candidates, verdict.duplicates) == ((a, b), (a, b))
    assert verdict.key == "email and phone"


def test_the_key_says_by_which_contact():
    a, b = there("A", "Awa Sow", E, P), there("B", "Ben Fotso", E, P)
    assert decided(row("Awa Sow", E, P), [a, b]).key == "email and phone"
    assert decided(row("Awa Sow", E), [a, b]).key == "email"
    assert decided(row("Awa Sow", None, P), [a, b]).key == "phone"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (INFO, True),
        ("Compta@example.com", True),
        ("infotech@example.com", False),
        ("awa@example.com", False),
        (None, False),
        ("", False),
    ],
)
def test_role_mailboxes(address, expected):
    assert is_role(address) is expected


NAMES = st.sampled_from(["Awa Sow", "Sow Awa", "Awa", "Ben Fotso", "A. Sow", None])
CONTACTS = st.tuples(
    NAMES,
    st.sampled_from([E, E2, INFO, None]),
    st.sampled_from([P, P2, None]),
    st.sampled_from(["7", "8", None]),
)


@given(CONTACTS, st.lists(CONTACTS, max_size=4))
def test_nobody_is_attached_who_contradicts_or_shares_nothing(mine, others):
    record = row(*mine)
    people = [
        there(str(n), name, email, phone, **({"external_id": ext} if ext else {}))
        for n, (name, email, phone, ext) in enumerate(others)
    ]
    verdict = decided(record, people)
    if verdict.action is Action.ATTACH:
        found = verdict.customer
        assert found.email == record.email or found.phone == record.phone
        assert short(decided(row("Zoé Zang", *mine[1:3]), [found]))[0] != found.id or (
            found.customer.name is None
        )
    else:
        assert verdict.customer is None
    swapped = decided(record, people[::-1])
    assert (swapped.action, swapped.customer, swapped.rule) == (
        verdict.action,
        verdict.customer,
        verdict.rule,
    )
