"""Headers, contents and `--map` together decide what a column is."""

import pytest

from pipeline.errors import InputError, UsageError
from pipeline.recognise import (
    ColumnEvidence,
    RecogniseOptions,
    parse_map,
    parse_metadata,
    recognise,
)
from schemas.columns import ColumnMap
from schemas.outcomes import Severity

EMAILS = ("awa@example.com", "jean.mballa@example.org", None, "x@example.net", "bad")
PHONES = ("670000001", "6 80 00 00 02", "+237 690000003", None, "237670000004")
NAMES = ("Awa Ndiaye", "Jean Mballa", "Paul Biyong", "Ada Obi", "Eto Marie")


def table(**columns):
    return tuple(columns), tuple(columns.values())


def found(headers, sample=(), **options):
    return recognise(headers, sample, RecogniseOptions(**options)).columns


class TestNames:
    @pytest.mark.parametrize(
        ("headers", "name", "first", "last"),
        [
            (("Nom", "Prénom"), None, "Prénom", "Nom"),
            (("Nom complet", "Nom", "Prénom"), "Nom complet", "Prénom", "Nom"),
            (("Nom",), "Nom", None, None),
            (("Nombre", "Apellidos"), None, "Nombre", "Apellidos"),
            (("Nome", "Sobrenome"), None, "Nome", "Sobrenome"),
            (("Name", "Vorname"), None, "Vorname", "Name"),
            (("الاسم", "اسم العائلة"), None, "الاسم", "اسم العائلة"),
            (("Name", "First name", "Surname"), "Name", "First name", "Surname"),
            (("Full name", "First name"), "Full name", "First name", None),
            (("Nombre de usuario", "Apellidos"), None, None, "Apellidos"),
            (("Billing name", "Shipping name"), "Billing name", None, None),
            (("Destinataire",), "Destinataire", None, None),
        ],
    )
    def test_parts_and_whole(self, headers, name, first, last):
        columns = found((*headers, "Email"))

        assert (columns.name, columns.first_name, columns.last_name) == (
            name,
            first,
            last,
        )

    def test_a_name_that_holds_the_first_name_is_whole(self):
        headers, sample = table(
            Name=NAMES,
            **{"First name": ("Awa", "Jean", "Paul", None, "Marie")},
            Email=EMAILS,
        )

        columns = found(headers, sample)

        assert (columns.name, columns.first_name) == ("Name", "First name")

    def test_a_count_is_no_name(self):
        headers, sample = table(Nombre=("3", "12", "1"), Email=EMAILS[:3])

        result = recognise(headers, sample)

        assert result.columns.name is None
        assert result.columns.metadata == (("Nombre", "Nombre"),)
        assert [note.rule for note in result.notes] == ["name_column_missing"]


class TestContacts:
    def test_all_columns_of_a_contact_stand_in_rank_order(self):
        columns = found(
            (
                "Tél bureau",
                "Tél 2",
                "Tél",
                "Fixe",
                "Tél de livraison",
                "E-mail pro",
                "Mail",
            )
        )

        assert columns.phones == ("Tél", "Tél 2", "Fixe", "Tél bureau")
        assert columns.emails == ("Mail", "E-mail pro")
        assert columns.metadata == (("Tél de livraison", "Tél de livraison"),)

    def test_a_last_resort_serves_alone(self):
        assert found(("Shipping phone",)).phones == ("Shipping phone",)

    def test_an_answer_is_no_contact(self):
        headers, sample = table(
            Email=("yes", "no", "yes"),
            Mail=EMAILS[:3],
            Mobile=("oui", "non", None),
            Orange=("2500", "100", "iPhone 12"),
            Fixe=("abc", "22 20", "670000001"),
        )

        columns = found(headers, sample)

        assert (columns.emails, columns.phones) == (("Mail",), ("Fixe",))

    def test_the_best_filled_country_is_used(self):
        headers, sample = table(
            Pays=(None, " "), Country=("CM", "FR"), Email=EMAILS[:2], Land=("CM", None)
        )

        columns = found(headers, sample)

        assert columns.country == "Country"
        assert columns.metadata == (("Pays", "Pays"), ("Land", "Land"))

    @pytest.mark.parametrize(
        ("values", "external"),
        [
            (tuple(f"C{n}" for n in range(30)), "N° compte"),
            (("C1",) * 30, None),
            (("FR1420041010050500013M02606", "DE89370400440532013000"), None),
        ],
    )
    def test_an_external_id_tells_people_apart(self, values, external):
        headers, sample = table(**{"N° compte": values, "Email": EMAILS})

        assert found(headers, sample).external_id == external


