"""Fingerprints: equal where nothing differs as the contract compares, else not."""

from hashlib import blake2b

import pytest

from pipeline.existing.hashes import UNSEEN, Hashes, with_metadata_kept
from pipeline.match.known import Record, known
from schemas.api import Customer

HASHES = Hashes(
    lambda kind, value: blake2b(f"{kind}/{value}".encode(), digest_size=16).hexdigest(),
    "import_key",
)
RECORD = Record(1, "Awa Sow", "awa@example.com", "+237670000001", metadata={"n": "30"})


def customer(**more):
    told = {
        "name": "Awa Sow",
        "email": "awa@example.com",
        "phone": "+237670000001",
        "metadata": {"n": "30"},
    }
    return known(Customer("A", **(told | more)), "CM")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"name": " Awa  Sow"},
        {"email": "AWA@example.com"},
        {"phone": "237670000001"},
        {"metadata": {"n": 30, "import_key": "x", "empty": []}},
    ],
)
def test_what_the_server_rewrites_is_no_difference(more):
    assert HASHES.fingerprint(customer(**more)) == HASHES.of_record(RECORD)


@pytest.mark.parametrize(
    "more",
    [
        {"name": "AWA SOW"},
        {"email": None},
        {"phone": "+237670000002"},
        {"metadata": {}},
        {"metadata": {"n": "30", "m": "1"}},
        {"metadata": None},
    ],
)
def test_whatever_else_differs_is_one(more):
    assert HASHES.fingerprint(customer(**more)) != HASHES.of_record(RECORD)


def test_a_list_without_metadata_keeps_the_known_half():
    whole = HASHES.row(customer())
    bare = HASHES.row(customer(metadata=None))
    assert bare.fingerprint.endswith(UNSEEN)
    assert with_metadata_kept(bare, whole) == whole
    assert with_metadata_kept(bare, None) == bare
    moved = HASHES.row(customer(metadata=None, name="Awa Diop"))
    assert with_metadata_kept(moved, whole) == moved
    assert with_metadata_kept(whole, bare) == whole
    unknown = whole._replace(fingerprint=None)
    assert with_metadata_kept(bare, unknown) == bare
