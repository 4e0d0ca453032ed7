"""What the state database knows about the files of an inbox, by their content."""

from collections.abc import Iterable
from contextlib import closing

from pipeline.errors import InputError
from pipeline.files.inbox import Arrival
from pipeline.files.spool import bring
from pipeline.runs.connect import open_database
from pipeline.settings import Settings
from pipeline.state.notes import Notes
from pipeline.state.registry import Run, RunFilter
from schemas.outcomes import Outcome, RunState


class Ledger:
    """The files of one account that are done, and the runs of those that are not.

    The database is opened for each question: an import in between forks its workers.
    """

    def __init__(self, settings: Settings, account: str) -> None:
        self._settings = settings
        self._account = account
        self._hashes: dict[tuple[object, ...], str] = {}

    def sha256(self, arrival: Arrival) -> str:
        """Return the SHA-256 of the file's bytes, read once while nobody writes it.

        It is empty where the file cannot be read; its import says why.
        """
        key = (arrival.path, arrival.stamp)
        if key not in self._hashes:
            try:
                with closing(bring(str(arrival.path))) as local:
                    self._hashes[key] = local.sha256
            except InputError:
                return ""
        return self._hashes[key]

    def in_order(self, arrivals: Iterable[Arrival]) -> list[Arrival]:
        """Return those of an interrupted run first, then the oldest."""
        return sorted(
            arrivals,
            key=lambda a: (not self.is_interrupted(a), a.changed, a.name),
        )

    def is_interrupted(self, arrival: Arrival) -> bool:
        """Tell whether a run that can be resumed reads this very file."""
        return any(
            run.finished_at is None and run.file == str(arrival.path)
            for run in self._runs(arrival)
        )

    def finished(self, arrival: Arrival, *, anywhere: bool = False) -> str | None:
        """Return the run that read this very file to its end, or None.

        So stands a file whose walk was killed before the move, and, read `anywhere`,
        one that waited until a person approved its plan. An undone run does not count.
        """
        for run in self._runs(arrival):
            is_here = anywhere or run.file == str(arrival.path)
            if is_here and _is_whole(run) and not self._is_undone(run.run_id):
                return run.run_id
        return None

    def earlier(self, arrival: Arrival, waiting: Iterable[Arrival]) -> str | None:
        """Return the run that read the same content from an inbox, or None.

        A run that was undone does not count. The same content that waits for an
        approval does: the name of that file is returned then.
        """
        sha256 = self.sha256(arrival)
        with open_database(self._settings) as state:
            run_id = Notes(state, self._account).get(_name(sha256))
        if run_id is not None and not self._is_undone(run_id):
            return run_id
        for other in waiting:
            if sha256 and other.path != arrival.path and self.sha256(other) == sha256:
                return other.path.name
        return None

    def note(self, arrival: Arrival, run_id: str) -> None:
        """Write down that the file's content is done."""
        with open_database(self._settings) as state:
            Notes(state, self._account).put(_name(self.sha256(arrival)), run_id)

    def _runs(self, arrival: Arrival) -> list[Run]:
        wanted = RunFilter(
            account=self._account, command="import", file_sha256=self.sha256(arrival)
        )
        with open_database(self._settings) as state:
            return state.runs.find_runs(wanted)

    def _is_undone(self, run_id: str) -> bool:
        wanted = RunFilter(command="undo", parent_run=run_id, state=RunState.FINISHED)
        with open_database(self._settings) as state:
            return bool(state.runs.find_runs(wanted, limit=1))


def _is_whole(run: Run) -> bool:
    """Tell whether a run came to its end, not closed before it or limited to a part."""
    told = run.summary or {}
    left = told.get("rows", {}).get(str(Outcome.NOT_ATTEMPTED), 0)
    return run.state is RunState.FINISHED and not told.get("closed") and not left


def _name(sha256: str) -> str:
    return f"inbox/{sha256}"