class TestContents:
    def test_values_decide_where_headers_say_nothing(self):
        headers, sample = table(
            **{"column 1": NAMES, "column 2": PHONES, "Kontaktdaten": EMAILS}
        )

        result = recognise(headers, sample)

        assert result.columns.emails == ("Kontaktdaten",)
        assert result.columns.phones == ("column 2",)
        assert result.evidence[:2] == (
            ColumnEvidence("Kontaktdaten", "email", "contents", "3 of 4 values"),
            ColumnEvidence("column 2", "phone", "contents", "4 of 4 values"),
        )
        assert result.evidence[0].told("en") == (
            "Kontaktdaten -> email (by its contents: 3 of 4 values)"
        )
        assert result.evidence[2].told("fr") == (
            "column 1 -> metadata.column 1 (gardée telle quelle)"
        )
        assert [finding.message for finding in result.findings("en")] == [
            (
                "Column “Kontaktdaten” is taken for email by its contents (3 of 4 values); "
                "its header does not say so"
            ),
            (
                "Column “column 2” is taken for phone by its contents (4 of 4 values); "
                "its header does not say so"
            ),
            "No column holds a name: customers are sent without one",
        ]

    @pytest.mark.parametrize(
        ("header", "values"),
        [
            ("Owner email", EMAILS),
            ("E-mail du vendeur", EMAILS),
            ("N° facture", PHONES),
            ("Numéro", ("670000001",) * 5 + ("670000002",)),
            ("Numéro", ("1", "2", "3", "4")),
            ("Numéro", ("2023-01-01", "2023-02-01", "01/02/2023")),
            ("Numéro", ("100200300", "100200301", "670000001", "100200302")),
            ("Numéro", ("12", "abc", "+999 99 99 99 99", "670000001")),
            ("Numéro", ()),
        ],
    )
    def test_values_do_not_decide_against_a_header_or_for_other_numbers(
        self, header, values
    ):
        headers, sample = table(**{header: values})

        with pytest.raises(InputError):
            recognise(headers, sample)

    def test_consecutive_numbers_that_can_be_called_are_phones(self):
        headers, sample = table(Numéro=tuple(str(670000001 + n) for n in range(9)))

        assert found(headers, sample).phones == ("Numéro",)

    def test_the_region_decides_what_a_number_is(self):
        headers, sample = table(Contact=("670000001", "680000002"))

        assert found(headers, sample).phones == ("Contact",)
        with pytest.raises(InputError):
            found(headers, sample, region="GB")


class TestNoContact:
    def test_the_headers_found_are_listed(self):
        with pytest.raises(InputError) as caught:
            recognise(("Produit", " Prix "), ())

        assert caught.value.message == (
            "No column holds an e-mail or a phone; the 2 headers found are "
            "`Produit`, `Prix`"
        )
        assert caught.value.hint == (
            "name the columns, as `--map email=COLUMN` or `--map phone=#3` by position"
        )

    def test_a_line_of_data_is_masked_whole(self):
        with pytest.raises(InputError) as caught:
            recognise(("Awa Ndiaye", "awa@example.com", "+237 670 00 00 01"), ())

        assert caught.value.message.endswith("are `A…`, `a…`, `+…`")
        assert caught.value.hint.startswith("the first line looks like data")


class TestMap:
    def test_by_header_by_another_dress_and_by_place(self):
        columns = found(
            ("Colonne A", "Téléphone", "3", "D"),
            map=(
                ("name", "#1"),
                ("phone", "telephone"),
                ("email", "3"),
                ("country", "4"),
            ),
        )

        assert columns == ColumnMap(
            name="Colonne A", phones=("Téléphone",), emails=("3",), country="D"
        )

    def test_a_named_field_takes_no_other_column(self):
        columns = found(
            ("Nom", "Prénom", "Tél", "Portable", "Mail"),
            map=(("phone", "Portable"), ("name", "Nom"), ("phone", "Portable")),
        )

        assert columns.phones == ("Portable",)
        assert (columns.name, columns.first_name) == ("Nom", None)
        assert columns.metadata == (("Prénom", "Prénom"), ("Tél", "Tél"))

    def test_again_for_each(self):
        columns = found(
            ("A", "B"), map=(("phone", "B"), ("phone", "A"), ("email", "A"))
        )

        assert columns.phones == ("B", "A")
        assert columns.emails == ("A",)

    def test_metadata_key(self):
        columns = found(("Email", "Ville"), map=(("metadata.city", "ville"),))

        assert columns.metadata == (("city", "Ville"),)

    @pytest.mark.parametrize(
        ("pair", "message", "hint"),
        [
            (
                ("mail", "A"),
                "`--map` has no field `mail`",
                (
                    "fields are name, first_name, last_name, email, phone, country, "
                    "external_id, consent, consent_date and metadata.KEY"
                ),
            ),
            (
                ("email", "Emial"),
                (
                    "`--map email=Emial`: the file has no column `Emial`; "
                    "its 3 columns are `Email`, `Ville`, `Âge`"
                ),
                "did you mean `Email`?",
            ),
            (
                ("email", "#4"),
                (
                    "`--map email=#4`: the file has no column `#4`; "
                    "its 3 columns are `Email`, `Ville`, `Âge`"
                ),
                "name a header of the file, or a place from 1 on, as `#3`",
            ),
        ],
    )
    def test_what_is_not_there(self, pair, message, hint):
        with pytest.raises(UsageError) as caught:
            found(("Email", "Ville", "Âge"), map=(pair,))

        assert (caught.value.message, caught.value.hint) == (message, hint)

    def test_a_name_that_fits_two_columns(self):
        with pytest.raises(UsageError, match="fits 2 columns: `E-mail`, `E_MAIL`"):
            found(("E-mail", "E_MAIL"), map=(("email", "email"),))

    def test_headers_that_are_data_are_masked(self):
        with pytest.raises(UsageError, match="columns are `a…`, `6…`") as caught:
            found(("awa@example.com", "670000001"), map=(("email", "awa"),))

        assert "did you mean" not in caught.value.hint

    def test_parse(self):
        assert parse_map(["phone = Tél=1", "metadata.ville=Ville"]) == (
            ("phone", "Tél=1"),
            ("metadata.ville", "Ville"),
        )

    @pytest.mark.parametrize("text", ["phone", "phone=", "=A", "metadata.=A", "tel=A"])
    def test_parse_refuses(self, text):
        with pytest.raises(UsageError):
            parse_map([text])


