"""Decide whether a record is an existing customer: a key *and* an agreeing name.

The decision table of docs/identity.md: E are the customers with the record's e-mail,
P those with its phone. Doubt is held for a person; existing customers are never merged.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.dedupe.keys import PLACEHOLDER_LOCALS, ROLES
from pipeline.dedupe.names import Agreement, compare, name_key
from pipeline.match.known import Known, Record
from pipeline.match.strong import contradiction, same_strong_id

SHARED_FROM = 7
"""A contact that this many different people carry does not tell who somebody is."""

_BOTH = {
    Agreement.EQUAL,
    Agreement.SUBSET,
    Agreement.NEAR,
    Agreement.INITIAL,
    Agreement.NAMELESS,
}
_BY_EMAIL = {Agreement.EQUAL, Agreement.SUBSET, Agreement.NAMELESS}
_CONTRARY = {Agreement.DIFFERENT, Agreement.BLOCKED}
_SAY_NOTHING = {*_CONTRARY, Agreement.NAMELESS}
_ONE_DIGIT = re.compile(r"(\d)\1{7}")


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
    record: Record,
    by_email: Sequence[Known],
    by_phone: Sequence[Known],
    by_other: Sequence[Known] = (),
) -> Verdict:
    """Return what `record` is, given the customers who carry its e-mail or its phone.

    `by_other` are customers found otherwise: by an external id, or since a person
    named them. What people decided stands in the record and is never contradicted.
    """
    found = {k.id: k for k in (*by_email, *by_phone, *by_other)}
    decided = _as_decided(record, found)
    if decided is not None:
        return decided
    apart = set(record.different_from) & found.keys()
    verdict = _judge(
        record,
        [k for k in by_email if k.id not in apart],
        [k for k in by_phone if k.id not in apart],
        [k for k in by_other if k.id not in apart],
    )
    if not apart:
        return verdict
    is_new = verdict.action is Action.CREATE
    return replace(
        verdict,
        rule="decided_different" if is_new else verdict.rule,
        notes=(*verdict.notes, "decided_different"),
    )


def _as_decided(record: Record, found: dict[str, Known]) -> Verdict | None:
    """Follow a person who called the record the same as a customer."""
    if not record.same_as:
        return None
    both = set(record.same_as) & set(record.different_from)
    wanted = [k for i, k in found.items() if i in record.same_as]
    if both:
        return _hold("decided_conflict", tuple(wanted), "decision")
    if not wanted:
        return _hold("deleted_in_api", (), "decision")
    return Verdict(
        Action.ATTACH,
        "decided_same",
        wanted[0],
        notes=("decided_same",),
        key="decision",
    )


def _judge(
    record: Record,
    by_email: Sequence[Known],
    by_phone: Sequence[Known],
    by_other: Sequence[Known],
) -> Verdict:
    everyone = {k.id: k for k in (*by_email, *by_phone, *by_other)}
    agreement = {i: _agree(record, k) for i, k in everyone.items()}
    strong = _by_strong_id(record, everyone, agreement)
    if strong is not None:
        return strong
    carriers = {k.id: k for k in (*by_email, *by_phone)}
    contrary = _contradicted(record, carriers, agreement)
    if contrary is not None:
        return contrary
    emails = _telling(by_email, agreement, is_vain=is_vain(record.email))
    phones = _telling(by_phone, agreement, is_vain=_is_dummy(record.phone))
    by_id = {k.id: k for k in (*emails, *phones)}
    if not by_id and carriers:
        return _create("shared_contact", tuple(carriers.values()), "contact")
    if not by_id:
        return Verdict(Action.CREATE, "new")
    if len(by_id) == 1:
        found = next(iter(by_id.values()))
        return _single(found, agreement[found.id], bool(emails), bool(phones))
    if len(emails) == 1 and len(phones) == 1:
        return _email_of_one_phone_of_another(emails[0], phones[0], agreement)
    return _several(by_id, agreement, {k.id for k in emails}, {k.id for k in phones})


def _agree(record: Record, known: Known) -> Agreement:
    """Compare the names; two records without any name do not contradict each other."""
    if not record.name and not known.customer.name:
        return Agreement.EQUAL
    return compare(record.name, known.customer.name)


def _by_strong_id(
    record: Record, everyone: dict[str, Known], agreement: dict[str, Agreement]
) -> Verdict | None:
    """Attach by an equal external or national id, where the names do not contradict."""
    same = [
        (k, key)
        for k in everyone.values()
        if (key := same_strong_id(record, k)) is not None
        and contradiction(record, k) is None
    ]
    if not same:
        return None
    fitting = [(k, key) for k, key in same if agreement[k.id] not in _CONTRARY]
    equal = [(k, key) for k, key in fitting if agreement[k.id] is Agreement.EQUAL]
    chosen = fitting if len(fitting) == 1 else equal
    if len(chosen) == 1:
        return Verdict(Action.ATTACH, "R0", chosen[0][0], key=chosen[0][1])
    candidates = tuple(k for k, _ in same)
    rule = "existing_duplicates" if fitting else "name_contradicts"
    return _hold(rule, candidates, same[0][1])


def _contradicted(
    record: Record, carriers: dict[str, Known], agreement: dict[str, Agreement]
) -> Verdict | None:
    """Block customers with another strong id; hold where only such ones agree."""
    agreeing = [k for i, k in carriers.items() if agreement[i] not in _CONTRARY]
    blocked = {k.id: key for k in agreeing if (key := contradiction(record, k))}
    if blocked and len(blocked) == len(agreeing):
        key = next(iter(blocked.values()))
        is_external = key == "external_id"
        rule = "external_id_contradicts" if is_external else "identity_contradicts"
        return _hold(rule, tuple(k for k in agreeing if k.id in blocked), key)
    agreement.update(dict.fromkeys(blocked, Agreement.BLOCKED))
    return None


def _telling(
    found: Sequence[Known], agreement: dict[str, Agreement], *, is_vain: bool
) -> list[Known]:
    """Return those whom the contact tells; one that many share needs a name as well."""
    names = {name_key(k.customer.name) for k in found}
    if is_vain or len(names) >= SHARED_FROM:
        return [k for k in found if agreement[k.id] not in _SAY_NOTHING]
    return list(found)


def _single(found: Known, agreed: Agreement, by_email: bool, by_phone: bool) -> Verdict:
    """Decide where exactly one customer carries a contact of the record."""
    if by_email and by_phone:
        if agreed in _BOTH:
            return Verdict(Action.ATTACH, "R1", found, key="email and phone")
        return _hold(_doubt(agreed), (found,), "email and phone")
    if by_email:
        if agreed in _BY_EMAIL:
            return Verdict(Action.ATTACH, "R2", found, key="email")
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
    return Verdict(
        Action.HOLD,
        "contact_conflict",
        candidates=(a, b),
        duplicates=tuple(equal),
        key="email and phone",
    )


def _several(
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
        found = chosen[0]
        others = tuple(k for k in equal if k is not found)
        notes = ("existing_duplicates",) if others else ()
        key = _key(found, email_ids, phone_ids)
        rule = {"email": "R2", "phone": "R3"}.get(key, "R1")
        return Verdict(Action.ATTACH, rule, found, everyone, others, notes, key)
    if equal:
        return Verdict(
            Action.HOLD,
            "existing_duplicates",
            None,
            everyone,
            tuple(equal),
            key="contact",
        )
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
    return _local(email) in ROLES


def is_vain(email: str | None) -> bool:
    """Tell whether an address is a mailbox of a function, or stands for none."""
    return is_role(email) or _local(email) in PLACEHOLDER_LOCALS


def _local(email: str | None) -> str:
    return (email or "").partition("@")[0].partition("+")[0].lower()


def _is_dummy(phone: str | None) -> bool:
    return bool(phone) and _ONE_DIGIT.search(str(phone)) is not None
