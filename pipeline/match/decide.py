"""Decide whether a record is an existing customer: a key *and* an agreeing name.

The decision table of docs/identity.md: E are the customers with the record's e-mail,
P those with its phone. Doubt is held for a person; existing customers are never merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.dedupe.names import Agreement, compare
from pipeline.match.known import Known, Record

SHARED_FROM = 7
"""A contact that this many different people carry does not tell who somebody is."""

ROLE_LOCALS = frozenset(
    [
        "accounts",
        "admin",
        "billing",
        "bonjour",
        "commande",
        "commercial",
        "compta",
        "comptabilite",
        "contact",
        "direction",
        "facturation",
        "finance",
        "hello",
        "help",
        "info",
        "infos",
        "mail",
        "marketing",
        "noreply",
        "office",
        "order",
        "sales",
        "secretariat",
        "service",
        "support",
        "team",
        "vente",
        "ventes",
        "webmaster",
    ]
)

_BOTH = {
    Agreement.EQUAL,
    Agreement.SUBSET,
    Agreement.NEAR,
    Agreement.INITIAL,
    Agreement.NAMELESS,
}
_BY_EMAIL = {Agreement.EQUAL, Agreement.SUBSET, Agreement.NAMELESS}
_CONTRARY = {Agreement.DIFFERENT, Agreement.BLOCKED}


class Action(StrEnum):
    """What is to be done with a record."""

    CREATE = "create"
    ATTACH = "attach"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one record, with the rule that made it.

    `duplicates` are existing customers who look like the attached one; `notes` are
    rules of findings to write beside the decision.
    """

    action: Action
    rule: str
    customer: Known | None = None
    candidates: tuple[Known, ...] = ()
    duplicates: tuple[Known, ...] = ()
    notes: tuple[str, ...] = ()
    key: str = ""


def decide(
    record: Record, by_email: Sequence[Known], by_phone: Sequence[Known]
) -> Verdict:
    """Return what `record` is, given the customers who carry its e-mail or its phone."""
    by_id = {k.id: k for k in (*by_email, *by_phone)}
    if not by_id:
        return Verdict(Action.CREATE, "new")
    agreement = {i: _agree(record, k) for i, k in by_id.items()}
    strong = _by_external_id(record, by_id, agreement)
    if strong is not None:
        return strong
    email_ids = [k.id for k in by_email]
    phone_ids = [k.id for k in by_phone]
    if len(by_id) == 1:
        found = next(iter(by_id.values()))
        return _single(record, found, agreement[found.id], email_ids, phone_ids)
    if len(email_ids) == 1 and len(phone_ids) == 1:
        return _email_of_one_phone_of_another(by_email[0], by_phone[0], agreement)
    return _several(record, by_id, agreement, set(email_ids), set(phone_ids))


def _agree(record: Record, known: Known) -> Agreement:
    """Compare the names; two records without any name do not contradict each other."""
    if not record.name and not known.customer.name:
        return Agreement.EQUAL
    return compare(record.name, known.customer.name)


def _by_external_id(
    record: Record, by_id: dict[str, Known], agreement: dict[str, Agreement]
) -> Verdict | None:
    """Let the external id speak: equal attaches, another one on the only match holds."""
    if record.external_id is None:
        return None
    same = [k for k in by_id.values() if k.external_id == record.external_id]
    if len(same) == 1 and agreement[same[0].id] not in _CONTRARY:
        return Verdict(Action.ATTACH, "R0", same[0], key="external_id")
    other = [
        k
        for k in by_id.values()
        if k.external_id not in (None, record.external_id)
        and agreement[k.id] not in _CONTRARY
    ]
    if other and len(other) == len(by_id):
        return _hold("external_id_contradicts", tuple(other), "external_id")
    return None


def _single(
    record: Record,
    found: Known,
    agreed: Agreement,
    email_ids: Sequence[str],
    phone_ids: Sequence[str],
) -> Verdict:
    """Decide where exactly one customer carries a contact of the record."""
    if email_ids and phone_ids:
        if agreed in _BOTH:
            return Verdict(Action.ATTACH, "R1", found, key="email and phone")
        return _hold(_doubt(agreed), (found,), "email and phone")
    if email_ids:
        if agreed in _BY_EMAIL:
            return Verdict(Action.ATTACH, "R2", found, key="email")
        if is_role(record.email):
            return _create("shared_contact", (found,), "email")
        return _hold(_doubt(agreed), (found,), "email")
    if agreed is Agreement.EQUAL:
        return Verdict(Action.ATTACH, "R3", found, key="phone")
    if agreed in _CONTRARY:
        return _create("household_contact", (found,), "phone")
    return _hold("name_uncertain", (found,), "phone")


def _email_of_one_phone_of_another(
    a: Known, b: Known, agreement: dict[str, Agreement]
) -> Verdict:
    """Decide where the e-mail is A's and the phone is B's."""
    equal = [k for k in (a, b) if agreement[k.id] is Agreement.EQUAL]
    if len(equal) == 1:
        rule = "R2" if equal[0] is a else "R3"
        key = "email" if equal[0] is a else "phone"
        return Verdict(
            Action.ATTACH, rule, equal[0], (a, b), notes=("contact_conflict",), key=key
        )
    duplicates = tuple(equal)
    return Verdict(
        Action.HOLD,
        "contact_conflict",
        candidates=(a, b),
        duplicates=duplicates,
        key="email and phone",
    )


def _several(
    record: Record,
    by_id: dict[str, Known],
    agreement: dict[str, Agreement],
    email_ids: set[str],
    phone_ids: set[str],
) -> Verdict:
    """Decide where a contact belongs to several existing customers."""
    everyone = tuple(by_id.values())
    equal = [k for k in everyone if agreement[k.id] is Agreement.EQUAL]
    both = [k for k in equal if k.id in email_ids and k.id in phone_ids]
    chosen = equal if len(equal) == 1 else both
    if len(chosen) == 1:
        others = tuple(k for k in equal if k is not chosen[0])
        notes = ("existing_duplicates",) if others else ()
        return Verdict(
            Action.ATTACH,
            "R1",
            chosen[0],
            everyone,
            others,
            notes,
            key=_key(chosen[0], email_ids, phone_ids),
        )
    if equal:
        return Verdict(
            Action.HOLD,
            "existing_duplicates",
            None,
            everyone,
            tuple(equal),
            key="contact",
        )
    names = {k.customer.name for k in everyone}
    shared = len(names) >= SHARED_FROM or (is_role(record.email) and not phone_ids)
    if shared and all(agreement[k.id] in _CONTRARY for k in everyone):
        return _create("shared_contact", everyone, "contact")
    return _hold("name_contradicts", everyone, "contact")


def _key(found: Known, email_ids: set[str], phone_ids: set[str]) -> str:
    kinds = [
        kind
        for kind, ids in (("email", email_ids), ("phone", phone_ids))
        if found.id in ids
    ]
    return " and ".join(kinds)


def _doubt(agreed: Agreement) -> str:
    return "name_contradicts" if agreed in _CONTRARY else "name_uncertain"


def _hold(rule: str, candidates: tuple[Known, ...], key: str) -> Verdict:
    return Verdict(Action.HOLD, rule, candidates=candidates, key=key)


def _create(note: str, candidates: tuple[Known, ...], key: str) -> Verdict:
    return Verdict(Action.CREATE, "new", candidates=candidates, notes=(note,), key=key)


def is_role(email: str | None) -> bool:
    """Tell whether an address is a mailbox of a function, read by many."""
    return bool(email) and str(email).partition("@")[0].casefold() in ROLE_LOCALS
