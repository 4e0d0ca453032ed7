"""Tables of what is known about addresses, names and countries; edit them freely."""

MOBILE_MONEY = frozenset(
    ["BF", "BJ", "BW", "CD", "CF", "CG", "CI", "CM", "ET", "GA", "GH", "GM", "GN", "GW", "KE", "LR", "LS", "MG", "ML", "MW", "MZ", "NE", "NG", "RW", "SL", "SN", "SZ", "TD", "TG", "TZ", "UG", "ZM", "ZW"]
)
"""Countries where a customer's phone is expected to carry a mobile-money account."""

ROLES = frozenset(
    ["abuse", "accounting", "accounts", "achats", "admin", "administration", "administrateur", "billing", "bureau", "commercial", "compta", "comptabilite", "contact", "contacts", "customerservice", "direction", "enquiries", "facturation", "finance", "ftp", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "information", "infos", "it", "jobs", "mail", "marketing", "news", "newsletter", "no-reply", "noc", "noreply", "office", "orders", "postmaster", "press", "privacy", "recrutement", "recruitment", "reception", "rh", "root", "sales", "secretariat", "security", "serviceclient", "service", "services", "shop", "staff", "support", "team", "usenet", "uucp", "vente", "ventes", "webmaster", "www"]
)
"""Local parts that belong to an office rather than to a person."""

PLACEHOLDER_LOCALS = frozenset(
    ["a", "aa", "aaa", "abc", "asdf", "aucun", "email", "exemple", "fake", "foo", "mail", "na", "n.a", "nil", "no", "no-email", "no-mail", "noemail", "nomail", "non", "none", "nothing", "null", "pasdemail", "sansemail", "sansmail", "test", "test1", "test123", "tests", "unknown", "user", "x", "xx", "xxx", "xxxx", "xyz"]
)
"""Local parts that people type because a form wants an address."""

PLACEHOLDER_DOMAINS = frozenset(
    ["a.com", "aa.com", "aaa.com", "abc.com", "email.email", "fake.com", "noemail.com", "nomail.com", "none.com", "nowhere.com", "test.com", "test.fr", "xx.com", "xxx.com", "xyz.xyz"]
)
"""Domains that people type because a form wants an address."""

DISPOSABLE = frozenset(
    ["10minutemail.com", "10minutemail.net", "20minutemail.com", "33mail.com", "anonbox.net", "burnermail.io", "discard.email", "dispostable.com", "dropmail.me", "emailondeck.com", "fakeinbox.com", "fakemail.net", "getairmail.com", "getnada.com", "grr.la", "guerrillamail.biz", "guerrillamail.com", "guerrillamail.de", "guerrillamail.net", "guerrillamail.org", "guerrillamailblock.com", "harakirimail.com", "inboxbear.com", "inboxkitten.com", "jetable.fr", "jetable.net", "jetable.org", "mail-temp.com", "mail-temporaire.com", "mail-temporaire.fr", "mailcatch.com", "maildrop.cc", "mailexpire.com", "mailforspam.com", "mailinator.com", "mailinator.net", "mailinator.org", "mailnesia.com", "mailnull.com", "mailsac.com", "mailtemp.info", "meltmail.com", "mintemail.com", "moakt.com", "mohmal.com", "mytemp.email", "mytrashmail.com", "nada.email", "sharklasers.com", "spam4.me", "spamgourmet.com", "spamex.com", "temp-mail.io", "temp-mail.org", "tempail.com", "tempinbox.com", "tempmail.com", "tempmail.net", "tempmailo.com", "tempr.email", "throwawaymail.com", "trash-mail.com", "trashmail.com", "trashmail.de", "trashmail.net", "trashmail.ws", "trbvm.com", "yopmail.com", "yopmail.fr", "yopmail.net"]
)
"""Domains of mailboxes that exist for minutes."""

PROVIDERS = ("gmail", "hotmail", "yahoo", "outlook", "icloud", "protonmail", "laposte")
"""Mail providers whose names are compared by spelling."""

PROVIDER_DOMAINS = {
    "gmail": ("com",),
    "hotmail": ("com", "fr", "co.uk", "it", "es", "de", "be", "ca"),
    "yahoo": ("com", "fr", "co.uk", "it", "es", "de", "be", "ca", "com.br", "in"),
    "outlook": ("com", "fr", "es", "it", "de", "be"),
    "icloud": ("com",),
    "protonmail": ("com", "ch"),
    "laposte": ("net",),
}
"""Top-level domains under which each of those providers gives out addresses."""

REAL_DOMAINS = frozenset(
    ["aol.com", "comcast.com", "comcast.net", "email.com", "gamil.org", "gmail.fr", "gmx.com", "gmx.fr", "gmx.net", "googlemail.com", "hotmail.cm", "hushmail.com", "laposte.com", "live.com", "live.fr", "mail.com", "me.com", "msn.com", "orange.cm", "orange.fr", "outlook.cm", "pm.me", "proton.me", "protonmail.ch", "rocketmail.com", "yahoo.cm", "yahoo.com.au", "yahoo.fr", "yandex.com", "ymail.com", "zoho.com"]
)
"""Real domains that look like a slip of another: never a suggestion for these."""

TLD_SLIPS = frozenset(
    ["cim", "cmo", "co", "col", "colm", "com.com", "comm", "con", "conm", "cm", "coom", "cpm", "cm", "ocm", "om", "vom", "xom"]
)
"""What fingers make of `com` behind a provider's name."""

PLACEHOLDER_NAMES = frozenset(
    (
        "#n/a",
        "-",
        "--",
        "?",
        "a renseigner",
        "aucun",
        "client",
        "client comptoir",
        "client divers",
        "clients divers",
        "customer",
        "divers",
        "inconnu",
        "inconnue",
        "n/a",
        "na",
        "name",
        "nan",
        "neant",
        "nil",
        "no name",
        "nom",
        "none",
        "null",
        "sans nom",
        "test",
        "test test",
        "unknown",
        "walk-in customer",
        "x",
        "xx",
        "xxx",
    )
)
"""Names that stand for nobody, in lower case and without accents."""

NOTHING = frozenset(
    ("#n/a", "-", "--", "---", "n/a", "na", "nan", "nil", "none", "null")
)
"""Cells that say in words that there is nothing, in lower case."""
