"""A person as the pipeline can know them: ids, contacts and names."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.dedupe.names import COMPATIBLE, compare
from pipeline.match.known import email_key, phone_key


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record of somebody: a customer of the API, an export or the journal.

    `email` and `phone` are comparable (`email_key`, E.164), `name` is as written.
    """

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Everything by which one person is found.

    Attributes:
        ids: Customer ids.
        emails: In the form of `email_key`.
        phones: E.164.
        names: As they were written.
        shared: Those of the contacts that somebody else has too: alone they prove
            nothing.
    """

    ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

    @classmethod
    def asked(
        cls,
        ids: Iterable[str],
        emails: Iterable[str],
        phones: Iterable[str],
        region: str,
    ) -> "Person":
        """Return who was asked for; phones without a country code are of `region`."""
        return cls(
            ids=frozenset(i.strip() for i in ids if i.strip()),
            emails=frozenset(k for e in emails if (k := email_key(e))),
            phones=frozenset(k for p in phones if (k := phone_key(p, region))),
        )

    @property
    def contacts(self) -> frozenset[str]:
        """E-mails and phones."""
        return self.emails | self.phones

    @property
    def is_nobody(self) -> bool:
        """Whether nothing is known to look for."""
        return not (self.ids or self.contacts)

    def agrees(self, name: str | None) -> bool:
        """Tell whether a name does not speak against being this person."""
        if not name or not self.names:
            return True
        return any(compare(known, name) in COMPATIBLE for known in self.names)

    def is_meant(self, seen: Sighting) -> bool:
        """Tell whether a record is this person's: by id, or by contact and name."""
        if seen.id is not None and seen.id in self.ids:
            return True
        own = {seen.email, seen.phone} & self.contacts
        return bool(own) and self.agrees(seen.name)

    def grown(self, seen: Sighting) -> "Person":
        """Return the person with what a record adds."""
        return replace(
            self,
            ids=self.ids | {seen.id} if seen.id else self.ids,
            emails=self.emails | {seen.email} if seen.email else self.emails,
            phones=self.phones | {seen.phone} if seen.phone else self.phones,
            names=self.names | {seen.name} if seen.name else self.names,
        )


def resolve(asked: Person, seen: Iterable[Sighting]) -> Person:
    """Return the person with all that records add, and which contacts are shared.

    A record that has only a contact that was learnt on the way must agree in its name:
    members of a family share a phone and are people of their own.
    """
    left, person = list(dict.fromkeys(seen)), asked
    # One at a time: a name learnt a moment ago may speak against the next record.
    while mine := next(
        (s for s in left if s.id in person.ids),
        next((s for s in left if person.is_meant(s)), None),
    ):
        person = person.grown(mine)
        left.remove(mine)
    theirs = {contact for s in left for contact in (s.email, s.phone) if contact}
    return replace(person, shared=person.contacts & theirs)


def people_asked_for(asked: Person, seen: Iterable[Sighting]) -> int:
    """Return how many people with names that contradict each other were asked for.

    Ids name exactly whom they name; an e-mail says more than a phone.
    """
    records = list(dict.fromkeys(seen))
    if any(s.id in asked.ids for s in records):
        return 1
    by_email = [s for s in records if s.email in asked.emails]
    meant = by_email or [s for s in records if s.phone in asked.phones]
    groups: list[Person] = []
    for s in meant:
        if s.name and not any(group.agrees(s.name) for group in groups):
            groups.append(Person(names=frozenset((s.name,))))
    return len(groups)
