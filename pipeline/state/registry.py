"""The register of runs: one row a run, from its start to its last change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, update

from pipeline.state.database import Database
from pipeline.state.schema import runs
from schemas.outcomes import RunState

_JSON = ("summary", "settings")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the state database has it; times in seconds since 1970.

    It is open, and can be resumed, until `finished_at` is set.
    """

    run_id: str
    account: str
    source: str
    command: str
    file: str | None = None
    file_sha256: str | None = None
    plan_digest: str | None = None
    state: RunState = RunState.INTERRUPTED
    started_at: float = 0.0
    finished_at: float | None = None
    actor: str | None = None
    approved_by: str | None = None
    reason: str | None = None
    parent_run: str | None = None
    summary: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs are asked for; None asks for all. `since` is in seconds since 1970."""

    account: str | None = None
    source: str | None = None
    command: str | None = None
    state: RunState | None = None
    parent_run: str | None = None
    file_sha256: str | None = None
    plan_digest: str | None = None
    since: float | None = None
    unfinished: bool = False


class RunRegistry:
    """Reads and writes the rows of runs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def register_run(self, run: Run) -> Run:
        """Write down a new run and return it; a start of 0 becomes now.

        Raises:
            StateError: The run id is taken, or the database is out of reach.
        """
        with self._db.write() as con:
            values = _values(run)
            values["started_at"] = run.started_at or self._db.now(con)
            con.execute(insert(runs).values(values))
        return _run_of(values)

    def update_run(self, run_id: str, **changes: object) -> None:
        """Change the named columns of a run.

        A state of finished or refused also sets `finished_at`, where it is not named.

        Raises:
            KeyError: No run has that id.
        """
        values = {name: _stored(name, value) for name, value in changes.items()}
        with self._db.write() as con:
            is_end = changes.get("state") in (RunState.FINISHED, RunState.REFUSED)
            if is_end and "finished_at" not in values:
                values["finished_at"] = self._db.now(con)
            done = con.execute(
                update(runs).where(runs.c.run_id == run_id).values(**values)
            )
            if done.rowcount != 1:
                raise KeyError(run_id)

    def close_run(self, run_id: str) -> None:
        """Set the end of a run that will not be resumed, and leave its state."""
        with self._db.write() as con:
            con.execute(
                update(runs)
                .where(runs.c.run_id == run_id, runs.c.finished_at.is_(None))
                .values(finished_at=self._db.now(con))
            )

    def run(self, run_id: str) -> Run | None:
        """Return one run, or None."""
        with self._db.read() as con:
            row = con.execute(select(runs).where(runs.c.run_id == run_id)).first()
        return None if row is None else _run_of_row(row)

    def find_runs(
        self, wanted: RunFilter | None = None, *, limit: int | None = None
    ) -> list[Run]:
        """Return the runs that agree with `wanted`, newest first."""
        wanted = wanted or RunFilter()
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
        for name in RunFilter.__dataclass_fields__.keys() - {"since", "unfinished"}:
            value = getattr(wanted, name)
            if value is not None:
                query = query.where(runs.c[name] == _stored(name, value))
        if wanted.since is not None:
            query = query.where(runs.c.started_at >= wanted.since)
        if wanted.unfinished:
            query = query.where(runs.c.finished_at.is_(None))
        with self._db.read() as con:
            return [_run_of_row(row) for row in con.execute(query.limit(limit))]

    def latest_unfinished(
        self, account: str, source: str, *, command: str | None = None
    ) -> Run | None:
        """Return the newest run of this account and source that can be resumed."""
        wanted = RunFilter(account, source, command=command, unfinished=True)
        return next(iter(self.find_runs(wanted, limit=1)), None)


def _stored(name: str, value: object) -> object:
    if name in _JSON and value is not None:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value) if isinstance(value, RunState) else value


def _values(run: Run) -> dict[str, Any]:
    return {
        name: _stored(name, getattr(run, name)) for name in Run.__dataclass_fields__
    }


def _run_of_row(row: Row[*tuple[Any, ...]]) -> Run:
    return _run_of(dict(row._mapping))  # noqa: SLF001  SQLAlchemy's public name for it


def _run_of(values: dict[str, Any]) -> Run:
    read = {name: values[name] and json.loads(values[name]) for name in _JSON}
    return Run(**{**values, **read, "state": RunState(values["state"])})
