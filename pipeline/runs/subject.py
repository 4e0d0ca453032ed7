"""`subject`: everything that is held of one person, here and in the API."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.api.errors import NotFound
from pipeline.errors import SettingsError, UsageError
from pipeline.match.known import Known
from pipeline.privacy.marks import Marks
from pipeline.privacy.person import Person, Sighting, people_asked_for, resolve
from pipeline.runs.connect import Connection, connect, open_database
from pipeline.runs.remembering import known_account
from pipeline.runs.subject_journal import sightings_of_journal, writes_of
from pipeline.runs.subject_places import Roots, roots_of
from pipeline.runs.talk import Silence, Talk
from pipeline.settings import Settings
from pipeline.state.index import CustomerIndex
from pipeline.state.store import State
from pipeline.state.writes import Write
from pipeline.traces.parquet import places_in, sightings_of
from pipeline.traces.places import (
    export_traces,
    inbox_traces,
    run_folders,
    run_traces,
)
from pipeline.traces.sightings import run_sightings
from pipeline.traces.values import Trace, Who

JSON = Any


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """Whom to look for, and where beside the runs, exports and state database.

    `offline` leaves the API out.
    """

    ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    inboxes: tuple[str, ...] = ()
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that is held of one person.

    Attributes:
        person: By what they were found.
        people: How many people with contradicting names the request means.
        account: Of the key, or the only one known; None where there is none.
        traces: Files, with the person's records.
        writes: (run id, write) of the journal that have clear values.
        customers: Records of the API, as it tells them; None: it was not asked.
        payments: The customer's payments in the API, by id.
        roots: Where runs and exports lie.
    """

    person: Person
    people: int
    account: str | None
    traces: tuple[Trace, ...]
    writes: tuple[tuple[str, Write], ...]
    customers: tuple[Mapping[str, JSON], ...] | None
    roots: Roots
    payments: Mapping[str, Sequence[JSON]] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is held."""
        return not (self.traces or self.writes or self.customers)


def find(settings: Settings, request: SubjectRequest, talk: Talk | None = None) -> Held:
    """Return what is held of the person of `request`.

    Raises:
        UsageError: Nobody is named.
        SettingsError: No key is set and the API is not left out; or several accounts
            share the state database and none is named.
        StateError, KeyRefusedError, ApiUnreachableError: As of every command.
    """
    asked = Person.asked(request.ids, request.emails, request.phones, settings.region)
    if asked.is_nobody:
        raise UsageError(
            "nobody is named",
            hint="`--phone`, `--email` or `--id`; each may be given again",
        )
    if not request.offline:
        return asyncio.run(_find_online(settings, request, asked, talk or Silence()))
    with local_state(settings) as (state, account):
        return _find(settings, request, asked, state, account, None)


@contextmanager
def local_state(settings: Settings) -> Iterator[tuple[State | None, str | None]]:
    """Yield the state database and the account without asking the API.

    Raises:
        SettingsError: Several accounts share the database and no key says which.
    """
    if (
        settings.state_url is None
        and not (Path(settings.runs_dir) / "state.db").exists()
    ):
        yield None, None
        return
    with open_database(settings, create=False) as state:
        account = known_account(state, settings)
        if account is None and state.runs.find_runs(limit=1):
            raise SettingsError(
                "the state database knows several accounts",
                hint="set the key of the one that is meant",
            )
        yield state, account


async def _find_online(
    settings: Settings, request: SubjectRequest, asked: Person, talk: Talk
) -> Held:
    async with connect(settings, talk) as connection:
        live = await customers_of(connection, asked)
        first = _find(
            settings, request, asked, connection.state, connection.account_id, live
        )
        # What files and journal added may name more customers.
        wider = await customers_of(connection, first.person)
        if {k.id for k in wider} != {k.id for k in live}:
            first = _find(
                settings, request, asked, connection.state, connection.account_id, wider
            )
        return await _with_api(connection, first, wider)


async def customers_of(connection: Connection, person: Person) -> list[Known]:
    """Return the customers of the API who carry an id or a contact of the person."""
    finder = connection.finder()
    found: dict[str, Known] = {}
    if person.phones:
        await finder.learn_phone_form(await finder.first_page())
    for email in sorted(person.emails):
        found |= {k.id: k for k in (await finder.find(email, None)).by_email}
    for phone in sorted(person.phones):
        found |= {k.id: k for k in (await finder.find(None, phone)).by_phone}
    for customer_id in sorted(person.ids - found.keys()):
        try:
            found[customer_id] = await finder.get(customer_id)
        except NotFound:
            continue  # gone from the API; what is here is found by its id
    return list(found.values())


async def _with_api(connection: Connection, held: Held, live: Sequence[Known]) -> Held:
    """Return `held` with the person's own customers and their payments in full."""
    customers, payments = [], {}
    for known in live:
        if held.person.is_meant(_sighting(known)):
            row = await connection.client.customer_row(known.id)
            customers.append(row if isinstance(row, Mapping) else {"id": known.id})
            payments[known.id] = await _payments(connection, known.id)
    return Held(
        person=held.person,
        people=held.people,
        account=held.account,
        traces=held.traces,
        writes=held.writes,
        customers=tuple(customers),
        payments=payments,
        roots=held.roots,
    )


