"""What must not leave by accident: by header in six languages, and by content."""

import pytest

from pipeline.recognise import recognise
from pipeline.recognise.contents import luhn
from pipeline.recognise.withheld import kind_of, secret_in
from schemas.headers import meaning, read_table
from schemas.sensitive import KINDS, doubtful_kind, sensitive_kind

ROWS = list(read_table("sensitive.csv"))


def test_every_header_of_the_table_is_caught_as_its_kind():
    wrong = {
        row["header"]: (row["kind"], found)
        for row in ROWS
        if row["kind"] != "harmless"
        and (found := sensitive_kind(row["header"]) or doubtful_kind(row["header"]))
        != row["kind"]
    }

    assert wrong == {}


def test_every_kind_has_headers_in_six_languages():
    languages = {"en", "fr", "es", "pt", "ar", "de"}

    for kind in KINDS:
        known = {row["language"] for row in ROWS if row["kind"] == kind}
        assert known >= languages - (
            {"de", "ar", "pt", "es"} if kind == "pin" else set()
        )
    assert {row["kind"] for row in ROWS} == {*KINDS, "harmless"}
    assert {row["match"] for row in ROWS} == {"word", "whole", "values"}


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("N° CNI", "national_id"),
        ("Numéro de CNI du client", "national_id"),
        ("Numéro de la pièce d'identité", "national_id"),
        ("PASSPORT_NUMBER", "national_id"),
        ("uganda_nin", "national_id"),
        ("Social Security #", "national_id"),
        ("NIU", "tax_number"),
        ("N° contribuable", "tax_number"),
        ("VAT No.", "tax_number"),
        ("Date de naissance (JJ/MM/AAAA)", "birth_date"),
        ("Né(e) le", "birth_date"),
        ("D.O.B", "birth_date"),
        ("Date Of Birth", "birth_date"),
        ("BirthDate", "birth_date"),
        ("Geburtsdatum", "birth_date"),
        ("Salaire mensuel net (FCFA)", "salary"),
        ("YearlyIncome", "salary"),
        ("Revenus mensuels", "salary"),
        ("Credit Card Number", "card_number"),
        ("N° carte bancaire", "card_number"),
        ("Code PIN", "pin"),
        ("PIN", "pin"),
        ("Code secret MoMo", "pin"),
        ("Mot de passe", "password"),
        ("user_pass", "password"),
        ("IBAN", "bank_account"),
        ("RIB", "bank_account"),
        ("N° de compte bancaire", "bank_account"),
        ("Groupe sanguin", "health"),
        ("Blood type", "health"),
        ("État de santé", "health"),
        ("كلمة المرور", "password"),
        ("Passport country", None),
        ("Date of birth verified", None),
        ("Lieu de naissance", None),
        ("Card Last4", None),
        ("Card CVC Status", None),
        ("Tax Exempt", None),
        ("Montant payé", None),
        ("Ne pas contacter", None),
        ("Ist ein Kunde", None),
        ("Code postal", None),
        ("Code promo", None),
        ("Carte de fidélité", None),
        ("Pinterest", None),
        ("Agence", None),
        ("Code", None),
    ],
)
def test_a_header_is_sensitive(header, kind):
    assert sensitive_kind(header) == kind


def test_no_alias_of_a_contact_is_sensitive():
    aliases = read_table("headers.csv")
    fields = {"name", "first_name", "last_name", "email", "phone", "country"}

    assert [
        row["alias"]
        for row in aliases
        if row["field"] in fields
        and meaning(row["alias"])
        and sensitive_kind(row["alias"])
    ] == []


