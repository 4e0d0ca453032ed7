"""The invented people of `sample_data/`, and the rows that each show something."""

GIVEN = (
    "Aminata",
    "Jean",
    "Brenda",
    "Paul",
    "Solange",
    "Emmanuel",
    "Fatimatou",
    "Eric",
    "Grace",
    "Thierry",
    "Clarisse",
    "Samuel",
    "Mireille",
    "Ibrahim",
    "Carine",
    "Patrick",
    "Ruth",
    "Serge",
    "Nadège",
    "Collins",
    "Estelle",
    "Hervé",
    "Blessing",
    "Alain",
    "Rosine",
    "Derick",
    "Viviane",
    "Gaël",
    "Prudence",
    "Roland",
    "Aïssatou",
    "Cédric",
    "Joyce",
    "Martial",
    "Yvette",
    "Franck",
    "Larissa",
    "Boris",
    "Delphine",
    "Achille",
)
SURNAMES = (
    "Mbarga",
    "Tchoumi",
    "Ngono",
    "Fokou",
    "Ewané",
    "Nkeng",
    "Abega",
    "Talla",
    "Biyong",
    "Che",
    "Dipanda",
    "Kamga",
    "Moukoko",
    "Njoya",
    "Atangana",
    "Simo",
    "Ndongo",
    "Tabi",
    "Essomba",
    "Wandji",
    "Oumarou",
    "Fru",
    "Belinga",
    "Noubissi",
    "Lobe",
    "Zambo",
    "Djoumessi",
    "Ayuk",
    "Mvondo",
    "Kouam",
    "N'Goumou",
    "Bouba",
    "Epée",
    "Tamo",
    "Ongolo",
    "Fotso",
    "Njie",
    "Manga",
    "Sadou",
    "Nana",
    "Taylor-Bisso",
    "Mengue",
    "Ekani",
)

_LONG = "Très-Long-Prénom-" * 8


def _row(name, given, phone="", email="", **more):
    named = {"Nom": name, "Prénom": given, "Téléphone": phone, "E-mail": email}
    return named | {key.replace("_", " ").strip(): cell for key, cell in more.items()}


