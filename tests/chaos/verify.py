"""Hold a finished run against the server's own records."""

import json
from collections import Counter
from dataclasses import dataclass, field

import pyarrow.parquet as pq

from pipeline.state.journal import Journal
from pipeline.state.registry import RunFilter
from pipeline.state.store import open_state
from tests.chaos.worlds import contact


@dataclass
class Verdict:
    """What is wrong with one run of the matrix; all zero is right."""

    twice: int = 0
    lost: int = 0
    wrong: int = 0
    unbalanced: int = 0
    requests: int = 0
    kills: int = 0
    attempts: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_good(self):
        return not (self.twice or self.lost or self.wrong or self.unbalanced)

    def say(self, text):
        self.notes.append(text)


def owners(world):
    """Return contact -> ids of the records that carry it."""
    found = {}
    for ident, _, email, phone, _ in world.records():
        for value in (contact(email), contact(phone)):
            if value:
                found.setdefault(value, set()).add(ident)
    return found


def ids_of(person, found):
    """Return the ids of the records that are this person."""
    return found.get(contact(person.email), set()) | found.get(
        contact(person.phone), set()
    )


def check_people(verdict, casts, world, existing):
    """Check that everybody is there exactly once, and nobody else."""
    found = owners(world)
    people = {p.number: p for cast in casts for p in cast.rows}
    for person in people.values():
        count = len(ids_of(person, found))
        if count == 0:
            verdict.lost += 1
            verdict.say(f"person {person.number} is not there")
        verdict.twice += max(0, count - 1)
        if count > 1:
            verdict.say(f"person {person.number} is there {count} times")
    known = set().union(*(ids_of(p, found) for p in people.values()))
    others = len(world.records()) - len(known)
    before = sum(1 for record in existing if not _is_of(record, people.values()))
    if others != before:
        verdict.twice += abs(others - before)
        verdict.say(f"{others} other records, {before} before")


def _is_of(record, people):
    mine = {contact(record.get("email")), contact(record.get("phone"))} - {""}
    return any(mine & {contact(p.email), contact(p.phone)} for p in people)


def folders(job):
    """Return the folders of the runs that began to write, oldest first.

    Whoever is killed or refused earlier leaves a folder that says so, and no run.
    """
    with open_state(f"sqlite:///{job.runs()}/state.db", create=False) as state:
        begun = {run.run_id for run in state.runs.find_runs(RunFilter())}
    return sorted(p for p in job.runs().iterdir() if p.name in begun)


def check_outcomes(verdict, cast, world, folder, due=None):
    """Check outcomes.parquet and summary.json of one run against the server."""
    summary = json.loads((folder / "summary.json").read_text())
    rows = summary["rows"]
    if rows["read"] != len(cast.rows) or rows["read"] != sum(
        count for name, count in rows.items() if name != "read"
    ):
        verdict.unbalanced += 1
        verdict.say(f"books: {rows} of {len(cast.rows)}")
    if summary["state"] != "finished":
        verdict.wrong += 1
        verdict.say(f"state {summary['state']}")
    lines = pq.read_table(folder / "outcomes.parquet").to_pylist()
    if Counter(line["outcome"] for line in lines) != Counter(
        {k: v for k, v in rows.items() if k != "read" and v}
    ):
        verdict.unbalanced += 1
        verdict.say("outcomes.parquet and summary.json differ")
    if [line["row"] for line in lines] != list(range(1, len(cast.rows) + 1)):
        verdict.unbalanced += 1
        verdict.say("rows are missing in outcomes.parquet")
        return []
    found = owners(world)
    for person, line, wanted in zip(cast.rows, lines, due or cast.due, strict=True):
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        if line["outcome"] not in allowed or line["customer_id"] not in ids_of(
            person, found
        ):
            verdict.wrong += 1
            verdict.say(f"row {line['row']}: {line} instead of {wanted}")
    return lines


def check_journal(verdict, job):
    """Check that nothing is left open and that the journal says what the folder says."""
    with open_state(f"sqlite:///{job.runs()}/state.db", create=False) as state:
        for run in state.runs.find_runs(RunFilter()):
            journal = Journal(state, run.account, run.run_id)
            if run.finished_at is None:
                verdict.wrong += 1
                verdict.say(f"run {run.run_id} is still open")
            left = journal.unsettled()
            if left:
                verdict.wrong += 1
                verdict.say(f"{len(left)} writes unsettled in the journal")
            lines = pq.read_table(job.runs() / run.run_id / "outcomes.parquet")
            said = {(r["row"], r["outcome"]) for r in lines.to_pylist()}
            for write in journal.writes():
                if (write.row, str(write.outcome)) not in said:
                    verdict.unbalanced += 1
                    verdict.say(f"journal and outcomes differ in row {write.row}")