CONTENTS = {
    "cards": ("card_number", ("4111 1111 1111 1111", "5555-5555-5555-4444", "ok")),
    "a card in a note": ("card_number", ("paid with 4111111111111111 today", "hello")),
    "order numbers": (
        None,
        ("4111111111111112", "5555555555554445", "4111111111111111"),
    ),
    "numbers no card has": (None, ("9111111111111118", "0000000000000000")),
    "ibans": (
        "bank_account",
        ("FR14 2004 1010 0505 0001 3M02 606", "DE89370400440532013000"),
    ),
    "a wrong iban": (None, ("FR1520041010050500013M02606",)),
    "ribs": ("bank_account", ("20041 01005 0500013M026 06",)),
    "a wrong rib": (None, ("20041 01005 0500013M026 07",)),
    "french numbers": ("national_id", ("2 55 08 14 168 025 38", "255081416802538")),
    "a corsican number": ("national_id", ("1 99 07 2A 004 001 09",)),
    "a wrong french number": (None, ("255081416802539",)),
    "us numbers": ("national_id", ("078-05-1120", "219-09-9999")),
    "ugandan numbers": ("national_id", ("CF21927470OWMT", "CF68167355NUZY")),
    "ghanaian numbers": ("national_id", ("GHA-123456789-0",)),
    "brazilian numbers": ("national_id", ("529.982.247-25", "111.444.777-35")),
    "wrong brazilian numbers": (None, ("529.982.247-24", "111.111.111-11")),
    "spanish numbers": ("national_id", ("12345678Z", "X1234567L")),
    "belgian numbers": ("national_id", ("85.07.30-033.28", "85073003328")),
    "wrong belgian numbers": (None, ("85.07.30-033.29", "85073003327")),
    "british numbers": ("national_id", ("AB123456C", "ab 12 34 56 c")),
    "italian numbers": ("national_id", ("RSSMRA85T10A562S",)),
    "codes of customers in Cameroon": (None, ("CM0000012345", "CM0000012346")),
    "cameroonian taxpayers": ("tax_number", ("P012345678901X", "M998877665544B")),
    "births in words": ("birth_date", ("12 mars 1985", "July 4, 1971", "1er mai 1990")),
    "births in short": ("birth_date", ("12/03/85", "01/11/92", "30/06/71")),
    "births without marks": ("birth_date", ("19850312", "03121992", "30061971")),
    "days that are none": (None, ("19851312", "99999999", "00000000")),
    "short sign-ups": (None, ("12/03/21", "01/11/22", "30/06/23")),
    "words and numbers": (None, ("12 rue 1985", "route 1971")),
    "south african numbers": ("national_id", ("8001015009087",)),
    "births": ("birth_date", ("1950-03-06", "06/03/1988", "1999-12-31", "01.02.1971")),
    "sign-ups": (None, ("2015-03-06", "2016-03-06", "2019-12-31")),
    "old sign-ups": (None, ("1990-03-06", "2016-03-06", "2019-12-31")),
    "young dates": (None, ("1990-03-06", "2012-03-06", "2014-12-31")),
    "hashes": ("password", ("$2y$10$abcdefghijklmnop", "$P$Babcdefgh12345")),
    "blood": ("health", ("A+", "O-", "AB +", "O Rh+")),
    "grades": (None, ("A", "B", "C")),
    "cities": (None, ("Douala", "Yaoundé", "Kribi")),
    "nothing": (None, ()),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_values_that_look_sensitive(name):
    kind, values = CONTENTS[name]

    found = kind_of("Divers", values)

    assert (found and found[0]) == kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (("0412", "9031", "5577"), "pin"),
        (("12345", "99310", "00012"), "pin"),
        (("A12", "B13"), None),
        (("1000", "1000", "1000", "2000", "2000"), None),
        (("12", "1234", "99999"), None),
    ],
)
def test_a_doubtful_header_needs_values(values, kind):
    assert (found := kind_of("Code", values)) is None or found[0] == kind
    assert (found and found[0]) == kind


@pytest.mark.parametrize(
    ("digits", "right"),
    [("4111111111111111", True), ("79927398713", True), ("123", False)],
)
def test_luhn(digits, right):
    assert luhn(digits) is right


def test_a_planted_column_is_withheld_by_content():
    result = recognise(
        ("Email", "Divers"), (("a@example.com",), ("4111 1111 1111 1111",))
    )

    assert result.columns.withheld == ("Divers",)
    assert result.evidence[-1].told("en") == (
        "Divers -> withheld (by its contents: card_number, 1 of 1 values)"
    )


FRENCH = 1850578006084


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        (f"NIR {FRENCH}{97 - FRENCH % 97:02}", "national_id"),
        (f"NIR {FRENCH}{96 - FRENCH % 97:02}", None),
        ("FR76 3000 6000 0112 3456 7890 189", "bank_account"),
        ("12 rue de la Paix", None),
    ],
)
def test_a_secret_in_one_cell_is_known_by_its_check_digits(cell, kind):
    assert secret_in(cell) == kind
