"""People who were erased never come in again: their rows are refused, and not kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.dedupe.names import name_key
from pipeline.files.publish import PRIVATE_FILE, atomic, disk_errors
from pipeline.match.known import email_key
from pipeline.normalise.phone import Regions, normalise_phones
from pipeline.normalise.phonecell import Policy
from pipeline.privacy.person import Person
from pipeline.read import BrokenRecord, RawChunk
from pipeline.report.findings import write_findings
from pipeline.runs.own import refuse_rows
from pipeline.runs.staging import (
    broken_path,
    raw_path,
    read_raw,
    rejected_path,
    rows_path,
    write_raw,
)
from schemas.records import Finding
from schemas.rules import rule
from schemas.tables import REJECTED

if TYPE_CHECKING:
    from pipeline.runs.intake import Intake
    from pipeline.runs.session import Session
    from pipeline.state.store import State

RULE = "suppressed"
_EMAIL = re.compile(r"[^\s,;<>\"'()|]+@[^\s,;<>\"'()|]+")
_NUMBER = re.compile(r"[+(]?\d(?:[^0-9A-Za-z\n,;|]{0,3}\d){6,16}")


def keys_of(state: "State", person: Person) -> frozenset[str]:
    """Return the keyed hashes under which a person is kept out.

    A contact that others share is kept out only together with the person's name.
    """
    kinds = [("email", e) for e in person.emails] + [
        ("phone", p) for p in person.phones
    ]
    keys = set()
    for kind, value in kinds:
        if value not in person.shared:
            keys.add(state.key_of(kind, value))
            continue
        keys.update(
            state.key_of("person", f"{value}\0{key}")
            for key in map(name_key, person.names)
            if key
        )
    return frozenset(keys)


def refuse_suppressed(
    session: "Session", intake: "Intake", state: "State | None", account: str | None
) -> int:
    """Reject the staged rows of suppressed people, and blank what is kept of them.

    Returns how many rows. The leftovers name the row and the rule, and no value.
    """
    if state is None or account is None or not intake.read:
        return 0
    from pipeline.state.privacy import People

    listed = People(state, account).all_suppressed()
    if not listed:
        return 0
    watch = _Watch(state, listed, session.settings.region)
    staging, lang = session.folder.staging, session.settings.lang
    found: dict[int, Finding] = {}
    for index in range(len(list(staging.glob("raw-*.arrow")))):
        rows = dict(watch.rows(staging, index))
        if rows:
            found |= {row: _finding(row, line, lang) for row, line in rows.items()}
            _blank_raw(staging, index, frozenset(rows))
            _retell(staging, index, found)
    if found:
        _count(session, intake, list(found.values()))
    return len(found)


class _Watch:
    """Knows suppressed people by the keyed hashes of their contacts."""

    def __init__(self, state: "State", listed: frozenset[str], region: str) -> None:
        self._state = state
        self._listed = listed
        self._region = region

    def rows(self, staging: Path, index: int) -> Iterator[tuple[int, int]]:
        """Yield (row, line) of suppressed people in part `index`, refused rows too."""
        columns = ["row", "line", "name", "email", "phone"]
        accepted = pq.read_table(rows_path(staging, index), columns=columns)
        cells = (column.to_pylist() for column in accepted.columns)
        for row, line, name, email, phone in zip(*cells, strict=True):
            if self._is_listed(name, email, phone):
                yield row, line
        refused = pq.read_table(rejected_path(staging, index), columns=["row"])["row"]
        if len(refused):
            yield from self._refused(staging, index, refused)

    def _is_listed(
        self, name: str | None, email: str | None, phone: str | None
    ) -> bool:
        plain = None
        for kind, value in (("email", email and email_key(email)), ("phone", phone)):
            if not value:
                continue
            if self._state.key_of(kind, value) in self._listed:
                return True
            plain = name_key(name) if plain is None else plain
            if (
                plain
                and self._state.key_of("person", f"{value}\0{plain}") in self._listed
            ):
                return True
        return False

    def _refused(
        self, staging: Path, index: int, rows: Any
    ) -> Iterator[tuple[int, int]]:
        """Yield suppressed people among rows that were refused for something else."""
        chunk = read_raw(staging, index)
        places = pc.index_in(rows, value_set=chunk.rows).drop_null()
        lines = chunk.cells.take(places).to_pylist()
        for place, cells in zip(places.to_pylist(), lines, strict=True):
            if self._in_text("\n".join(cell for cell in cells.values() if cell)):
                yield chunk.rows[place].as_py(), chunk.lines[place].as_py()
        for record in chunk.broken:
            if self._in_text(record.text):
                yield record.row, record.line

    def _in_text(self, text: str) -> bool:
        emails = (email_key(hit[0].strip(".:")) for hit in _EMAIL.finditer(text))
        if any(e and self._state.key_of("email", e) in self._listed for e in emails):
            return True
        numbers = pa.array([hit[0] for hit in _NUMBER.finditer(text)], pa.string())
        if not len(numbers):
            return False
        size = len(numbers)
        regions = Regions(
            (self._region,), np.zeros(size, np.int64), np.zeros(size, np.bool_)
        )
        read = normalise_phones(numbers, regions, Policy(allow_possible=True)).column
        return any(
            phone and self._state.key_of("phone", phone) in self._listed
            for phone in read.values.to_pylist()
        )


def _finding(row: int, line: int, lang: str) -> Finding:
    said = rule(RULE)
    return Finding(
        row, line, "", RULE, said.severity, None, None, said.advice(lang),
        said.message(lang),
    )  # fmt: skip


def _blank_raw(staging: Path, index: int, rows: frozenset[int]) -> None:
    """Empty the cells of rows, so that no file that is made of them holds anybody."""
    chunk = read_raw(staging, index)
    stays = pc.invert(
        pc.is_in(chunk.rows, value_set=pa.array(sorted(rows), pa.int64()))
    )
    columns = [
        pc.if_else(stays, column.combine_chunks(), pa.scalar(None, column.type))
        for column in chunk.cells.columns
    ]
    broken = tuple(
        BrokenRecord(b.row, b.line, b.rule, "", b.reason) if b.row in rows else b
        for b in chunk.broken
    )
    blank = RawChunk(
        rows=chunk.rows,
        lines=chunk.lines,
        cells=pa.table(columns, names=chunk.cells.column_names),
        broken=broken,
    )
    raw_path(staging, index).unlink()  # it may still be mapped: never write into it
    broken_path(staging, index).unlink(missing_ok=True)
    write_raw(staging, index, blank)


def _retell(staging: Path, index: int, found: dict[int, Finding]) -> None:
    """Give rows that were refused for something else this rule instead."""
    path = rejected_path(staging, index)
    lines = pq.read_table(path).to_pylist()
    told = [
        line | {"rule": RULE, "reason": f.message, "suggestion": f.suggestion}
        if (f := found.get(line["row"]))
        else line
        for line in lines
    ]
    if told != lines:
        with disk_errors(path):
            table = pa.Table.from_pylist(told, schema=REJECTED)
            pq.write_table(table, path, compression="lz4", use_dictionary=False)
            path.chmod(PRIVATE_FILE)


def _count(session: "Session", intake: "Intake", found: list[Finding]) -> None:
    rows = {finding.row for finding in found}
    _blank_findings(session.folder.findings, rows)
    write_findings(session.folder.findings, found)
    moved = refuse_rows(session.folder.staging, found)
    intake.accepted -= moved
    intake.rejected += moved
    intake.findings[RULE] += len(found)
    session.summary.findings[RULE] += len(found)


def _blank_findings(path: Path, rows: set[int]) -> None:
    """Take the values of rows out of what was already said about them."""
    if not path.exists():
        return
    with (
        atomic(path) as draft,
        path.open(encoding="utf-8") as old,
        draft.open("w", encoding="utf-8") as new,
    ):
        for line in old:
            told = json.loads(line)
            if told["row"] not in rows:
                new.write(line)
                continue
            gone = dict.fromkeys(("original", "normalised", "suggestion"))
            told |= gone | {"message": rule(told["rule"]).message("en")}
            new.write(json.dumps(told, ensure_ascii=False) + "\n")
