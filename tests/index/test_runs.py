"""The index of existing customers between runs: what it saves, and what it never hides."""

import pytest

from pipeline.runs.indexing import clear, refresh, status
from pipeline.runs.talk import Silence
from pipeline.runs.undoing import UndoRequest, undo
from tests.runs.world import AWA, BEN, CLO, customers, people


def crowd(count):
    return customers(people(count, first=5000))


def test_a_daily_import_reads_changed_rows_only(world):
    rows = people(60)
    here = world(customers=[*customers(rows[:50]), *crowd(900)])
    told = refresh(here.settings, Silence())
    assert (told.customers, told.requests) == (950, 11)
    changed = [(*row[:3], "Kribi") for row in rows[:3]] + rows[3:]
    run = here.bring(changed)
    assert run.rows == {"read": 60, "created": 10, "updated": 3, "unchanged": 47}
    assert run.operations == {"other": 1, "get": 3, "create": 10, "update": 3}
    assert run.summary["index"]["used"] is True
    assert run.summary["plan"]["existing_read_by"] == "index"
    again = here.bring(changed)
    assert again.rows == {"read": 60, "unchanged": 60}
    assert again.operations == {"other": 1}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_look_up_what_one_process_does(world, monkeypatch):
    monkeypatch.setattr("pipeline.runs.engines.SMALL_BYTES", 0)
    rows = people(60)
    here = world(customers=[*customers(rows[:50]), *crowd(300)])
    refresh(here.settings, Silence())
    alone = here.plan(rows)
    here.settings = here.settings.model_copy(update={"workers": 2})
    together = here.plan(rows)
    assert together.rows == alone.rows == {"read": 60, "created": 10, "unchanged": 50}
    assert together.operations == {"other": 1}
    assert together.outcomes() == alone.outcomes()


def test_a_customer_with_more_than_the_file_knows_is_read_once(world):
    there = customers([AWA, BEN])
    there[0]["metadata"]["loyalty"] = "gold"
    there[1]["name"] = "Ben ETO'O"
    here = world(customers=[*there, *crowd(200)])
    refresh(here.settings, Silence())
    rows = [AWA, BEN]
    first = here.bring(rows)
    assert first.operations["get"] == 2
    second = here.bring(rows)
    assert second.operations == {"other": 1}
    assert second.rows == {"read": 2, "unchanged": 2}


def test_kept_values_are_told_on_every_run(world):
    there = customers([AWA])
    there[0]["phone"] = "+237680000009"
    here = world(customers=[*there, *crowd(200)])
    refresh(here.settings, Silence())
    for gets in (1, None):
        run = here.bring([AWA])
        assert run.operations.get("get") == gets
        assert run.findings["kept_existing_value"] == 1


def test_a_changed_customer_is_read_again_after_a_refresh(world):
    here = world(customers=[*customers([AWA]), *crowd(200)])
    refresh(here.settings, Silence())
    assert "get" not in here.bring([AWA]).operations
    record = next(c for c in here.server.customers.values() if c["email"] == AWA[1])
    record["metadata"] = {}
    refresh(here.settings, Silence())
    run = here.bring([AWA])
    assert run.rows == {"read": 1, "updated": 1}


def test_an_old_index_is_not_used(world):
    here = world(customers=[*customers([AWA]), *crowd(50)])
    refresh(here.settings, Silence())
    run = here.plan([AWA], index_max_age=0.0)
    assert run.summary["index"]["used"] is False
    assert run.operations == {"list": 1, "other": 1}


def test_an_entry_is_verified_before_a_write(world):
    here = world(customers=[*customers([AWA]), *crowd(200)])
    refresh(here.settings, Silence())
    record = next(c for c in here.server.customers.values() if c["email"] == AWA[1])
    record["name"], record["email"], record["phone"] = "Zoé Zang", "zoe@example.com", ""
    run = here.bring([(*AWA[:3], "Kribi")])
    assert run.rows == {"read": 1, "created": 1}
    assert record["metadata"] == {"Ville": "Douala"}


def test_a_stranger_who_is_gone_is_created_and_leaves_the_index(world):
    here = world(customers=[*customers([AWA]), *crowd(200)])
    refresh(here.settings, Silence())
    gone = next(i for i, c in here.server.customers.items() if c["email"] == AWA[1])
    here.server._forget(gone)
    run = here.bring([(*AWA[:3], "Kribi")])
    assert run.rows == {"read": 1, "created": 1}
    assert status(here.settings).customers == 201


def deleted(here, row):
    gone = next(i for i, c in here.server.customers.items() if c["email"] == row[1])
    here.server._forget(gone)
    return gone


def test_ours_who_is_gone_is_never_created_in_silence(world):
    for size, way in ((0, "listing"), (1500, "search")):
        here = world(customers=crowd(size))
        here.bring([AWA, BEN], source=way)
        deleted(here, AWA)
        run = here.bring([AWA, BEN, CLO], source=way)
        assert run.summary["plan"]["existing_read_by"] == way
        assert run.outcomes() == [
            (1, "review", "deleted_in_api"),
            (2, "unchanged", "R1"),
            (3, "created", None),
        ]
        again = here.bring([AWA, BEN, CLO], source=way)
        assert again.rows == {"read": 3, "review": 1, "unchanged": 2}
        (line,) = run.csv("review_pairs")
        assert line["rule"] == "deleted_in_api"


def test_ours_who_is_gone_is_found_by_the_index_too(world):
    here = world(customers=crowd(150))
    here.bring([AWA, BEN])
    refresh(here.settings, Silence())
    deleted(here, AWA)
    # Nothing changed in the row: only a refresh shows that the customer is gone.
    refresh(here.settings, Silence())
    run = here.bring([AWA, BEN])
    assert run.rows == {"read": 2, "review": 1, "unchanged": 1}
    assert status(here.settings).gone == 1


def test_what_undo_deleted_may_be_created_again(world):
    here = world(customers=crowd(150))
    refresh(here.settings, Silence())
    run = here.bring([AWA])
    request = UndoRequest(run.summary["run_id"], delete_created=True)
    undo(here.settings, request)
    assert here.bring([AWA]).rows == {"read": 1, "created": 1}


def test_clear_leaves_whom_we_wrote(world):
    here = world(customers=crowd(150))
    here.bring([AWA])
    refresh(here.settings, Silence())
    told = clear(here.settings)
    assert (told.customers, told.age_seconds) == (1, None)
    run = here.bring([AWA])
    assert run.summary["plan"]["existing_read_by"] == "listing"
    assert "index" not in run.summary


def test_lists_without_metadata_keep_what_was_known(world):
    rows = people(5)
    here = world(customers=[*customers(rows), *crowd(200)], list_metadata=False)
    refresh(here.settings, Silence())
    assert here.bring(rows).operations == {"other": 1, "get": 5}
    refresh(here.settings, Silence())
    assert here.bring(rows).operations == {"other": 1}


def test_homonyms_on_one_contact_are_read_before_anything(world):
    twin = ("Ben Fotso", AWA[1], AWA[2], "Kribi")
    here = world(customers=[*customers([AWA, twin]), *crowd(200)])
    refresh(here.settings, Silence())
    run = here.bring([AWA])
    assert run.outcomes() == [(1, "unchanged", "R1")]
    assert run.operations == {"other": 1, "get": 2}
