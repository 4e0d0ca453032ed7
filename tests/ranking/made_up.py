"""Made-up people whose town tells who is who, where their names leave it open."""

import json

import pyarrow as pa

from schemas.tables import PREPARED

GIVEN = ("Awa", "Ben", "Chloé", "Dina", "Esther", "Fatou", "Gilles", "Hawa", "Issa")
HOUSES = ("Sow", "Eto'o", "Ngo", "Fon", "Mbarga", "Diallo", "Tchoua", "Kamga", "Ndiaye")
TOWNS = ("Douala", "Yaoundé", "Kribi", "Limbe", "Bafoussam")


def people(count=300, *, born=True):
    """People of whom each third stands there twice, with a word of the name lost.

    One such pair in two is of one town; the other is two of a household, who share the
    phone. Each fourth stands there once more as he is: from these a model learns.
    """
    rows = []
    for n in range(count):
        name = f"{GIVEN[n % 9]} {HOUSES[n // 9 % 9]} {HOUSES[n // 81]} {HOUSES[n % 7]}"
        one = {
            "name": name,
            "email": f"u{n}@example.com",
            "phone": f"+2376700{n:05d}",
            "city": TOWNS[n % 5] if born else None,
        }
        rows.append(one)
        if n % 4 == 1:
            rows.append(one)
        if n % 3 == 0:
            twin = one | {"name": name.rsplit(" ", 1)[0], "email": None}
            if n % 2 and born:
                twin |= {"city": TOWNS[(n + 2) % 5]}
            rows.append(twin)
    return rows


def table(rows):
    return pa.Table.from_pylist(
        [
            dict.fromkeys(PREPARED.names)
            | {k: v for k, v in row.items() if k != "city"}
            | {"row": n, "line": n + 1, "metadata": json.dumps({"city": row["city"]})}
            for n, row in enumerate(rows, 1)
        ],
        schema=PREPARED,
    )
