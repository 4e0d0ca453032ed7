"""Merging in SQL, by workers and record by record: one answer."""

import gc
import random
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import duckdb
import pyarrow as pa
import pytest

from pipeline.dedupe import DedupePolicy, deduplicate, merging
from pipeline.dedupe.inside import typos
from pipeline.dedupe.names import name_identity
from pipeline.dedupe.naming import _SPECIAL, identity_sql
from pipeline.dedupe.words import PLACEHOLDERS
from tests.dedupe.world import prepared

TABLES = ("dd_merged", "dd_golden", "differences", "merges", "held")
NAMES = (
    "Jean Mbarga", "MBARGA Jean", "JEAN MBARGA", "jean mbarga", "Jéan Mbarga",
    "M. Jean Mbarga", "Jean Mbarga Essola", "J Mbarga", None, "Jean  MBARGA",
    "Jean Mbargà", "Jéan Mbargà", "JÉAN MBARGA", "jéan mbarga",
)  # fmt: skip


def people(seed, clusters=500):
    """Rows of `clusters` people, two to four each, with gaps and spellings."""
    dice = random.Random(seed)
    rows = []
    for person in range(clusters):
        contacts = {
            "email": f"p{person}@mail.example.com",
            "phone": f"+2376700{person:05}",
        }
        for _ in range(dice.randint(2, 4)):
            row = {k: v for k, v in contacts.items() if dice.random() < 0.8} or contacts
            rows.append(
                row
                | {
                    "name": dice.choice(NAMES[: dice.randint(1, len(NAMES))]),
                    "country": dice.choice([None, "CM", "CM", "CM", "CI"][: dice.randint(1, 5)]),
                    "external_id": dice.choice([None, None, f"C-{person}"]),
                    "metadata": dice.choice(['{"a": 1}'] * 9 + ['{"b": 2}', None]),
                }
            )  # fmt: skip
    dice.shuffle(rows)
    return prepared(rows)


def answer(rows, pool=None, **policy):
    """Every table that merging leaves, whatever the order of its rows."""
    with duckdb.connect() as con:
        con.register("src", rows)
        deduplicate(con, "src", DedupePolicy(**policy), pool)
        return {
            table: sorted(con.execute(f"SELECT * FROM {table}").fetchall(), key=str)
            for table in TABLES
        }


@pytest.mark.parametrize("seed", range(4))
def test_sql_and_record_by_record_say_the_same(seed):
    rows = people(seed)
    by_sql = answer(rows, level="standard")
    # With a date to sort by every cluster takes the long way; here nobody has one.
    one_by_one = answer(rows, level="standard", prefer="newest", date_key="nowhere")
    assert by_sql == one_by_one
    assert len(by_sql["dd_golden"]) > 300
    assert any(line[-1] for line in by_sql["dd_golden"])  # provenance


def test_workers_change_nothing():
    rows = people(9)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert answer(rows, pool, level="strict") == answer(rows, level="strict")


def test_identity_in_sql_is_that_of_python():
    dice = random.Random(5)
    words = [
        *_SPECIAL, *PLACEHOLDERS, "Éric", "NGONO", "çelik", "Ýves", "Œuvre", "straße",
        "Ømer", "İnan", "jean-paul", "N'Doumbe", "abc2", "x", "Åse", "ﬁn", "K", "ſ",
    ]  # fmt: skip
    names = [" ".join(dice.choices(words, k=dice.randint(0, 4))) for _ in range(5000)]
    names += [f"ab{chr(code)}c d" for code in range(1, 0x2100)]
    names += [name.upper() for name in names[:500]]
    with duckdb.connect() as con:
        con.create_function("name_identity", name_identity, ["VARCHAR"], "VARCHAR")
        con.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS name", [names])
        found = con.execute(f"SELECT name, {identity_sql('name')} FROM t").fetchall()
    assert [row for row in found if row[1] != name_identity(row[0])] == []


def test_many_ranges_wait_for_workers_in_turn(monkeypatch):
    rows = people(11, clusters=60)
    whole = answer(rows, level="strict")
    monkeypatch.setattr(merging, "_BATCH", 2)
    gc.disable()
    try:
        with ThreadPoolExecutor(1) as pool:
            assert answer(rows, pool, level="strict") == whole
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_rows_without_a_name_keep_what_they_differ_in():
    contacts = {"email": "shop@mail.example.com", "phone": "+237670000001"}
    rows = prepared([contacts | {"metadata": f'{{"town": "{t}"}}'} for t in "AB"])
    told = answer(rows, level="strict")
    assert len(told["dd_golden"]) == 1
    assert told["dd_golden"][0][2] is None
    assert [line[2] for line in told["differences"]] == ["metadata.town"]


def test_a_rare_word_with_one_letter_off_is_a_slip_of_the_hand():
    contacts = {"email": "p@mail.example.com"}
    names = ("Paul Ndikonguembe", "Paul Ndikongembe")
    rows = prepared([contacts | {"name": name} for name in names])
    told = answer(rows, level="standard", rare_names_from=2)
    assert [line[2] for line in told["dd_merged"]] == ["R4"]
    assert answer(rows, level="standard", rare_names_from=3)["dd_merged"] == []


def test_words_of_a_typo_and_none():
    left, right = (
        pa.chunked_array([["Paul Ndikong", "Awa"]]),
        pa.chunked_array([["Paul Ndikang", "Awa"]]),
    )
    assert typos(left, right).to_pylist() == ["ndikong ndikang", ""]
