"""Rows are told apart by the index: whom they hit, which need neither read nor write."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pyarrow as pa
import pytest

from pipeline.existing.hashes import Hashes
from pipeline.match.known import Record
from pipeline.runs.index_lookup import (
    HIT,
    SETTLED,
    Desk,
    How,
    Lookup,
    look_up_elsewhere,
)
from pipeline.runs.plan_tables import GOLDEN
from pipeline.state.index import CustomerIndex
from pipeline.state.lineage import Settled
from pipeline.state.store import open_state
from pipeline.state.writes import IndexRow

HOW = How("existing", 3600.0, "import_key")
NOBODY = frozenset()

ADA = Record(1, "Ada Abena", "ada@example.com", "+237680000001", metadata={"a": "1"})
BEN = Record(2, "Ben Biya", "ben@example.com", None)
FAMILY = "+237680000099"


@pytest.fixture
def state(tmp_path):
    with open_state(f"sqlite:///{tmp_path}/runs/state.db") as it:
        yield it


@pytest.fixture
def hashes(state):
    return Hashes(state.key_of, HOW.key_name)


@pytest.fixture
def lookup(state, hashes):
    return Lookup(CustomerIndex(state, "acc"), Settled(state, "acc"), hashes, HOW)


def entry(hashes, customer_id, record, **changed):
    """Return what the index keeps of a customer who is exactly `record`."""
    email = record.email and hashes.key_of("email", record.email)
    phone = record.phone and hashes.key_of("phone", record.phone)
    row = IndexRow(
        customer_id, email, phone, hashes.name(record.name), hashes.of_record(record)
    )
    return row._replace(**changed)


def batch(*rows):
    """Return golden records of (row, name, email, phone, metadata)."""
    columns = GOLDEN.split(", ")
    lines = [
        dict(zip(("row", "name", "email", "phone", "metadata"), row, strict=True))
        for row in rows
    ]
    schema = pa.schema(
        [(c, pa.int64() if c == "row" else pa.string()) for c in columns]
    )
    return pa.RecordBatch.from_pylist(lines, schema)


def told(tables):
    hits, settled = tables
    assert (hits.schema, settled.schema) == (HIT, SETTLED)
    return (
        sorted(tuple(line.values()) for line in hits.to_pylist()),
        sorted(tuple(line.values()) for line in settled.to_pylist()),
    )


def test_known_changed_new_and_spoken_of(lookup, hashes):
    lookup.index.upsert([entry(hashes, "cus.ada", ADA), entry(hashes, "cus.ben", BEN)])
    rows = batch(
        (11, "Ada Abena", "ADA@example.com", "+237680000001", '{"a": "1"}'),
        (12, "Ada Abena", None, "+237680000001", '{"a": "1"}'),
        (13, "Ben Biya", "ben@example.com", None, None),
        (14, "Ben Biya", "ben@example.com", None, None),
        (15, "Eve Ewane", "eve@example.com", "+237680000077", None),
        (16, "Nobody", None, None, None),
        (17, "Ada Abena", "ada@example.com", None, '{"import_key": "x", "a": "1"}'),
    )
    hits, settled = told(lookup.look_up(rows, frozenset({14})))
    assert hits == [
        (11, "cus.ada"), (12, "cus.ada"), (13, "cus.ben"), (14, "cus.ben"),
        (17, "cus.ada"),
    ]  # fmt: skip
    assert settled == [(11, "cus.ada", "R1", ""), (13, "cus.ben", "R2", "")]


def test_a_row_that_changed_nothing_before_is_settled_again(lookup, hashes):
    lookup.index.upsert([entry(hashes, "cus.ada", ADA)])
    row = (7, "Ada", None, "+237680000001", None)
    assert told(lookup.look_up(batch(row), NOBODY))[1] == []
    mine = hashes.of_record(Record(*row[:4]))
    key = hashes.settled("cus.ada", mine, hashes.of_record(ADA), HOW.prefer)
    lookup.settled.remember({key: ("name", "email")})
    _, settled = told(lookup.look_up(batch(row), NOBODY))
    assert settled == [(7, "cus.ada", "R3", "name,email")]


def test_two_customers_with_one_contact_are_both_read(lookup, hashes):
    lookup.index.upsert(
        [
            entry(hashes, "cus.ada", ADA),
            entry(hashes, "cus.ada2", ADA, fingerprint=None),
        ]
    )
    row = (7, "Ada Abena", "ada@example.com", "+237680000001", '{"a": "1"}')
    hits, settled = told(lookup.look_up(batch(row), NOBODY))
    assert hits == [(7, "cus.ada"), (7, "cus.ada2")]
    assert settled == []


def test_of_a_crowd_those_of_the_row_s_name_are_read(lookup, hashes):
    crowd = [
        Record(n, f"Person {chr(97 + n)}{chr(97 + n)}", None, FAMILY) for n in range(20)
    ]
    lookup.index.upsert(entry(hashes, f"cus.{r.row:02}", r) for r in crowd)
    row = (7, "Person tt", None, FAMILY, None)
    hits, _ = told(lookup.look_up(batch(row), NOBODY))
    assert [i for _, i in hits] == [*(f"cus.{n:02}" for n in range(11)), "cus.19"]


def test_a_worker_process_tells_the_same(lookup, hashes, state):
    lookup.index.upsert([entry(hashes, "cus.ada", ADA), entry(hashes, "cus.ben", BEN)])
    rows = batch(
        (1, "Ada Abena", "ada@example.com", "+237680000001", '{"a": "1"}'),
        (2, "Ben Biya", "ben@example.com", "+237680000055", None),
        (3, "Eve Ewane", "eve@example.com", None, None),
    )
    desk = Desk(state.place, "acc", HOW)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(look_up_elsewhere, desk, rows, NOBODY).result()
    assert told(elsewhere) == told(lookup.look_up(rows, NOBODY))
    assert told(elsewhere)[1] == [(1, "cus.ada", "R1", "")]
    assert "state.db" in repr(desk.place)
