"""`subject erase`: planned, approved by digest, done, proved without personal data."""

import asyncio
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

from pipeline.api.errors import ApiError, NotFound
from pipeline.errors import CannotStartError, RefusedError, UsageError
from pipeline.files.publish import disk_errors, private_folder, write_text
from pipeline.privacy.marks import Marks
from pipeline.privacy.person import Person
from pipeline.runs.connect import connect, open_database
from pipeline.runs.session import user_name
from pipeline.runs.subject import Held, SubjectRequest, find, local_state
from pipeline.runs.suppressing import keys_of
from pipeline.runs.talk import Silence, Talk
from pipeline.settings import Settings
from pipeline.state.audit import AuditLog
from pipeline.state.index import CustomerIndex
from pipeline.state.lineage import Lineage
from pipeline.state.privacy import People
from pipeline.state.store import State
from pipeline.traces.manifests import mend_exports
from pipeline.traces.places import PROOFS, format_of, run_who, staging_of
from pipeline.traces.values import Who

JSON = Any

_AT_WORK = 3600.0
"""Seconds without a write after which a run that cannot go on counts as dead."""


@dataclass(frozen=True, slots=True)
class ErasePlan:
    """What would be taken out, where; `digest` names exactly this."""

    held: Held
    digest: str

    def as_dict(self) -> dict[str, JSON]:
        """Return the plan as JSON; nobody stands in it in clear."""
        held = self.held
        return {
            "digest": self.digest,
            "files": [
                {
                    "place": t.place,
                    "file": held.roots.shown(t.path),
                    "kind": t.kind,
                    "act": t.act,
                    "records": t.records,
                }
                for t in held.traces
            ],
            "writes": len(held.writes),
            "customers_to_delete": len(held.customers or ()),
            "payments_kept": sum(map(len, held.payments.values())),
            "shared_contacts": len(held.person.shared),
        }


def plan_erasure(
    settings: Settings, request: SubjectRequest, talk: Talk | None = None
) -> ErasePlan:
    """Return what erasing the person of `request` would do; nothing is changed.

    Raises:
        RefusedError: The contact is that of several people with different names.
        CannotStartError: A run that can go on works with their values.
    """
    held = find(settings, request, talk)
    if held.people > 1:
        raise RefusedError(
            f"{held.people} people with different names have this contact",
            hint="nothing was changed; name one of them with `--id`, or add `--email`",
        )
    _refuse_open_runs(settings, held)
    return ErasePlan(held, _digest(held))


def erase(
    settings: Settings,
    request: SubjectRequest,
    approve: str,
    *,
    actor: str | None = None,
    reason: str | None = None,
    talk: Talk | None = None,
) -> dict[str, JSON]:
    """Erase the person as planned under the digest `approve`; return the proof.

    Suppressed first, so that nothing new comes in; the API last, so that what was
    interrupted is found and planned again.

    Raises:
        RefusedError: What is held is no longer what was approved.
    """
    plan = plan_erasure(settings, request, talk)
    if plan.digest != approve:
        raise RefusedError(
            f"the plan's digest is {plan.digest}, the approved one {approve}",
            hint="nothing was changed; look at the new plan and approve its digest",
        )
    held, who = plan.held, actor or user_name()
    now = datetime.now(UTC)
    with _writable_state(settings, held) as state:
        keys = keys_of(state, held.person)
        account = held.account or ""
        People(state, account).suppress(keys)
        _clear_dead_staging(held, People(state, account).open_runs())
        exports = _erase_files(settings, held, now, plan.digest)
        writes = _erase_state(state, account, held)
        deleted = _delete(settings, held, talk or Silence())
        left = _left(settings, request, held)
        proof = {
            "erasure_id": f"{now:%Y%m%dT%H%M%SZ}-{token_hex(3)}",
            "at": now.isoformat(timespec="seconds"),
            "actor": who,
            "reason": reason,
            "account": account,
            "digest": plan.digest,
            "api_asked": not request.offline,
            "files": dict(Counter(t.place for t in held.traces)),
            "records": sum(t.records for t in held.traces),
            "exports_mended": exports,
            "writes": writes,
            "customers_deleted": deleted,
            "customers_left": len(held.customers or ()) - deleted,
            "payments_kept": sum(map(len, held.payments.values())),
            "left": left,
            "keys": sorted(keys),
        }
        AuditLog(state).append(
            "person_erased",
            actor=who,
            account=account or None,
            details={k: v for k, v in proof.items() if k not in ("actor", "account")},
        )
    _write_proof(held, proof)
    return proof


def _digest(held: Held) -> str:
    """Return the SHA-256 of what would be done, the same however often it is planned."""
    told = {
        "account": held.account,
        "files": sorted(
            (t.place, held.roots.shown(t.path), t.act, t.records, _sha256(t.path))
            for t in held.traces
        ),
        "writes": sorted((run_id, w.op) for run_id, w in held.writes),
        "customers": sorted(str(c.get("id")) for c in held.customers or ()),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_open_runs(settings: Settings, held: Held) -> None:
    """Stop where a run that can be resumed has the person in its plan.

    Raises:
        CannotStartError: It must be resumed or abandoned first.
    """
    with local_state(settings) as (state, account):
        if state is None or account is None:
            return
        open_runs = People(state, account).open_runs()
    blocking = open_runs & {run_id for run_id, _ in held.writes}
    marks = Marks(held.person)
    for folder in staging_of(held.roots.runs):
        run_id = folder.parent.name
        is_used = run_id in open_runs or not _is_left(folder)
        if is_used and _stages(folder, marks):
            blocking |= {run_id}
    for run_id in sorted(blocking):
        raise CannotStartError(
            f"run `{run_id}` is not finished and holds the person",
            hint=f"wait for it, `resume {run_id}` or `resume --abandon {run_id}`",
        )


def _stages(folder: Path, marks: Marks) -> bool:
    """Tell whether the staged parts or the plan of a run hold the person."""
    from pipeline.runs.staging import raw_parts
    from pipeline.traces.parquet import places_in

    who = Who(marks)
    with suppress(OSError):
        return any(places_in(part.cells, who, ()) for part in raw_parts(folder))
    return True  # it cannot be read: rather ask too much


def _clear_dead_staging(held: Held, open_runs: frozenset[str]) -> None:
    """Remove the staging of runs that were killed and can never go on."""
    for folder in staging_of(held.roots.runs):
        if folder.parent.name not in open_runs and _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)
            held.roots.send_back([folder])


