"""What a run remembers beyond itself: the index, the lineage of its source, their keys."""

from dataclasses import dataclass

from pipeline.existing.hashes import Hashes
from pipeline.match.known import Record, known
from pipeline.runs.connect import Connection
from pipeline.state.index import CustomerIndex
from pipeline.state.lineage import Lineage, Settled
from pipeline.state.notes import Notes
from pipeline.state.store import StatePlace
from pipeline.state.writes import IndexRow
from schemas.api import Customer


@dataclass(frozen=True, slots=True)
class RunMemory:
    """The index and lineage of an account, as one run of `source` writes and reads them."""

    index: CustomerIndex
    lineage: Lineage
    settled: Settled
    notes: Notes
    hashes: Hashes
    source: str
    run_id: str
    region: str
    place: StatePlace

    @classmethod
    def of(cls, connection: Connection, source: str, run_id: str) -> "RunMemory":
        """Return the memory of one run."""
        state, account = connection.state, connection.account_id
        settings = connection.settings
        return cls(
            CustomerIndex(state, account),
            Lineage(state, account),
            Settled(state, account),
            Notes(state, account),
            Hashes(state.key_of, settings.import_key),
            source,
            run_id,
            settings.region,
            state.place,
        )

    def size(self) -> int:
        """Return how many customers the last refresh saw; counting them takes long."""
        told = self.notes.get("index_size")
        return self.index.stats().customers if told is None else int(told)

    def seen(self, customer: Customer) -> IndexRow:
        """Return what the index keeps of a customer whom this run wrote."""
        return self.hashes.row(known(customer, self.region), self.run_id)

    def unsure(self, customer_id: str) -> IndexRow | None:
        """Return the entry of a customer who is not as the index had him any more."""
        row = self.index.get([customer_id]).get(customer_id)
        return row and row._replace(fingerprint=None, written_run=self.run_id)

    def source_keys(self, record: Record) -> tuple[str, ...]:
        """Return the keys under which this source's lineage is kept."""
        return self.hashes.source(self.source, record)

    def gone(self, customer_id: str) -> None:
        """Take out a customer whom the API no longer knows; one of ours leaves a mark."""
        self.index.remove(customer_id)

    def forget(self, customer_id: str) -> None:
        """Take out a customer whom we deleted on purpose."""
        self.index.forget(customer_id)
        self.lineage.forget(customer_id)
