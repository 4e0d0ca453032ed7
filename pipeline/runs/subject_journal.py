"""A person in the journal: what was sent, what it replaced, what was answered."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.match.known import email_key, phone_key
from pipeline.privacy.marks import Marks
from pipeline.privacy.person import Person, Sighting
from pipeline.state.privacy import People
from pipeline.state.store import State
from pipeline.state.writes import Write

JSON = Any


def sightings_of_journal(
    state: State, account: str, asked: Person, region: str
) -> Iterator[Sighting]:
    """Yield whom the journal wrote under an id or contact that was asked for."""
    keys = [state.key_of("email", e) for e in sorted(asked.emails)]
    keys += [state.key_of("phone", p) for p in sorted(asked.phones)]
    people = People(state, account)
    known = [write for _, write in people.writes(asked.ids, keys)]
    marks = Marks(asked)
    known += [w for _, w in people.clear_writes() if marks.contact_in(_text(w))]
    for write in known:
        for text in (write.body, write.before, write.after):
            yield _sighting(write.customer_id, _parsed(text), region)


def writes_of(state: State, account: str, marks: Marks) -> Iterator[tuple[str, Write]]:
    """Yield (run id, write) of every write with clear values of the person."""
    for run_id, write in People(state, account).clear_writes():
        by_id = write.customer_id is not None and write.customer_id in marks.ids
        if by_id or marks.is_theirs([_text(write)]):
            yield run_id, write


def shown_write(run_id: str, write: Write) -> dict[str, JSON]:
    """Return a write as the person may read it."""
    return {
        "run_id": run_id,
        "row": write.row,
        "action": write.action,
        "outcome": write.outcome and str(write.outcome),
        "customer_id": write.customer_id,
        "sent": _parsed(write.body),
        "before": _parsed(write.before),
        "answer": _parsed(write.after),
        "reason": write.reason,
    }


def _text(write: Write) -> str:
    texts = (write.body, write.before, write.after, write.reason)
    return "\n".join(text for text in texts if text)


def _parsed(text: str | None) -> JSON:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _sighting(customer_id: str | None, told: JSON, region: str) -> Sighting:
    if not isinstance(told, Mapping):
        return Sighting(customer_id)
    texts = {n: str(told[n]) for n in ("name", "email", "phone") if told.get(n)}
    return Sighting(
        customer_id,
        texts.get("name"),
        email_key(texts.get("email")),
        phone_key(texts.get("phone"), region),
    )
