"""How many requests an import takes: the bound of the main job, in every regime."""

import pytest

from tests.runs.world import customers, people

WRITES = ("create", "update")


def bound(new, there):
    """At most this many requests, writes included, for `new` rows beside `there`."""
    return new + min(2 * new, there // 100 + 1) + 2


def crowd(count):
    """Return `count` existing customers nobody in the files knows."""
    return customers(people(count, first=5000))


@pytest.mark.parametrize(
    ("new", "there", "way"),
    [
        (1, 0, "listing"),
        (1, 99, "listing"),
        (1, 100, "listing"),
        (1, 250, "listing"),
        (2, 1050, "search"),
        (3, 650, "listing"),
        (3, 1000, "search"),
        (5, 2000, "search"),
        (40, 1000, "listing"),
        (40, 0, "listing"),
    ],
)
def test_new_rows_stay_inside_the_bound(world, new, there, way):
    here = world(customers=crowd(there))
    run = here.bring(people(new))
    assert run.rows == {"read": new, "created": new}
    assert len(here.server.log) <= bound(new, there), here.server.operations()
    assert run.summary["plan"]["existing_read_by"] == way


@pytest.mark.parametrize("search", ["partial", "exact"])
@pytest.mark.parametrize("form", ["any", "plus", "digits"])
@pytest.mark.parametrize("phone", ["plus", "integer"])
def test_a_search_of_any_form_finds_who_is_there(world, search, form, phone):
    rows = people(3)
    here = world(
        customers=[*customers(rows[:2]), *crowd(1000)],
        search=search,
        search_phone=form,
        phone=phone,
    )
    only_phone = [(name, "", number, town) for name, _, number, town in rows]
    run = here.bring(only_phone)
    assert run.rows == {"read": 3, "created": 1, "unchanged": 2}
    assert run.summary["plan"]["existing_read_by"] == "search"
    again = here.bring(only_phone)
    assert again.rows == {"read": 3, "unchanged": 3}
    # The written form is learnt once: GET /, the first page, a search for each row.
    assert again.summary["api"]["requests"] == 5


def test_a_search_that_finds_parts_learns_and_answers_with_one_request(world):
    rows = people(4, first=1)
    taken = [("Somebody Else", "else@example.com", rows[0][2], "Kribi")]
    here = world(customers=[*customers(taken), *crowd(1500)])
    run = here.bring(rows)
    assert run.findings["household_contact"] == 1
    assert len(here.server.log) <= bound(4, 1500), here.server.operations()


def test_a_search_that_ignores_the_question_gives_way_to_the_listing(world):
    rows = people(2)
    here = world(customers=[*customers(rows[:1]), *crowd(900)], search="none")
    run = here.bring(rows)
    assert run.rows == {"read": 2, "created": 1, "unchanged": 1}
    assert run.summary["plan"]["existing_read_by"] == "listing"


def test_a_file_of_addresses_only_asks_nothing_about_phones(world):
    here = world(customers=crowd(1000))
    rows = [(name, email, "", town) for name, email, _, town in people(3)]
    run = here.bring(rows)
    assert run.operations == {"list": 1, "search": 3, "create": 3, "other": 1}


def test_list_rows_without_metadata_cost_one_get_a_matched_customer(world):
    rows = people(6)
    here = world(customers=[*customers(rows[:4]), *crowd(150)], list_metadata=False)
    run = here.bring(rows)
    assert run.rows == {"read": 6, "created": 2, "unchanged": 4}
    assert run.operations == {"list": 2, "get": 4, "create": 2, "other": 1}


def test_an_unchanged_file_writes_nothing(world):
    here = world(customers=crowd(30))
    rows = people(12)
    here.bring(rows)
    again = here.bring(rows)
    assert again.rows == {"read": 12, "unchanged": 12}
    assert again.operations == {"list": 1, "other": 1}
