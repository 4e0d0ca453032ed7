"""Planted secrets in French and English files: none reaches the API unless named."""

import json

import pytest

CARDS = ("4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009")
IDS = ("255081416802538", "1 99 07 2A 004 001 09", "269054958815780")
PAY = ("450 000 FCFA", "1 250 000 FCFA", "310 500 FCFA")
BORN = ("12/03/1985", "01/11/1992", "30/06/1971")
PEOPLE = (
    ("Awa Sow", "awa@example.com", "+237670000001"),
    ("Ben Eto'o", "ben@example.com", "+237680000002"),
    ("Chloé Ngo", "chloe@example.com", "+237690000003"),
)
FRENCH = ("Nom", "E-mail", "Téléphone", "Ville")
ENGLISH = ("Name", "Email", "Phone", "City")


def planted(columns, header):
    """Return a file's text with `columns` (header -> values) behind the contacts."""
    rows = [
        (*person, "Douala", *(values[n] for values in columns.values()))
        for n, person in enumerate(PEOPLE)
    ]
    lines = [(*header, *columns), *rows]
    return "\n".join(";".join(line) for line in lines) + "\n"


FILES = {
    "french headers": (
        FRENCH,
        {
            "N° CNI": ("110234567", "110234568", "118765432"),
            "Numéro de carte bancaire": CARDS,
            "Salaire net (FCFA)": PAY,
            "Né(e) le": BORN,
            "Date nais.": BORN,
            "N° SS": IDS,
            "Mot de passe": ("soleil1", "lune22", "mer333"),
            "Émoluments": PAY,
        },
    ),
    "english headers": (
        ENGLISH,
        {
            "National ID No.": ("110234567", "110234568", "118765432"),
            "Card number": CARDS,
            "Monthly salary": PAY,
            "D.O.B.": BORN,
            "Birth dt": BORN,
            "PIN": ("0412", "9031", "5577"),
        },
    ),
    "headers that say nothing": (
        FRENCH,
        {
            "Divers": CARDS,
            "Info 1": IDS,
            "Champ3": BORN,
            "Autre": ("12 mars 1985", "1er novembre 1992", "30 juin 1971"),
            "X": ("19850312", "19921101", "19710630"),
            "Y": ("12/03/85", "01/11/92", "30/06/71"),
            "Compte": ("FR1420041010050500013M02606",) * 3,
            "Réf. 2": ("P012345678901X", "M112345678902Y", "P912345678903Z"),
        },
    ),
    "english headers that say nothing": (
        ENGLISH,
        {
            "Misc": CARDS,
            "Field 1": ("078-05-1120", "219-09-9999", "457-55-5462"),
            "Since": ("March 12, 1985", "November 1, 1992", "June 30, 1971"),
            "Ref": ("AB123456C", "CE123457D", "PR765432A"),
        },
    ),
}


def sent(world):
    return json.dumps(list(world.server.customers.values()), ensure_ascii=False)


@pytest.mark.parametrize("name", FILES)
def test_nothing_planted_leaves(world, name):
    header, columns = FILES[name]
    here = world()
    left = here.bring(here.file(planted(columns, header)), max_reject_rate=1.0)
    assert left.rows == {"read": 3, "created": 3}
    stored = sent(here)
    assert "Douala" in stored
    leaked = [
        (column, value)
        for column, values in columns.items()
        for value in (column, *values)
        if json.dumps(value, ensure_ascii=False)[1:-1] in stored
    ]
    assert leaked == []
    assert left.summary["reading"]["withheld"] == list(columns)
    assert left.findings["sensitive_column"] == len(columns)


@pytest.mark.slow
def test_a_plan_lists_what_is_held_back(world):
    here = world()
    header, columns = FILES["french headers"]
    left = here.plan(here.file(planted(columns, header)))
    assert left.summary["reading"]["withheld"] == list(columns)


@pytest.mark.slow
def test_a_named_column_leaves(world):
    here = world()
    header, columns = FILES["french headers"]
    here.bring(here.file(planted(columns, header)), metadata=("N° CNI", "Ville"))
    (one, *_) = here.server.customers.values()
    assert {"N° CNI", "Ville"} <= set(one["metadata"])
    assert "carte" not in sent(here)


def test_a_secret_far_below_the_sample_is_held_back(world):
    here = world()
    rows = [f"Person{n:03d} Some,p{n}@example.com,ok {n}" for n in range(1, 330)]
    rows[320] = "Person321 Some,p321@example.com,card 4111 1111 1111 1111 please"
    rows[325] = "Person326 Some,p326@example.com,IBAN FR1420041010050500013M02606"
    text = "\n".join(["Name,Email,Note", *rows]) + "\n"
    left = here.bring(here.file(text))
    assert left.rows["created"] == 329
    stored = sent(here)
    assert "ok 320" in stored
    assert "1111 1111" not in stored
    assert "FR14" not in stored
    assert left.findings == {"sensitive_value": 2}
    told = (left.path / "findings.jsonl").read_text(encoding="utf-8")
    assert "1111 1111" not in told


def test_a_named_column_is_not_looked_at_cell_by_cell(world):
    here = world()
    text = "Name,Email,Note\nAwa Sow,a@example.com,x\nBen So,b@example.com,y\n"
    text += "Clo Ngo,c@example.com,4111111111111111\n" + "".join(
        f"Some Pers{n},q{n}@example.com,z\n" for n in range(3)
    )
    here.bring(here.file(text), metadata=("Note",))
    assert "4111111111111111" in sent(here)


def test_order_numbers_that_pass_by_chance_stay(world):
    here = world()
    orders = [4000000000000000 + n for n in range(40)]
    text = "Name,Email,Order\n" + "".join(
        f"Person{n} Some,p{n}@example.com,{order}\n" for n, order in enumerate(orders)
    )
    left = here.bring(here.file(text))
    assert left.findings == {}
    assert all(str(order) in sent(here) for order in orders)