REPAIRED = (
    (
        "`formula_text`: a number kept as text by a formula",
        _row("Enow", "Linda", '="+237{phone}"'),
    ),
    (
        "`invisible_marks`: copied from a phone's contacts",
        _row("Mbia", "Odile", "\u200e+237 {spaced}"),
    ),
    ("`unusual_blanks`: no-break spaces", _row("Tsafack", "Guy", "+237\u00a0{phone}")),
    ("`foreign_digits`: Arabic digits", _row("Hamadou", "Salifou", "٦٧٠٠٠٠٠٩٩")),
    (
        "`uri_prefix`: a link instead of a number",
        _row("Ndi", "Rita", "tel:+237{phone}"),
    ),
    (
        "`sci_exact`: a number as Excel shows it, every digit there",
        _row("Bassong", "Luc", "2.37680000099E+11"),
    ),
    (
        "`float_artifact`: a number that passed through a float",
        _row("Koum", "Ada", "{phone}.0"),
    ),
    (
        "`label_removed`: words around a number",
        _row("Etoundi", "Jules", "Tél : {spaced} (WhatsApp)"),
    ),
    (
        "`extension_dropped`: an extension behind a number",
        _row("Mballa", "Irène", "+237{phone} ext. 12"),
    ),
    (
        "`several_numbers`: two numbers in a cell",
        _row("Nkolo", "Vera", "{phone} / {other}"),
    ),
    (
        "`double_zero`, `region_mismatch`: 00 for +, a customer in Nigeria",
        _row("Okafor", "Chidi", "00237{phone}", Pays="Nigeria"),
    ),
    (
        "`region_mismatch`: a Cameroonian number, a customer in Gabon",
        _row("Obame", "Sylvie", "+237{phone}", Pays="Gabon"),
    ),
    (
        "`phone_placeholder`: a number typed to fill the cell",
        _row("Bella", "Rose", "670000000", "rose.bella@example.com"),
    ),
    (
        "`says_nothing`: words for an empty cell",
        _row("Tonye", "Marc", "N/A", "marc.tonye@example.com"),
    ),
    (
        "`country_unknown`: a country that is none",
        _row("Ebai", "Peter", "{phone}", Pays="Kamerunia"),
    ),
    (
        "`display_name`: an address as a mail program writes it",
        _row("Fouda", "Léa", "{phone}", "Léa Fouda <lea.fouda@example.org>"),
    ),
    (
        "`uri_prefix`: a mail link",
        _row("Ateba", "Noël", "", "mailto:noel.ateba@example.com"),
    ),
    (
        "`quotes_removed`: quotation marks around an address",
        _row("Bikoï", "Anne", "", "'anne.bikoi@example.net'"),
    ),
    (
        "`trailing_marks`: a semicolon behind an address",
        _row("Tchatchoua", "Éva", "", "eva.tchatchoua@example.com;"),
    ),
    (
        "`several_emails`: two addresses in a cell",
        _row("Ngassa", "Ivan", "", "ivan.ngassa@example.com, ivan@example.org"),
    ),
    (
        "`label_removed`: a label before an address",
        _row("Kenfack", "Olga", "", "Mail : olga.kenfack@example.org"),
    ),
    (
        "`formula_text`: an address kept as text by a formula",
        _row("Dongmo", "Cyrille", "", '="cyrille.dongmo@example.com"'),
    ),
    (
        "`invisible_marks`: a mark nobody sees in an address",
        _row("Suh", "Comfort", "", "\u200ecomfort.suh@example.com"),
    ),
    (
        "`email_placeholder`: an address typed to fill the cell",
        _row("Mbida", "Théo", "{phone}", "noemail@example.com"),
    ),
    (
        "`email_role`: the address of an office",
        _row("Pharmacie du Rond-Point", "", "{phone}", "contact@example.net"),
    ),
    (
        "`email_long`: an address of more than 240 characters",
        _row(
            "Longin",
            "Max",
            "{phone}",
            "max@" + ("tres-long-sous-domaine." * 10) + "example.com",
        ),
    ),
    (
        "`mojibake`: a name read in a wrong encoding",
        _row("BÃ©nÃ©dicte", "FranÃ§oise", "{phone}"),
    ),
    (
        "`mixed_script`: a Cyrillic А at the head of a Latin name",
        _row("Abena", "\u0410lice", "{phone}"),
    ),
    ("`name_placeholder`: a name for nobody", _row("CLIENT DIVERS", "", "{phone}")),
    ("`name_numbers_only`: a name without letters", _row("00412", "", "{phone}")),
    (
        "`name_long`: a name of more than 128 characters",
        _row("Eyenga", _LONG, "{phone}"),
    ),
    (
        "`phone_not_valid` with a good e-mail: the number (French, kept for fiction) is left out",
        _row(
            "Durand",
            "Claire",
            "+33 6 39 98 12 34",
            "claire.durand@example.com",
            Pays="France",
        ),
    ),
    (
        "`phone_not_valid` with a good e-mail: the number (British, kept for fiction) is left out",
        _row(
            "Smith",
            "Oliver",
            "+44 7700 900123",
            "oliver.smith@example.org",
            Pays="Royaume-Uni",
        ),
    ),
    (
        "`lost_plus` with a good e-mail: 237… in a French row",
        _row("Petit", "Hugo", "237{phone}", "hugo.petit@example.com", Pays="France"),
    ),
    (
        "`phone_too_short` with a good e-mail",
        _row("Brown", "Emily", "+44 7700 9001", "emily.brown@example.com", Pays="GB"),
    ),
    (
        "`phone_unknown_country_code` with a good e-mail",
        _row("Mendo", "Ali", "+999 {phone}", "ali.mendo@example.com"),
    ),
    (
        "`sci_truncated` with a good e-mail: digits are lost for good",
        _row("Ndam", "Issa", "2.3767E+11", "issa.ndam@example.com"),
    ),
    (
        "`glued_numbers` with a good e-mail",
        _row("Yana", "Flore", "+237{phone}+237{other}", "flore.yana@example.org"),
    ),
    (
        "`phone_service_code` with a good e-mail",
        _row("Fonkou", "Léo", "*126#", "leo.fonkou@example.net"),
    ),
    (
        "`email_no_local` with a good phone",
        _row("Bebey", "Zoé", "{phone}", "@example.com"),
    ),
    (
        "`email_no_domain` with a good phone",
        _row("Manga Bell", "Rudy", "{phone}", "rudy@"),
    ),
    (
        "`email_no_tld` with a good phone",
        _row("Ekambi", "Lise", "{phone}", "lise@boutique"),
    ),
    (
        "`email_dots` with a good phone",
        _row("Nganou", "Steve", "{phone}", "steve..nganou@example.com"),
    ),
    (
        "`email_bad_domain` with a good phone",
        _row("Song", "Axel", "{phone}", "axel@-example.com"),
    ),
    (
        "`email_too_long` with a good phone",
        _row("Mbock", "Inès", "{phone}", "i" * 65 + "@example.com"),
    ),
    (
        "`email_special_use` with a good phone",
        _row("Lele", "Fanny", "{phone}", "fanny@boutique.invalid"),
    ),
    (
        "`email_unsafe_characters` with a good phone: a mark that reverses the text",
        _row("Ottou", "Yann", "{phone}", "yann\u202e@example.com"),
    ),
    (
        "`email_quoted_local` with a good phone",
        _row("Ze", "Nina", "{phone}", '"nina ze"@example.com'),
    ),
    (
        "`email_bad_characters` with a good phone",
        _row("Doumbé", "Kevin", "{phone}", "kevin(doumbe@example.com"),
    ),
    (
        "`email_url_encoded` with a good phone",
        _row("Ebode", "Lucie", "{phone}", "lucie%40example.com"),
    ),
)
"""What a row shows and its cells: rows that are accepted."""