class TestMetadata:
    HEADERS = ("Email", "Nom", "Ville", "Date de naissance", "N° CNI", "Salaire")

    def test_sensitive_columns_are_withheld(self):
        result = recognise(self.HEADERS, ())

        assert result.columns.metadata == (("Ville", "Ville"),)
        assert result.columns.withheld == ("Date de naissance", "N° CNI", "Salaire")
        finding = result.findings("fr")[0]
        assert (finding.row, finding.line, finding.field) == (0, 0, "Date de naissance")
        assert (finding.rule, finding.severity) == (
            "sensitive_column",
            Severity.WARNING,
        )
        assert finding.message == (
            "La colonne « Date de naissance » semble sensible (birth_date) et est "
            "retenue : elle n'est pas envoyée"
        )

    def test_named_columns_leave_and_no_others(self):
        columns = found(self.HEADERS, metadata=("ville", "N° CNI"))

        assert columns.metadata == (("Ville", "Ville"), ("N° CNI", "N° CNI"))
        assert columns.national_id == "N° CNI"
        assert columns.withheld == ()

    def test_none(self):
        result = recognise(
            self.HEADERS,
            (),
            RecogniseOptions(
                metadata="none", map=(("metadata.ne_le", "Date de naissance"),)
            ),
        )

        assert result.columns.metadata == (("ne_le", "Date de naissance"),)
        assert result.columns.birth_date == "Date de naissance"
        assert ColumnEvidence("Ville", "unused", "map") in result.evidence

    def test_a_key_tells_what_a_column_is(self):
        columns = found(("Email", "C3"), map=(("metadata.birth_date", "C3"),))

        assert columns.birth_date == "C3"

    def test_allow_deny_and_rename_of_the_settings(self):
        columns = found(
            self.HEADERS,
            allow=("Salaire", "Elsewhere"),
            deny=("Ville", "N° CNI"),
            rename=(("Salaire", "salary"),),
        )

        assert columns.metadata == (("salary", "Salaire"),)
        assert columns.withheld == ("Date de naissance",)

    def test_keys_are_distinct(self):
        headers = ("Email", "Pays", "country", "country 2", "Ville ", "Ville")

        columns = found(headers)

        assert columns.metadata == (
            ("country 2", "country"),
            ("country 2 2", "country 2"),
            ("Ville", "Ville "),
            ("Ville 2", "Ville"),
        )

    def test_a_key_by_hand_comes_before_a_header(self):
        columns = found(("Email", "Ville", "B"), map=(("metadata.Ville", "B"),))

        assert columns.metadata == (("Ville", "B"), ("Ville 2", "Ville"))

    def test_one_key_for_two_columns_is_a_usage_error(self):
        with pytest.raises(UsageError, match=r"`metadata\.x` is filled twice"):
            found(("Email", "A", "B"), map=(("metadata.x", "A"), ("metadata.x", "B")))

    def test_a_missing_column_is_a_usage_error(self):
        with pytest.raises(
            UsageError, match="`--metadata`: the file has no column `Vile`"
        ):
            found(self.HEADERS, metadata=("Vile",))

    @pytest.mark.parametrize(
        ("text", "choice"),
        [
            ("all", "all"),
            (" none ", "none"),
            ("Ville, Segment", ("Ville", "Segment")),
            ('"Ville, pays",X', ("Ville, pays", "X")),
            ("", ()),
        ],
    )
    def test_parse(self, text, choice):
        assert parse_metadata(text) == choice
