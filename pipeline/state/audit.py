"""Who did what: an append-only table in which every line vouches for the one before."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, cast, func, insert, select, text

from pipeline.state.schema import audit, meta
from pipeline.state.store import State

_HEAD = "audit_head"
_PAGE = 1000
_FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit; `at` is ISO 8601 in UTC, `details` JSON text.

    `hash` is the SHA-256 of all other fields, `prev_hash` the hash of the line before.
    """

    seq: int
    at: str
    event: str
    actor: str
    account: str | None
    source: str | None
    run_id: str | None
    details: str
    prev_hash: str
    hash: str

    def expected_hash(self) -> str:
        """Return what `hash` must be if nothing was changed."""
        fields = {name: value for name, value in asdict(self).items() if name != "hash"}
        canonical = json.dumps(fields, sort_keys=True, ensure_ascii=True)
        return sha256(canonical.encode()).hexdigest()


class AuditLog:
    """Appends to the audit table, reads it and checks its chain."""

    def __init__(self, state: State) -> None:
        self._db = state.db

    def append(
        self,
        event: str,
        *,
        actor: str,
        account: str | None = None,
        source: str | None = None,
        run_id: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> AuditRow:
        """Add a line, durable on return; `details` must hold nobody in clear."""
        told = json.dumps(details or {}, sort_keys=True, ensure_ascii=False)
        with self._db.write() as con:
            self._lock(con)
            seq, prev_hash = self._last(con)
            at = datetime.fromtimestamp(self._db.now(con), UTC).isoformat()
            row = AuditRow(
                seq + 1, at, event, actor, account, source, run_id, told, prev_hash, ""
            )
            values = {**asdict(row), "hash": row.expected_hash()}
            con.execute(insert(audit).values(values))
            self._note_head(con, f"{values['seq']}:{values['hash']}")
        return AuditRow(**values)

    def rows(
        self, *, run_id: str | None = None, event: str | None = None
    ) -> Iterator[AuditRow]:
        """Yield the lines oldest first, all of them or those of a run or an event."""
        query = select(audit)
        if run_id is not None:
            query = query.where(audit.c.run_id == run_id)
        if event is not None:
            query = query.where(audit.c.event == event)
        last = 0
        while True:
            page = query.where(audit.c.seq > last).order_by(audit.c.seq).limit(_PAGE)
            with self._db.read() as con:
                found = con.execute(page).all()
            if not found:
                return
            yield from (_audit_row(row) for row in found)
            last = found[-1].seq

    def verify(self) -> int | None:
        """Return the number of the first line that was changed or is missing, or None.

        Lines cut off at the end are found too; a number one past the last line then.
        """
        seq, prev_hash = 0, _FIRST
        with self._db.read() as con:
            for row in self._raw(con):
                is_next = row.seq == seq + 1 and row.prev_hash == prev_hash
                if not is_next or row.hash != row.expected_hash():
                    return seq + 1
                seq, prev_hash = row.seq, row.hash
            head = con.execute(select(meta.c.value).where(meta.c.name == _HEAD))
            is_whole = (head.scalar() or f"0:{_FIRST}") == f"{seq}:{prev_hash}"
        return None if is_whole else seq + 1

    def count(self) -> int:
        """Return how many lines there are."""
        with self._db.read() as con:
            return con.execute(select(func.count()).select_from(audit)).scalar_one()

    def hash_of(self, seq: int) -> str | None:
        """Return the hash of line `seq`, None where there is no such line."""
        with self._db.read() as con:
            return con.execute(select(audit.c.hash).where(audit.c.seq == seq)).scalar()

    def _raw(self, con: Connection) -> Iterator[AuditRow]:
        """Yield every line, also one whose text is no longer UTF-8."""
        columns = [
            column if column is audit.c.seq else cast(column, LargeBinary)
            for column in audit.c
        ]
        query = select(*columns) if self._db.is_sqlite else select(audit)
        for row in con.execute(query.order_by(audit.c.seq)):
            yield AuditRow(*map(_text, row))

    def _lock(self, con: Connection) -> None:
        if not self._db.is_sqlite:
            con.execute(text("SELECT pg_advisory_xact_lock(hashtext('audit'))"))

    def _last(self, con: Connection) -> tuple[int, str]:
        query = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
        row = con.execute(query).first()
        return (0, _FIRST) if row is None else (row.seq, row.hash)

    def _note_head(self, con: Connection, head: str) -> None:
        con.execute(
            self._db.insert(meta)
            .values(name=_HEAD, value=head)
            .on_conflict_do_update(index_elements=["name"], set_={"value": head})
        )


def _text(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _audit_row(row: Row[*tuple[Any, ...]]) -> AuditRow:
    return AuditRow(**row._mapping)  # noqa: SLF001  SQLAlchemy's public name for it
