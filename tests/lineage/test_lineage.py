"""A row of the same source whose contact was corrected is no second customer."""

import pytest

from pipeline.runs.deciding import decide
from tests.decide.test_decide import filled
from tests.runs.world import BEN, CLO, customers, people

AWA = ("Awa Sow", "awa.sow@example.com", "+237670000001", "Douala")


@pytest.mark.parametrize("there", [0, 1500])
@pytest.mark.parametrize(
    "after",
    [
        ("Awa Sow", "awa.sov@example.com", "+237680000071", "Douala"),
        ("SOW Awa", "", "+237670000002", "Douala"),
        ("Awa Sow", "", "+237670000010", "Douala"),
    ],
    ids=["an e-mail one letter off", "a phone one digit off", "two digits swapped"],
)
def test_a_corrected_contact_waits_for_a_person(world, there, after):
    here = world(customers=customers(people(there, first=5000)))
    here.bring([AWA, BEN], source="crm")
    run = here.bring([after, CLO], source="crm")
    assert run.outcomes() == [
        (1, "review", "possible_correction"),
        (2, "created", None),
    ]
    (line,) = run.csv("review_pairs")
    assert (line["rule"], line["b_name"]) == ("possible_correction", "Awa Sow")


def test_another_source_is_another_person(world):
    here = world()
    here.bring([AWA], source="crm")
    after = ("Awa Sow", "awa.sov@example.com", "+237680000071", "Douala")
    assert here.bring([after], source="shop").rows == {"read": 1, "created": 1}


def test_quite_another_contact_is_another_person(world):
    here = world()
    here.bring([AWA], source="crm")
    after = ("Awa Sow", "directrice@example.org", "+237699887766", "Douala")
    assert here.bring([after], source="crm").rows == {"read": 1, "created": 1}


def test_who_is_another_row_of_the_file_was_not_corrected(world):
    here = world()
    here.bring([AWA], source="crm")
    namesake = ("Awa Sow", "", "+237670000002", "Kribi")
    run = here.bring([AWA, namesake], source="crm")
    assert run.rows == {"read": 2, "created": 1, "unchanged": 1}


def test_a_person_decides(world):
    here = world()
    here.bring([AWA], source="crm")
    after = ("Awa Sow", "", "+237670000002", "Douala")
    held = here.bring([after], source="crm")
    decide(here.settings, filled(held, "d.csv", "different"))
    assert here.plan([after], source="crm").rows == {"read": 1, "created": 1}
    decide(here.settings, filled(held, "d.csv", "same"))
    run = here.bring([after], source="crm", prefer="file")
    assert run.rows == {"read": 1, "updated": 1}
    (only,) = here.server.customers.values()
    assert only["phone"] == "+237670000002"


HEADER = ("Nom", "E-mail", "Téléphone", "Code client")


def test_the_number_of_the_source_finds_the_customer(world):
    here = world(customers=customers(people(1500, first=5000)))
    before = [("Awa Sow", "awa@example.com", "+237670000001", "C-7")]
    here.bring(here.file(before, name="a.csv", header=HEADER), source="crm")
    after = [("Awa Sow", "new@example.com", "+237699887766", "C-7")]
    run = here.bring(here.file(after, name="b.csv", header=HEADER), source="crm")
    assert run.outcomes() == [(1, "unchanged", "R0")]
    assert run.findings["kept_existing_value"] == 2


def test_the_number_is_found_in_a_listing_without_any_lineage(world):
    there = customers([("Awa Sow", "old@example.com", "+237670000001", "Douala")])
    there[0]["metadata"]["external_id"] = "C-7"
    here = world(customers=there)
    after = [("Awa Sow", "new@example.com", "+237699887766", "C-7")]
    run = here.plan(here.file(after, header=HEADER))
    assert run.rows == {"read": 1, "unchanged": 1}
    other = [("Ben Fotso", "new@example.com", "+237699887766", "C-7")]
    assert here.plan(here.file(other, header=HEADER)).outcomes() == [
        (1, "review", "name_contradicts")
    ]


def test_a_birth_date_blocks_and_a_national_id_finds(world):
    there = customers([("Awa Sow", "awa@example.com", "+237670000001", "Douala")])
    there[0]["metadata"] |= {"born": "1990-02-01", "national_id": "AB123"}
    here = world(customers=there)
    header = ("Nom", "E-mail", "Téléphone", "Date de naissance", "CNI")
    mapped = {
        "map": (("metadata.born", "Date de naissance"), ("metadata.national_id", "CNI"))
    }
    born = [("Awa Sow", "awa@example.com", "+237670000001", "1991-02-01", "AB123")]
    run = here.plan(here.file(born, header=header), **mapped)
    assert run.outcomes() == [(1, "review", "identity_contradicts")]
    card = [("Awa Sow", "new@example.com", "", "1990-02-01", "AB123")]
    run = here.plan(here.file(card, header=header), **mapped)
    assert run.outcomes() == [(1, "unchanged", "R0")]