def _is_left(folder: Path) -> bool:
    """Tell whether nothing was written in a staging folder for an hour."""
    newest = max((p.stat().st_mtime for p in folder.rglob("*")), default=0.0)
    return datetime.now(UTC).timestamp() - newest > _AT_WORK


def _erase_files(settings: Settings, held: Held, now: datetime, digest: str) -> int:
    marks = Marks(held.person)
    # Whose rows these are is read before the first file that says so is blanked.
    whose = run_who(held.roots.runs, marks)
    targets = [
        (t, whose(t.path) if t.place == "runs" else Who(marks)) for t in held.traces
    ]
    for trace, who in targets:
        with disk_errors(trace.path):
            format_of(trace, settings.region).erase(trace.path, who)
    _forget_domains(held)
    changed = [t.path for t in held.traces if t.place == "exports"]
    note = {"at": now.isoformat(timespec="seconds"), "digest": digest}
    mended = mend_exports(held.roots.exports, changed, note)
    held.roots.send_back(t.path for t in held.traces)
    return mended


def _forget_domains(held: Held) -> None:
    """Take the domain of a person's e-mail out of what DNS said about domains."""
    path = held.roots.runs / "domains.json"
    if not path.is_file():
        return
    told = json.loads(path.read_text(encoding="utf-8"))
    gone = {email.rpartition("@")[2] for email in held.person.emails}
    left = {domain: said for domain, said in told.items() if domain not in gone}
    if left != told:
        write_text(path, json.dumps(left, ensure_ascii=False, sort_keys=True) + "\n")


def _erase_state(state: State, account: str, held: Held) -> int:
    people = People(state, account)
    index, lineage = CustomerIndex(state, account), Lineage(state, account)
    for customer_id in sorted(held.person.ids):
        index.forget(customer_id)
        lineage.forget(customer_id)
    return people.erase_writes((run_id, write.op) for run_id, write in held.writes)


def _delete(settings: Settings, held: Held, talk: Talk) -> int:
    """Delete the person's customers in the API; payments stay there by its own rule.

    Returns how many are there no longer. Where the API refuses or is out of reach the
    rest stands all the same: planned again, the customer is found again.
    """
    if not held.customers:
        return 0
    try:
        return asyncio.run(_delete_all(settings, held, talk))
    except CannotStartError as error:
        talk.say(f"warning: {error.message}")
        return 0


async def _delete_all(settings: Settings, held: Held, talk: Talk) -> int:
    deleted = 0
    async with connect(settings, talk) as connection:
        for customer in held.customers or ():
            try:
                with suppress(NotFound):
                    await connection.client.delete_customer(str(customer["id"]))
                deleted += 1
            except ApiError as error:
                talk.say(f"warning: {error.message}")
    return deleted


def _left(settings: Settings, request: SubjectRequest, held: Held) -> int:
    """Look again, with all that is known now; return how many records are left."""
    again = SubjectRequest(
        ids=tuple(held.person.ids),
        emails=tuple(held.person.emails - held.person.shared),
        phones=tuple(held.person.phones - held.person.shared),
        inboxes=request.inboxes,
        offline=True,
    )
    if not (again.ids or again.emails or again.phones):
        return 0
    found = find(settings, again)
    return sum(t.records for t in found.traces) + len(found.writes)


def _writable_state(settings: Settings, held: Held) -> State:
    """Open the state database; it is made where there is none, for the list.

    Raises:
        CannotStartError: No account is known to keep the list for.
    """
    if held.account is None:
        raise CannotStartError(
            "no account is known, so the person cannot be kept from coming back",
            hint="set the key and leave out `--offline`",
        )
    return open_database(settings)


def _write_proof(held: Held, proof: Mapping[str, JSON]) -> None:
    folder = private_folder(held.roots.runs / PROOFS)
    path = folder / f"{proof['erasure_id']}.json"
    write_text(path, json.dumps(proof, ensure_ascii=False, indent=2) + "\n")
    held.roots.send_back([path])


def readmit(
    settings: Settings, request: SubjectRequest, *, actor: str | None = None
) -> dict[str, JSON]:
    """Take a person off the list of those who are never imported again.

    Name the phone and the e-mail: only their hashes are known here.
    """
    asked = Person.asked(request.ids, request.emails, request.phones, settings.region)
    if not asked.contacts:
        raise UsageError("nobody is named", hint="`--phone`, `--email`, or both")
    with local_state(settings) as (state, account):
        if state is None or account is None:
            return {"keys": 0}
        gone = People(state, account).readmit(keys_of(state, asked))
        AuditLog(state).append(
            "person_readmitted",
            actor=actor or user_name(),
            account=account,
            details={"keys": gone},
        )
    return {"keys": gone}
