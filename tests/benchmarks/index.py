"""How quick a file is told apart by the index: known, unchanged, new; without a request.

    python -m tests.benchmarks.index [--incoming 200000] [--held 2000000]

Nineteen rows in twenty are customers of the index as they are, the others are new.
Filling the index is not counted. Prints one line and writes `build/bench-index.json`.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from pathlib import Path

from pipeline.existing.hashes import Hashes
from pipeline.match.known import Record
from pipeline.runs.by_index import How, gather_by_index
from pipeline.runs.memory import RunMemory
from pipeline.runs.plan_tables import GOLDEN
from pipeline.runs.workbench import Workbench
from pipeline.state.index import CustomerIndex
from pipeline.state.lineage import Lineage, Settled
from pipeline.state.notes import Notes
from pipeline.state.store import open_state
from pipeline.state.writes import IndexRow

ACCOUNT = "bench"
NEW_EVERY = 20


def person(row):
    return Record(
        row=row,
        name=f"Amina Abena{row}",
        email=f"client{row}@example.com",
        phone=f"+2376{row:08}",
        metadata={"country": "CM", "city": "Douala"},
    )


def held(hashes, incoming, size):
    """Yield the entries of the index: those of the file, then `size` of strangers."""
    for row in range(1, incoming + 1):
        if row % NEW_EVERY:
            one = person(row)
            email, phone = hashes.contacts(one.email, one.phone)
            yield IndexRow(f"cus.{row}", email, phone, None, hashes.of_record(one))
    dice = random.Random(1)
    for row in range(size - incoming):
        email, phone = (f"{dice.getrandbits(128):032x}" for _ in range(2))
        yield IndexRow(f"cus.x{row}", email, phone, None, email)


def memory_of(state):
    index = CustomerIndex(state, ACCOUNT)
    hashes = Hashes(state.key_of, "import_key")
    return RunMemory(
        index, Lineage(state, ACCOUNT), Settled(state, ACCOUNT), Notes(state, ACCOUNT),
        hashes, "people.csv", "run", "CM",
    )  # fmt: skip


def fill(bench, incoming):
    """Put the file's golden records on the workbench."""
    bench.con.execute(
        f"""CREATE TABLE golden AS SELECT range AS row, 'Amina Abena' || range AS name,
            'client' || range || '@example.com' AS email,
            '+2376' || lpad(range::VARCHAR, 8, '0') AS phone, 'CM' AS country,
            NULL::VARCHAR AS external_id, NULL::VARCHAR AS birth_date,
            NULL::VARCHAR AS national_id, '{{"city": "Douala"}}' AS metadata
        FROM range(1, {incoming + 1})"""
    )
    assert len(GOLDEN.split(", ")) == len(bench.con.table("golden").columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incoming", type=int, default=200_000)
    parser.add_argument("--held", type=int, default=2_000_000)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        open_state(f"sqlite:///{folder}/state.db") as state,
        Workbench(Path(folder) / "staging", memory="512MB", threads=2) as bench,
    ):
        memory = memory_of(state)
        began = time.perf_counter()
        memory.index.upsert(held(memory.hashes, options.incoming, options.held))
        filled = time.perf_counter() - began
        fill(bench, options.incoming)
        how = How("existing", 3600.0, "import_key")
        began, worked = time.perf_counter(), time.process_time()
        asyncio.run(gather_by_index(bench, None, memory, how))
        seconds = time.perf_counter() - began
        worked = time.process_time() - worked
        (settled,) = bench.con.execute("SELECT count(*) FROM settled").fetchall()[0]
    assert settled == options.incoming - options.incoming // NEW_EVERY
    figures = {
        "incoming": options.incoming,
        "held": options.held,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(worked, 2),
        "rows_per_second": round(options.incoming / seconds),
        "filled_in": round(filled, 1),
    }
    print(figures)
    Path("build").mkdir(exist_ok=True)
    Path("build/bench-index.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
