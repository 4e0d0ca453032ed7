"""`subject find` and `subject export`: what is held, in numbers or in full."""

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.files.formula import protect
from pipeline.files.masks import mask_email, mask_phone, mask_text
from pipeline.files.publish import atomic, disk_errors, private_folder, write_text
from pipeline.runs.session import user_name
from pipeline.runs.subject import Held, local_state
from pipeline.runs.subject_journal import shown_write
from pipeline.settings import Settings
from pipeline.state.audit import AuditLog
from pipeline.traces.values import Trace

JSON = Any


def shown(held: Held) -> dict[str, JSON]:
    """Return places and counts; who it is stands there masked."""
    person = held.person
    return {
        "person": {
            "ids": sorted(person.ids),
            "emails": sorted(map(mask_email, person.emails)),
            "phones": sorted(map(mask_phone, person.phones)),
            "names": sorted(map(mask_text, person.names)),
        },
        "people": held.people,
        "shared_contacts": len(person.shared),
        "files": [
            {
                "place": t.place,
                "file": str(t.path),
                "kind": t.kind,
                "records": t.records,
            }
            for t in held.traces
        ],
        "writes": dict(Counter(run_id for run_id, _ in held.writes)),
        "customers": None if held.customers is None else len(held.customers),
        "payments": sum(map(len, held.payments.values())),
    }


def hand_out(
    settings: Settings, held: Held, out: Path, actor: str | None
) -> dict[str, JSON]:
    """Write all that is held of the person into the new folder `out`, mode 0600.

    Raises:
        UsageError: The folder is there already.
    """
    if out.exists():
        raise UsageError(f"`{out}` is there already", hint="name a new folder")
    with disk_errors(out):
        private_folder(out)
        _write_json(out / "api_customers.json", list(held.customers or ()))
        _write_json(out / "api_payments.json", dict(held.payments))
        writes = [shown_write(run_id, write) for run_id, write in held.writes]
        _write_json(out / "what_was_sent.json", writes)
        files = [
            _hand_out_file(out, number, held, t) for number, t in enumerate(held.traces)
        ]
        _write_json(out / "contents.json", {**shown(held), "copies": files})
    _audit(settings, held, actor)
    return {"folder": str(out), **shown(held)}


def _hand_out_file(out: Path, number: int, held: Held, trace: Trace) -> dict[str, JSON]:
    """Write the person's records of one file as CSV; return which file they are of."""
    name = f"{trace.place}_{number + 1:03d}_{trace.path.stem}.csv"
    columns = list(dict.fromkeys(key for record in trace.told for key in record))
    lines = [
        [protect(_cell(record.get(column))) for column in columns]
        for record in trace.told
    ]
    with (
        atomic(out / name) as draft,
        draft.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        csv.writer(file).writerows([[protect(str(c)) for c in columns], *lines])
    return {
        "file": held.roots.shown(trace.path),
        "copy": name,
        "records": trace.records,
    }


def _cell(value: JSON) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _write_json(path: Path, value: Mapping[str, JSON] | Sequence[JSON]) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    write_text(path, text + "\n")


def _audit(settings: Settings, held: Held, actor: str | None) -> None:
    with local_state(settings) as (state, account):
        if state is not None:
            AuditLog(state).append(
                "person_exported",
                actor=actor or user_name(),
                account=account,
                details={"files": len(held.traces), "writes": len(held.writes)},
            )
