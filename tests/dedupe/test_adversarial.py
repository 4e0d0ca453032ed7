"""The cases that fool plain tools, from a table that a domain person can extend."""

import csv
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pytest

from tests.dedupe.world import World

TABLE = Path(__file__).with_name("adversarial.csv")


def cases():
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if not r["case"].startswith("#")]
    for name, group in groupby(rows, key=itemgetter("case")):
        yield pytest.param(list(group), id=name)


def outcome(world, rows):
    """Letters as the table writes them: `?` held, one letter for each person."""
    merges, held = world.merges, world.held
    letters, out = {}, []
    for row in range(1, len(rows) + 1):
        into = merges.get(row, (row,))[0]
        if into in held:
            out.append("?")
        else:
            out.append(letters.setdefault(into, chr(ord("a") + len(letters))))
    return out


@pytest.mark.parametrize("level", ["strict", "standard"])
@pytest.mark.parametrize("rows", list(cases()))
def test_case_ends_as_the_table_says(rows, level):
    fields = ("name", "email", "phone", "birth_date", "external_id")
    world = World([{f: r[f] or None for f in fields} for r in rows], level=level)
    assert outcome(world, rows) == [r[level] for r in rows]
    on = [row["row"] for row in world.golden]
    assert sorted([*on, *world.held, *world.merges]) == list(range(1, len(rows) + 1))


def test_mailbox_of_nineteen_people_merges_nobody():
    people = [
        f"{given} {family}"
        for given, family in zip(
            [
                "Ada",
                "Ben",
                "Cyr",
                "Dom",
                "Eva",
                "Fay",
                "Gil",
                "Hal",
                "Ida",
                "Job",
                "Kim",
                "Lia",
                "Max",
                "Nia",
                "Oto",
                "Pia",
                "Rex",
                "Sia",
                "Tom",
            ],
            [
                "Abo",
                "Bako",
                "Coro",
                "Dado",
                "Eyo",
                "Fofo",
                "Gogo",
                "Hoto",
                "Ibo",
                "Jojo",
                "Koko",
                "Lolo",
                "Mono",
                "Nono",
                "Obo",
                "Popo",
                "Roro",
                "Soso",
                "Toto",
            ],
            strict=True,
        )
    ]
    world = World([{"name": n, "email": "famille@mail.example.com"} for n in people])
    assert world.merges == {}
    assert world.held == {}
    assert [p[:2] for p in world.pairs] == [("contact", "R7")]
    assert len(world.golden) == 19
