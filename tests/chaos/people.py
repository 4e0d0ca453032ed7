"""Invented people for one run: a customer file, who exists already, what must come out."""

import csv
from dataclasses import dataclass, field

FIRST = ("Amina", "Brice", "Chantal", "Didier", "Estelle", "Fabrice", "Gisele", "Herve")
LAST = ("Abena", "Biya", "Chedjou", "Djoumessi", "Essomba", "Fotso", "Ngono", "Tchami")


@dataclass(frozen=True)
class Person:
    """A person by number: everybody's name, e-mail and phone differ."""

    number: int
    email: str | None
    phone: str | None
    city: str | None = None

    @property
    def name(self):
        first, last = self.number % 8, self.number // 8 % 8
        return f"{FIRST[first]} {LAST[last]}{'abcdefgh'[self.number // 64 % 8]}"


@dataclass
class Cast:
    """Rows of the file in order, existing customers, and the outcome due to each row.

    A row is a person; `existing` holds records as the server stores them; `due` is the
    outcome of each row, 1-based order of the file.
    """

    rows: list[Person] = field(default_factory=list)
    existing: list[dict] = field(default_factory=list)
    due: list[str] = field(default_factory=list)

    def write(self, path):
        with path.open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["name", "email", "phone", "city"])
            for p in self.rows:
                out.writerow([p.name, p.email or "", p.phone or "", p.city or ""])


def person(rng, number):
    phone = f"+2376{rng.choice('789')}0000{number:03d}"
    email = f"client{number}@example.com"
    shape = rng.random()
    return Person(
        number,
        None if shape < 0.12 else email,
        None if 0.12 <= shape < 0.24 else phone,
        rng.choice([None, "Douala", "Garoua"]),
    )


def make_cast(rng, count, *, fillers=0, only_new=False, may_repeat=False):
    """Return `count` rows: mostly new, some known, some to complete, one twice."""
    cast = Cast()
    for number in range(count):
        one = person(rng, number)
        kind = 1.0 if only_new else rng.random()
        if kind < 0.1:
            cast.existing.append(record(one))
            due = "unchanged"
        elif kind < 0.2 and one.email and one.phone:
            cast.existing.append({**record(one), "phone": None})
            due = "updated"
        else:
            due = "created"
        cast.rows.append(one)
        cast.due.append(due)
    if may_repeat and not only_new:
        cast.rows.append(cast.rows[0])
        cast.due.append("merged")
    cast.existing += [filler(number) for number in range(fillers)]
    return cast


def record(one):
    metadata = {"city": one.city} if one.city else {}
    return {
        "name": one.name,
        "email": one.email,
        "phone": one.phone,
        "metadata": metadata,
        "created_at": "2024-01-05T08:00:00Z",
    }


def filler(number):
    """Return an unrelated customer, so that searching costs less than listing."""
    return {
        "name": f"Filler {number}",
        "email": f"filler{number}@example.org",
        "phone": f"+447700900{number % 1000:03d}",
        "metadata": {},
        "created_at": "2023-01-05T08:00:00Z",
    }