REJECTED = (
    ("`no_contact`: nothing to reach the customer by", _row("Mvogo", "Alice")),
    ("`no_contact`: a name and a town only", _row("Nlend", "Joseph")),
    (
        "`no_contact`, `says_nothing`: words for nothing",
        _row("Tene", "Esther", "-", "n/a"),
    ),
    ("`phone_not_a_number`", _row("Belibi", "Arsène", "voir avec sa sœur")),
    ("`phone_too_short`", _row("Onana", "Judith", "67 00 00")),
    ("`phone_too_long`", _row("Tagne", "Rodrigue", "6700000123456789")),
    (
        "`cm_8_to_9`: eight digits, as before 2014; the repair is offered",
        _row("Mbappa", "Lydie", "70 00 00 98"),
    ),
    (
        "`letter_o`: the letter O for zero; the repair is offered",
        _row("Nguini", "Bruno", "670000O97"),
    ),
    (
        "`phone_not_valid`: a British number kept for fiction, and no e-mail",
        _row("Jones", "Harry", "+44 7700 900456"),
    ),
    (
        "`phone_not_valid`: a French number kept for fiction, and no e-mail",
        _row("Martin", "Louise", "+33 6 39 98 56 78"),
    ),
    ("`email_no_at`", _row("Assiga", "Pierre", "", "pierre.assiga.example.com")),
    (
        "`email_inner_space`: the repair is offered",
        _row("Zogo", "Agnès", "", "agnes zogo@example.com"),
    ),
    (
        "`email_obfuscated`: the repair is offered",
        _row("Wamba", "Denis", "", "denis (at) example.com"),
    ),
    (
        "`email_comma_for_dot`: the repair is offered",
        _row("Penda", "Julie", "", "julie.penda@example,com"),
    ),
    ("`phone_unknown_country_code`", _row("Bidias", "Roger", "+999 670000096")),
    (
        "`phone_service_code`: what one dials for the balance",
        _row("Mekongo", "Aline", "#150#"),
    ),
    ("`email_dots`", _row("Tamba", "Cécile", "", "cecile.@example.com")),
    (
        "`ragged_row`: a cell more than the header has (CSV only)",
        _row("Ndzana", "Fabrice", "670000096", _extra="de trop"),
    ),
    (
        "`phone_too_short` and `email_no_at`: both contacts wrong",
        _row("Medjo", "Félix", "6700", "felix.medjo"),
    ),
)
"""What a row shows and its cells: rows that end rejected."""

