"""Hold new rows that were somebody before: deleted in the API, or a contact corrected."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from pipeline.apply.operation import dumps
from pipeline.dedupe.corrections import Contact, possible_correction
from pipeline.match.known import Known, Record, email_key
from pipeline.runs.decided import Said, said_of
from pipeline.runs.gather import EXISTING, from_line
from pipeline.runs.judging import Note
from pipeline.runs.plan_tables import GOLDEN, columns_of, record_of
from pipeline.runs.reading import not_there, read_customers
from pipeline.runs.workbench import BATCH, Workbench
from pipeline.state.writes import IndexRow

if TYPE_CHECKING:
    from pipeline.runs.matching import Matcher

_MOST_NAMESAKES = 12
_SUSPECT = pa.schema(
    [
        ("row", pa.int64()),
        ("rule", pa.string()),
        ("candidates", pa.string()),
        ("reason", pa.string()),
    ]
)
_WORDS = {
    "email": ("e-mail is one or two characters off", "l'e-mail diffère d'un ou deux caractères"),
    "phone": ("phone is one or two digits off", "le téléphone diffère d'un ou deux chiffres"),
    "gone": ("contact of before is missing", "le contact d'avant manque"),
}  # fmt: skip


class Suspect(NamedTuple):
    """A new row that a person must look at first: by which rule, and whom it was."""

    row: int
    rule: str
    customer_id: str
    why: str = ""


async def hold_suspects(
    matcher: "Matcher", note: Note, records: str, *, whole_since: float | None
) -> None:
    """Turn creates of `verdict` into holds.

    `existing` is everybody who was there at the time `whole_since`, where one is given.
    """
    if matcher.memory.index.is_empty():
        return  # this pipeline wrote nobody yet
    bench, said = matcher.bench, said_of(matcher.bench)
    bench.table("suspect", columns_of(_SUSPECT))
    french = matcher.connection.settings.lang == "fr"
    for batch in _creates(bench, records):
        gone = _deleted(matcher, batch, said, whole_since)
        left = [r for r in batch if r.row not in {s.row for s in gone}]
        is_whole = whole_since is not None
        found = (*gone, *await _corrected(matcher, left, said, is_whole=is_whole))
        bench.append("suspect", _SUSPECT, (_line(s, note, french) for s in found))
    bench.con.execute(
        """UPDATE verdict SET action = 'hold', rule = s.rule,
            candidates = s.candidates, reason = s.reason
        FROM suspect s WHERE s.row = verdict.row"""
    )
    _show_the_gone(bench)


def _line(suspect: Suspect, note: Note, french: bool) -> tuple[int, str, str, str]:
    facts = {"key": "name"}
    if suspect.why:
        facts["reason"] = _WORDS[suspect.why][french]
    reason = note(suspect.row, suspect.rule, facts)
    return suspect.row, suspect.rule, dumps([suspect.customer_id]), reason


def _show_the_gone(bench: Workbench) -> None:
    """Give the gone a line, so that a person is asked about them."""
    bench.con.execute(
        """INSERT INTO existing (id, read_at) SELECT DISTINCT id, 0 FROM (
            SELECT unnest(from_json(candidates, '["VARCHAR"]')) AS id FROM suspect
            WHERE rule = 'deleted_in_api')
        WHERE id NOT IN (SELECT id FROM existing)"""
    )


def _creates(bench: Workbench, records: str) -> Iterator[Sequence[Record]]:
    golden = ", ".join(f"g.{column}" for column in GOLDEN.split(", "))
    lines = bench.stream(
        f"""SELECT {golden} FROM {records} g JOIN verdict v USING (row)
        WHERE v.action = 'create' ORDER BY g.row"""
    )
    while batch := list(islice(lines, BATCH)):
        yield [record_of(line) for line in batch]


def _deleted(
    matcher: "Matcher",
    records: Sequence[Record],
    said: Mapping[int, Said],
    whole_since: float | None,
) -> list[Suspect]:
    """Return rows whose customer was written by this pipeline and is gone."""
    memory = matcher.memory
    keys = {r.row: memory.hashes.contacts(r.email, r.phone) for r in records}
    everything = [key for own in keys.values() for key in own]
    if whole_since is not None:
        _mark_gone(matcher, memory.index.find(everything), whole_since)
    gone = memory.index.find_gone(everything)
    found: list[Suspect] = []
    for record in records:
        apart = said.get(record.row, Said()).different
        name = memory.hashes.name(record.name)
        people = {r.customer_id: r for k in keys[record.row] for r in gone.get(k, ())}
        for row in people.values():
            if row.customer_id not in apart and _was(row, name, keys[record.row]):
                found.append(Suspect(record.row, "deleted_in_api", row.customer_id))
                break
    return found


def _mark_gone(
    matcher: "Matcher", found: Mapping[str, Iterable[IndexRow]], whole_since: float
) -> None:
    """Mark whom we wrote and the whole list does not show.

    It could not show whom another run wrote since it was begun.
    """
    index = matcher.memory.index
    ours = {r.customer_id for rows in found.values() for r in rows if r.written_run}
    lacking = not_there(matcher.bench, ours)
    for customer_id in set(lacking) - index.seen_since(lacking, whole_since):
        matcher.memory.gone(customer_id)


def _was(row: IndexRow, name: str | None, keys: Sequence[str]) -> bool:
    """Tell whether a row is who a gone customer was, as far as hashes can say."""
    both = row.email_key in keys and row.phone_key in keys
    return both or name is None or row.name_key in (None, name)


async def _corrected(
    matcher: "Matcher",
    records: Sequence[Record],
    said: Mapping[int, Said],
    *,
    is_whole: bool,
) -> list[Suspect]:
    """Return rows that look like a corrected contact of whom this source wrote before."""
    memory = matcher.memory
    named = {r.row: memory.hashes.named(memory.source, r) for r in records}
    lineage = memory.lineage.find(key for key in named.values() if key)
    namesakes = {
        row: ids
        for row, key in named.items()
        if key and 0 < len(ids := lineage.get(key, ())) <= _MOST_NAMESAKES
    }
    wanted = {i for ids in namesakes.values() for i in ids}
    wanted -= _spoken_for(matcher.bench, wanted)
    if not is_whole:
        await read_customers(
            matcher.bench,
            matcher.connection,
            memory,
            not_there(matcher.bench, wanted),
        )
    known = _known(matcher.bench, wanted)
    found = []
    for record in records:
        apart = said.get(record.row, Said()).different
        after = Contact(record.name, email_key(record.email), record.phone)
        for i in namesakes.get(record.row, ()):
            if i not in known or i in apart:
                continue
            before = Contact(known[i].customer.name, known[i].email, known[i].phone)
            why = possible_correction(before, after)
            if why is not None:
                found.append(Suspect(record.row, "possible_correction", i, why))
                break
    return found


def _spoken_for(bench: Workbench, ids: set[str]) -> set[str]:
    """Return customers who are another row of this file already."""
    lines = bench.con.execute(
        """SELECT customer_id FROM (
            SELECT customer_id FROM verdict UNION SELECT customer_id FROM settled)
        WHERE customer_id IN (SELECT unnest(?))""",
        [sorted(ids)],
    ).fetchall()
    return {line[0] for line in lines}


def _known(bench: Workbench, ids: set[str]) -> dict[str, Known]:
    columns = ", ".join(EXISTING.names)
    lines = bench.con.execute(
        f"SELECT {columns} FROM existing WHERE id IN (SELECT unnest(?))", [sorted(ids)]
    ).fetchall()
    return {line[0]: from_line(line)[0] for line in lines}
