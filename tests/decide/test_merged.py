"""Merged records: where a value came from, whose date is newest, and any row order."""

import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runs.world import AWA, World, customers
from tests.servers.odd import OddServer

HEADER = ("Nom", "E-mail", "Téléphone", "Ville")
DATED = ("Nom", "E-mail", "Téléphone", "Ville", "Modifié le")
NEWEST = {"prefer": "newest", "map": (("metadata.updated_at", "Modifié le"),)}


def test_every_borrowed_value_tells_row_and_rule(world):
    here = world()
    rows = [
        ("Awa Sow", "awa@example.com", "", "Douala"),
        ("Awa Sow", "awa@example.com", "+237670000001", ""),
    ]
    run = here.plan(rows)
    plan = pq.read_table(run.path / "plan.parquet").to_pylist()
    lines = {line["field"]: line for line in plan if line["field"]}
    lead = lines["name"]["row"]
    borrowed = {f: (x["from_row"], x["from_rule"]) for f, x in lines.items()}
    other = 3 - lead
    assert borrowed["name"] == (None, None)
    field = "phone" if lead == 1 else "metadata.Ville"
    assert borrowed[field] == (other, "R2")


def test_second_contacts_are_kept_aside(world):
    here = world()
    run = here.bring(
        [
            ("Awa Sow", "awa@example.com", "+237670000001", "Douala"),
            ("Awa Sow", "awa@example.com", "+237680000002", "Douala"),
        ]
    )
    assert run.rows == {"read": 2, "created": 1, "merged": 1}
    (stored,) = here.server.customers.values()
    phones = {stored["phone"], stored["metadata"]["phone_2"]}
    assert phones == {"+237670000001", "+237680000002"}


def test_the_newest_row_of_a_file_wins(world):
    rows = [
        ("Awa Sow", "awa@example.com", "+237670000001", "Douala", "2026-01-01"),
        ("Awa Sow", "awa@example.com", "+237680000002", "Kribi", "2026-02-01"),
    ]
    for order in (rows, rows[::-1]):
        here = world()
        here.bring(here.file(order, header=DATED), **NEWEST)
        (stored,) = here.server.customers.values()
        assert stored["phone"] == "+237680000002"
        assert stored["metadata"]["Ville"] == "Kribi"
        here.file([], header=DATED)
        (here.folder / "runs" / "state.db").unlink()


def test_newest_replaces_an_older_customer_only(world):
    for date, outcome in (("2026-03-01", "updated"), ("2020-01-01", "updated")):
        there = customers([AWA])
        there[0]["updated_at"] = "2025-06-01T00:00:00Z"
        here = world(customers=there)
        row = ("Awa Sow", AWA[1], "+237680000009", AWA[3], date)
        run = here.bring(here.file([row], header=DATED), source=date, **NEWEST)
        assert run.rows == {"read": 1, outcome: 1}
        (stored,) = here.server.customers.values()
        is_newer = date > "2025"
        assert stored["phone"] == ("+237680000009" if is_newer else AWA[2])
        assert run.findings.get("kept_existing_value", 0) == (not is_newer)


PEOPLE = st.tuples(
    st.sampled_from(["Awa Sow", "SOW Awa", "Ben Fotso", "Awa", "Carine Ngo"]),
    st.sampled_from(["awa@example.com", "ben@example.com", "info@example.com", ""]),
    st.sampled_from(["+237670000001", "+237680000002", "+237690000003"]),
    st.sampled_from(["Douala", "Kribi", ""]),
)


def story(run):
    """Return what happened to whom, whatever the rows' numbers."""
    return sorted((o["outcome"], o["customer_id"] or "") for o in run.table("outcomes"))


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(PEOPLE, min_size=1, max_size=6),
    st.lists(PEOPLE, max_size=4),
    st.randoms(use_true_random=False),
)
def test_any_order_gives_the_same_and_a_second_run_plans_nothing(rows, there, random):
    shuffled = random.sample(rows, len(rows))
    known = customers([(n, e, p, t) for n, e, p, t in there])
    with tempfile.TemporaryDirectory() as folder, OddServer(customers=known) as server:
        here = World(Path(folder), server)
        assert story(here.plan(rows)) == story(here.plan(shuffled))
        first = here.bring(rows)
        written = [
            o["customer_id"]
            for o in first.table("outcomes")
            if o["outcome"] in ("created", "updated", "unchanged")
        ]
        assert len(written) == len(set(written))
        again = here.bring(shuffled)
        assert not {"created", "updated"} & again.rows.keys()
        assert again.rows.get("review", 0) == first.rows.get("review", 0)