DUPLICATES = (
    (
        "`R1`: the same line twice",
        (_row("Ngo Bayiha", "Suzanne", "{phone}", "suzanne.ngobayiha@example.com"),)
        * 2,
    ),
    (
        "`R1`: same e-mail and phone, name turned round and without accents",
        (
            _row("Kouassi", "Hélène", "{phone}", "helene.kouassi@example.com"),
            _row(
                "HELENE", "KOUASSI", "{spaced}", "Helene.Kouassi@example.com", Ville=""
            ),
        ),
    ),
    (
        "`R2`: same e-mail and name, the phone in one row only",
        (
            _row("Tsimi", "Raoul", "", "raoul.tsimi@example.org"),
            _row("TSIMI", "Raoul", "{phone}", "raoul.tsimi@example.org"),
        ),
    ),
    (
        "`R3`: same phone and name, typed in two ways",
        (_row("Mouafo", "Chantal", "{phone}"), _row("MOUAFO", "Chantal", "{spaced}")),
    ),
    (
        "`R0`: same customer number and name, new phone",
        (
            _row("Eloundou", "Gilbert", "{phone}", Code_client="C9001"),
            _row("Eloundou", "Gilbert", "{other}", Code_client="C9001"),
        ),
    ),
    (
        "`R5`: same e-mail, one row without a name",
        (
            _row("Bilong", "Nadine", "{phone}", "nadine.bilong@example.net"),
            _row("", "", "", "nadine.bilong@example.net"),
        ),
    ),
    (
        "`R4`: same e-mail, one letter apart: a person decides",
        (
            _row("Tchuente", "Armelle", "", "armelle.tchuente@example.com"),
            _row("Tchuenté", "Armele", "", "armelle.tchuente@example.com"),
        ),
    ),
    (
        "`R6`: same phone, a part of the name only: a person decides",
        (_row("Ngo Mbock", "Pauline", "{phone}"), _row("", "Pauline", "+237{phone}")),
    ),
    (
        "`R7`: a household that shares one phone; both are kept",
        (
            _row("Ekotto", "Bernard", "{phone}", "bernard.ekotto@example.com"),
            _row("Ekotto", "Marguerite", "{spaced}", "marguerite.ekotto@example.com"),
        ),
    ),
    (
        "`R8`: same name, phones one digit apart: a line for the reviewer, nothing held",
        (
            _row("Bissek", "Anastasie", "{phone}"),
            _row("Bissek", "Anastasie", "{other}"),
        ),
    ),
    (
        "`veto`: same person by phone, two customer numbers: a person decides",
        (
            _row(
                "Kamdem",
                "Olivier",
                "{phone}",
                "olivier.kamdem@example.com",
                Code_client="C9002",
            ),
            _row(
                "Kamdem",
                "Olivier",
                "{phone}",
                "olivier.kamdem@example.com",
                Code_client="C9003",
            ),
        ),
    ),
)
"""What a group of rows shows and their cells; `{phone}` is the same in all of them."""


def _segment(row):
    return {"Segment": "VIP" if row["Segment"] != "VIP" else "Fidèle"}


def _same(_row):
    return {}


def _other_phone(row):
    return {"Téléphone": "+237690000098"}


def _other_name(_row):
    return {"Nom": "Autre", "Prénom": "Personne"}


def _plain_name(row):
    return {"Nom": row["Nom"].title()}


UPDATES = (
    *(_segment,) * 14,
    *(_same,) * 6,
    _other_phone,
    *(_plain_name,) * 4,
    *(_other_name,) * 2,
)
"""How each row of the second file differs from the customer it names."""

NEW = (
    _row("Mvele", "Gaston", "{phone}", "gaston.mvele@example.com"),
    _row("Ashu", "Miranda", "{phone}", "miranda.ashu@example.org"),
    _row("Tiwa", "Bertin", "{phone}"),
)
"""Customers whom the first file does not have."""
