"""Contact keys: what makes two e-mails or phones one, and which ones prove nothing."""

import hashlib
from typing import Final

from pipeline.dedupe.names import name_key
from pipeline.dedupe.words import words

EXTERNAL, NATIONAL, BOTH, EMAIL, PHONE = range(5)
"""Kinds of key, strongest first (`BOTH` is e-mail and phone together)."""

KIND_NAMES: Final = ("external_id", "national_id", "email+phone", "email", "phone")

ROLES: Final = words("""
    info infos information contact contacts contactus admin administrator administration
    administrateur sales vente ventes commercial commerciale marketing support help
    helpdesk service services sav serviceclient service.client service.clients office
    bureau accueil reception secretariat secretaire direction directeur dg drh rh hr
    recrutement jobs emploi careers compta comptabilite accounting accounts finance
    billing facturation invoice invoices factures paiement payments hello bonjour hi team
    equipe mail email courrier poste webmaster postmaster hostmaster root abuse security
    noreply no-reply donotreply newsletter news press presse media orders order commande
    commandes shop boutique store magasin caisse guichet client clients customer customers
    customerservice customer.service enquiries enquiry feedback legal juridique privacy
    it technique tech logistique logistics achats purchasing agence agency
""")
"""Local parts of mailboxes that belong to a post, not to a person."""

PLACEHOLDER_LOCALS: Final = words("""
    test tests testing test1 test123 noemail no-email no.email no_email nomail no-mail
    none null nil na n.a n-a nan unknown inconnu inconnue anonyme anonymous aucun aucune
    pasdemail pas-de-mail pasdemel sansemail sans-email sansmail sans.mail neant vide
    xxx xx xxxx aaa aaaa abc abcd azerty qwerty asdf example exemple email.inconnu
    notprovided not.provided nonrenseigne non.renseigne nc dummy fake placeholder
""")
"""Local parts that stand for no e-mail."""

_DIGITS_UP = "0123456789012345"
_DIGITS_DOWN = "9876543210987654"


def record_key(
    name: str | None, email: str | None, phone: str | None, *, secret: str = ""
) -> str:
    """Return the durable key of a record: the same person-line in every later run.

    Two halves of 16 hexadecimal digits: the contact (e-mail without case, phone) and
    the name (order-free). Neither row numbers nor other columns take part.
    """
    return f"{_digest(_contact(email, phone), secret)}-{_name_half(name, secret)}"


def contact_key(kind: str, value: str, *, secret: str = "") -> str:
    """Return the durable key of one shared contact (`kind` is email or phone)."""
    return _digest(f"{kind}\x1f{value}", secret)


def _contact(email: str | None, phone: str | None) -> str:
    return f"{_ascii_lower(email or '')}\x1f{phone or ''}"


def _name_half(name: str | None, secret: str) -> str:
    return _digest(f"name\x1f{name_key(name)}", secret)


def _digest(text: str, secret: str) -> str:
    return hashlib.sha256(f"{secret}\x1f{text}".encode()).hexdigest()[:16]


def _ascii_lower(text: str) -> str:
    """Lower ASCII only, so that SQL's `translate` gives the same to the letter."""
    return text.translate(_LOWER)


_UPPERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = str.maketrans(_UPPERS, _UPPERS.lower())


def contact_half_sql(secret: str) -> str:
    """Return SQL over `email`, `phone` for the first half of `record_key`."""
    lowered = f"translate(coalesce(email, ''), '{_UPPERS}', '{_UPPERS.lower()}')"
    text = f"{quoted(secret)} || chr(31) || {lowered} || chr(31) || coalesce(phone, '')"
    return f"left(sha256({text}), 16)"


def email_key_sql(*, fold_gmail: bool) -> str:
    """Return SQL over `email` for the key by which two addresses are one mailbox."""
    plain = "lower(email)"
    if not fold_gmail:
        return plain
    local = f"replace(split_part(split_part({plain}, '@', 1), '+', 1), '.', '')"
    return (
        f"CASE WHEN suffix({plain}, '@gmail.com') OR suffix({plain}, '@googlemail.com')"
        f" THEN {local} || '@gmail.com' ELSE {plain} END"
    )


def email_class_sql(column: str) -> str:
    """Return SQL that says of an e-mail key: `placeholder`, `role` or `person`."""
    local = f"split_part(split_part({column}, '@', 1), '+', 1)"
    return (
        f"CASE WHEN {local} IN {_list_sql(PLACEHOLDER_LOCALS)} THEN 'placeholder'"
        f" WHEN {local} IN {_list_sql(ROLES)} THEN 'role' ELSE 'person' END"
    )


def phone_class_sql(column: str) -> str:
    """Return SQL that says of a phone key: `placeholder` or `person`.

    A placeholder has one digit eight times in a row, or eight digits that count up
    or down at its end.
    """
    runs = "|".join(f"{d}{{8,}}" for d in range(10))
    counted = sorted(
        {digits[i : i + 8] for digits in (_DIGITS_UP, _DIGITS_DOWN) for i in range(9)}
    )
    return (
        f"CASE WHEN regexp_matches({column}, '{runs}')"
        f" OR right({column}, 8) IN {_list_sql(counted)}"
        " THEN 'placeholder' ELSE 'person' END"
    )


def quoted(text: str) -> str:
    """Return `text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _list_sql(words: frozenset[str] | list[str]) -> str:
    return "(" + ", ".join(quoted(word) for word in sorted(words)) + ")"
