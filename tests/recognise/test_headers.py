"""The alias table: every line means what it says, and nothing else is caught."""

import pytest

from pipeline.recognise import customer_likeness
from schemas.fields import MAPPABLE
from schemas.headers import main_words, meaning, mentions, plain_words, read_table

ALIASES = [row for row in read_table("headers.csv") if row["field"] in MAPPABLE]
WORD_LISTS = {
    "nothing",
    "subject",
    "filler",
    "someone_else",
    "other_number",
    "small_word",
}


def test_every_alias_means_its_field():
    wrong = {
        row["alias"]: (row["field"], found and found.field)
        for row in ALIASES
        if (found := meaning(row["alias"])) is None or found.field != row["field"]
    }

    assert wrong == {}


def test_every_field_has_aliases_in_six_languages():
    languages = {"en", "fr", "es", "pt", "ar", "de"}

    for field in MAPPABLE:
        assert {
            row["language"] for row in ALIASES if row["field"] == field
        } == languages


def test_the_table_holds_known_fields_and_ranks_only():
    rows = list(read_table("headers.csv"))

    assert {row["field"] for row in rows} == {*MAPPABLE, *WORD_LISTS}
    assert {row["rank"] for row in ALIASES} == {"1", "2", "3", "4", "9"}


@pytest.mark.parametrize(
    "header",
    [
        "Contact owner",
        "Accepts Email Marketing",
        "Accepts SMS Marketing",
        "Email opt-in",
        "Email Opt Out",
        "Email verified",
        "Email domain",
        "Email status",
        "Phone type",
        "Phone verified",
        "Phone country code prefix",
        "Nom de l'entreprise",
        "Nom du produit",
        "Nom de la boutique",
        "Nom d'utilisateur",
        "Nombre de clients",
        "Nombre d'achats",
        "Nombre de usuario",
        "Username",
        "user_name",
        "Account Name",
        "Company name",
        "Product name",
        "File name",
        "Assistant's Phone",
        "Asst Phone",
        "Emergency contact phone",
        "Phone (owner)",
        "Owner email",
        "Vendeur",
        "Fax",
        "Tel / Fax",
        "Nom / Tel",
        "Country code prefix",
        "Passport country",
        "Nationalité",
        "Adresse",
        "IP address",
        "Address 1",
        "Contact",
        "ID",
        "Record ID",
        "unique_id",
        "Contact ID",
        "column 3",
        "",
        "***",
        "12",
        "电子邮件",
    ],
)
def test_a_part_of_a_header_is_no_alias(header):
    assert meaning(header) is None


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Prénom", "first_name"),
        ("Nom", "name"),
        ("NOM ET PRENOMS", "name"),
        ("Nom & Prénom du client", "name"),
        ("Prénom(s)", "first_name"),
        ("N° de tél.", "phone"),
        ("num_tel_client", "phone"),
        ("Téléphone (obligatoire)", "phone"),
        ("Téléphone (avec indicatif)", "phone"),
        ("Téléphone / Phone", "phone"),
        ("Phone or WhatsApp", "phone"),
        ("Téléphone 2 (Orange)", "phone"),
        ("PhoneNumber", "phone"),
        ("phonenumber", "phone"),
        ("Cell #", "phone"),
        ("MSISDN", "phone"),
        ("Handy-Nr.", "phone"),
        ("رقم الجوال", "phone"),
        ("EmailAddress", "email"),
        ("E-MAIL", "email"),
        ("e mail", "email"),
        ("eMail", "email"),
        ("customer_email", "email"),
        ("clientemail", "email"),
        ("Votre adresse e-mail *", "email"),
        ("What is your email address?", "email"),
        ("البريد الإلكترونى", "email"),
        ("Country / Region", "country"),
        ("Länderkürzel", "country"),
        ("Code client", "external_id"),
        ("Matricule", "external_id"),
        ("N° compte", "external_id"),
        ("N°\u00a0client", "external_id"),
        ("Customer ID", "external_id"),
        ("LName", "last_name"),
    ],
)
def test_a_header_is_read_whatever_its_dress(header, field):
    found = meaning(header)

    assert found is not None
    assert found.field == field


def test_a_number_in_a_header_ranks_it():
    assert [meaning(h).number for h in ("Tel1", "Phone 2", "E-mail 3 - Value")] == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("N° de tél.", ("n", "de", "tel")),
        ("FirstName", ("first", "name")),
        ("HTTPHeader2", ("http", "header", "2")),
        ("D.O.B.", ("dob",)),
        ("Größe", ("grosse",)),
        ("Ｅ－ｍａｉｌ", ("email",)),
        ("", ()),
    ],
)
def test_plain_words(header, words):
    assert plain_words(header) == words


def test_main_words_keep_a_header_that_is_nothing_but_small_words():
    assert main_words("de la") == ("de", "la")
    assert main_words("N° du tél") == ("numero", "tel")


def test_mentions():
    assert mentions("Contact Owner", "someone_else")
    assert mentions("N° facture", "other_number")
    assert not mentions("Contact", "someone_else")


@pytest.mark.parametrize(
    ("headers", "points"),
    [
        (("Nom", "Prénom", "Tél", "E-mail", "Pays"), 14),
        (("Nom", "Montant"), 3),
        (("Produit", "Prix"), 0),
        (("Awa Ndiaye", "awa@example.com", "+237670000001"), 0),
        (("Nom", "677000001"), 0),
        ((), 0),
    ],
)
def test_customer_likeness(headers, points):
    assert customer_likeness(headers) == points