async def _payments(connection: Connection, customer_id: str) -> list[JSON]:
    found: list[JSON] = []
    number = 1
    while True:
        try:
            page = await connection.client.customer_payments(customer_id, number)
        except NotFound:
            return found
        found += page.items
        if not page.items or number >= (page.last_page or number):
            return found
        number += 1


def _find(
    settings: Settings,
    request: SubjectRequest,
    asked: Person,
    state: State | None,
    account: str | None,
    live: Sequence[Known] | None,
) -> Held:
    roots = roots_of(settings)
    inboxes = sorted({Path(i) for i in (*request.inboxes, *settings.inbox)})
    for inbox in inboxes:
        if not inbox.is_dir():
            raise UsageError(f"the inbox `{inbox}` is no folder")
    named, asked = asked, _with_known_ids(asked, state, account)
    seen = [_sighting(known) for known in live or ()]
    if state is not None and account is not None:
        seen += sightings_of_journal(state, account, asked, settings.region)
    seen += _exported(roots.exports, asked, settings.region)
    for folder in run_folders(roots.runs, account):
        seen += run_sightings(folder, Marks(asked), settings.region)
    person = resolve(asked, seen)
    marks = Marks(person)
    traces = [*run_traces(roots.runs, marks, account)]
    traces += export_traces(roots.exports, marks)
    for inbox in inboxes:
        traces += inbox_traces(inbox, marks, settings.region)
    return Held(
        person=person,
        people=people_asked_for(named, seen),
        account=account,
        traces=tuple(traces),
        writes=tuple(writes_of(state, account, marks)) if state and account else (),
        customers=None,
        roots=roots,
    )


def _with_known_ids(asked: Person, state: State | None, account: str | None) -> Person:
    """Return who was asked for; customers of whom only hashes are kept stay as they are.

    A hash tells no name, so an id from the index is taken only where a contact has one.
    """
    if state is None or account is None or not asked.contacts:
        return asked
    keys = [state.key_of("email", e) for e in asked.emails]
    keys += [state.key_of("phone", p) for p in asked.phones]
    index = CustomerIndex(state, account)
    ids = {
        rows[0].customer_id
        for found in (index.find(keys), index.find_gone(keys))
        for rows in found.values()
        if len(rows) == 1
    }
    return Person(asked.ids | ids, asked.emails, asked.phones)


def _exported(root: Path, asked: Person, region: str) -> Iterator[Sighting]:
    """Yield the customers in exports who carry an id or contact that was asked for."""
    who = Who(Marks(asked))
    for path in sorted(root.glob("*/customers/*.parquet")):
        if path.parent.parent.is_symlink():
            continue
        table = pq.read_table(path, columns=["id", "name", "email", "phone"])
        yield from sightings_of(table, places_in(table, who, ("id",)), region)


def _sighting(known: Known) -> Sighting:
    return Sighting(known.id, known.customer.name, known.email, known.phone)
