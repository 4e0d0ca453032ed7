"""Deduplication of a whole file: levels, decisions, and what must never change."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.dedupe import contact_key, record_key
from schemas.tables import PREPARED
from tests.dedupe.labelled import CORPUS, all_sets
from tests.dedupe.world import World

JEAN = {"name": "Jean Mbarga", "email": "j@mail.example.com", "phone": "+237670000001"}
ROBERT = {"name": "Robert Atanga", "email": "r@mail.example.com"}
BOB = {"name": "Bob Atanga", "email": "r@mail.example.com"}


def key(row):
    return record_key(row.get("name"), row.get("email"), row.get("phone"))


def test_off_lets_every_row_go_on():
    world = World([JEAN, JEAN], level="off")
    assert world.result.rows == 2
    assert len(world.golden) == 2


@pytest.mark.parametrize("level", ["off", "exact", "strict", "standard"])
def test_every_level_leaves_the_same_tables(level):
    world = World([JEAN], level=level)
    for table in (
        "merges",
        "held",
        "golden",
        "pairs",
        "differences",
        "placeholders",
        "skipped_blocks",
    ):
        world.all(f"SELECT * FROM {table}")


@pytest.mark.parametrize(
    ("second", "merged"),
    [
        (JEAN | {"name": "MBARGA Jéan"}, True),
        (JEAN | {"name": "Jean Mbarga Essola"}, False),
        (JEAN | {"phone": None}, False),
        (JEAN | {"external_id": "C-1"}, True),
    ],
)
def test_exact_merges_equal_names_on_both_contacts_only(second, merged):
    world = World([JEAN, second], level="exact")
    assert bool(world.merges) is merged
    assert world.held == {}


def test_exact_does_not_trust_a_shared_contact():
    others = [{"name": f"Nom{c} Autre{c}", "email": JEAN["email"]} for c in "abcdefg"]
    world = World([JEAN, JEAN | {"country": "CM"}, *others], level="exact")
    assert world.merges == {}


def test_gmail_is_folded_and_counted():
    rows = [
        {"name": "Jean Mbarga", "email": "jean.mbarga@gmail.com"},
        {"name": "Jean Mbarga", "email": "jeanmbarga+shop@googlemail.com"},
    ]
    world = World(rows)
    assert world.result.merged == world.result.folded == 1
    assert json.loads(world.golden[0]["metadata"]).keys() == {"email_2"}
    assert World(rows, fold_gmail=False).result.merged == 0


def test_placeholders_are_listed():
    world = World(
        [
            {
                "name": "Jean Mbarga",
                "email": "test@mail.example.com",
                "phone": "+237600000000",
            },
            {
                "name": "Jean Mbarga",
                "email": "test@mail.example.com",
                "phone": "+237600000000",
            },
        ]
    )
    assert world.merges == {}
    assert world.all("SELECT kind, value, rows FROM placeholders ORDER BY kind") == [
        ("email", "test@mail.example.com", 2),
        ("phone", "+237600000000", 2),
    ]


def test_same_forces_and_names_its_reason():
    world = World([ROBERT, BOB], decisions=[("pair", key(BOB), key(ROBERT), "same")])
    assert {rule for _, rule in world.merges.values()} == {"decided"}
    assert world.held == {}


def test_same_forces_rows_that_share_nothing():
    far = {"name": "Bobby A.", "phone": "+237670000009"}
    world = World([ROBERT, far], decisions=[("pair", key(far), key(ROBERT), "same")])
    assert len(world.merges) == 1


def test_different_lets_both_go_on_and_is_not_asked_again():
    world = World(
        [ROBERT, BOB], decisions=[("pair", key(BOB), key(ROBERT), "different")]
    )
    assert world.merges == {}
    assert world.held == {}
    assert world.pairs == []


def test_different_vetoes_even_equal_names():
    twin = ROBERT | {"name": "ATANGA Robert", "phone": "+237670000002"}
    decided = [("pair", key(ROBERT), key(twin), "different")]
    assert World([ROBERT, twin]).result.merged == 1
    world = World([ROBERT, twin], decisions=decided)
    assert world.merges == {}
    assert world.held == {}


def test_decisions_that_contradict_each_other_hold_everybody():
    third = {"name": "R Atanga", "email": "r@mail.example.com"}
    decided = [
        ("pair", key(ROBERT), key(BOB), "same"),
        ("pair", key(BOB), key(third), "same"),
        ("pair", key(ROBERT), key(third), "different"),
    ]
    world = World([ROBERT, BOB, third], decisions=decided)
    assert world.merges == {}
    assert set(world.held) == {1, 2, 3}


def test_a_shared_contact_is_not_shown_again():
    rows = [
        {"name": "Jean Mbarga", "phone": "+237670000001"},
        {"name": "Solange Mbarga", "phone": "+237670000001"},
    ]
    assert World(rows).pairs == [("contact", "R7", 1, 2)]
    seen = [("contact", contact_key("phone", "+237670000001"), "", "different")]
    assert World(rows, decisions=seen).pairs == []


def test_record_key_is_durable():
    assert key(JEAN) == key(
        JEAN | {"name": "MBARGA jéan", "email": "J@mail.example.com"}
    )
    assert key(JEAN) != key(JEAN | {"phone": None})
    assert record_key("a", None, None, secret="x") != record_key("a", None, None)


def test_one_connection_serves_two_files():
    from pipeline.dedupe import deduplicate

    world = World([JEAN, JEAN])
    assert deduplicate(world.con, "src", world.policy) == world.result


NAMES = [
    "Jean Mbarga",
    "MBARGA Jéan",
    "Jean Mbarga Essola",
    "J Mbarga",
    "Jean Mbargo",
    "Solange Mbarga",
    "Jeanne Mbarga",
    None,
    "Kamga",
    "M. Kamga",
    "Mme Kamga",
    "Paul Essola",
]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(NAMES),
            "email": st.sampled_from(
                [
                    None,
                    "a@mail.example.com",
                    "b@mail.example.com",
                    "info@mail.example.com",
                ]
            ),
            "phone": st.sampled_from([None, "+237670000001", "+237670000002"]),
            "birth_date": st.sampled_from(
                [None, None, None, "1990-01-01", "1991-01-01"]
            ),
            "external_id": st.sampled_from([None, None, None, "C-1", "C-2"]),
            "metadata": st.sampled_from(["{}", '{"city": "Douala"}']),
        }
    ),
    min_size=1,
    max_size=9,
)
SLOW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def content(world):
    """The answer without row numbers: records that go on, that wait, that merged."""
    rows = [tuple(r[f] for f in PREPARED.names[2:]) for r in world.golden]
    groups = {}
    for row, (into, _) in world.merges.items():
        groups.setdefault(into, [into]).append(row)
    table = {
        r[0]: tuple(map(str, r[1:]))
        for r in world.all(
            "SELECT row, name, email, phone, birth_date, external_id, metadata FROM src"
        )
    }
    merged = sorted(sorted(table[r] for r in rows) for rows in groups.values())
    held = sorted(table[r] for r in world.held)
    return sorted(rows, key=str), merged, held


@SLOW
@given(
    ROWS,
    st.randoms(use_true_random=False),
    st.sampled_from(["exact", "strict", "standard"]),
)
def test_order_of_rows_and_threads_change_nothing(rows, random, level):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert content(World(rows, level=level)) == content(
        World(shuffled, level=level, threads=1, memory="200MB")
    )


@SLOW
@given(ROWS, st.sampled_from(["exact", "strict", "standard"]))
def test_books_balance_and_a_second_pass_merges_nothing(rows, level):
    world = World(rows, level=level)
    on = [r["row"] for r in world.golden]
    assert sorted([*on, *world.held, *world.merges]) == list(range(1, len(rows) + 1))
    assert not {into for into, _ in world.merges.values()} & set(world.merges)
    again = World(world.survivors, level=level)
    assert again.merges == {}


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="no shared corpus beside the checkout")
@pytest.mark.parametrize("level", ["strict", "standard"])
def test_labelled_sets_have_no_false_merge_and_lose_nobody(level):
    from tests.benchmarks.dedupe import quality

    for labelled in all_sets():
        figures = quality(labelled, level)
        assert figures.false_pairs == 0
        assert figures.reviewed_recall >= figures.equal_key_recall
