"""How quick a file is told apart by the index: known, unchanged, new; without a request.

    python -m tests.benchmarks.index [--incoming 200000] [--held 2000000] [--keep FOLDER]

Nineteen rows in twenty are customers of the index as they are, the others are new.
Filling the index is not counted; with `--keep` it lies in a folder and is filled once.
Prints one line and writes `build/bench-index.json`.
"""

import argparse
import asyncio
import json
import random
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from pipeline.existing.hashes import Hashes
from pipeline.match.known import Record
from pipeline.runs.by_index import gather_by_index
from pipeline.runs.index_lookup import How
from pipeline.runs.memory import RunMemory
from pipeline.runs.plan_tables import GOLDEN
from pipeline.runs.staging import Preparers
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
        hashes, "people.csv", "run", "CM", state.place,
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


def fill_index(state, incoming, size):
    """Fill the index as a refresh leaves it; its B-trees are built once, at the end."""
    hashes = memory_of(state).hashes
    hashes.key_of("email", "first")  # makes the secret before the file is taken
    path = state.db.url.database
    with closing(sqlite3.connect(path, isolation_level=None)) as con:
        con.execute("PRAGMA synchronous=OFF")
        built = con.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'customers'"
            " AND type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        con.execute("BEGIN")
        for name, _ in built:
            con.execute(f"DROP INDEX {name}")
        con.executemany(
            "INSERT INTO customers (account, customer_id, email_key, phone_key,"
            " fingerprint, seen_at) VALUES (?, ?, ?, ?, ?, 1.0)",
            (packed(row) for row in held(hashes, incoming, size)),
        )
        for _, sql in built:
            con.execute(sql)
        con.execute("COMMIT")
        con.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    memory_of(state).notes.put("index_size", str(size))


def packed(row):
    keys = (row.email_key, row.phone_key, row.fingerprint)
    return ACCOUNT, row.customer_id, *(bytes.fromhex(key) for key in keys)


def measured(state, folder, incoming, preparers):
    """Return how long it took to tell `incoming` rows apart, and how many are known."""
    with Workbench(folder / "staging", memory="512MB", threads=2) as bench:
        fill(bench, incoming)
        how = How("existing", 3600.0, "import_key")
        began = time.perf_counter()
        asyncio.run(
            gather_by_index(bench, None, memory_of(state), how, pool=preparers.beside)
        )
        seconds = time.perf_counter() - began
        (settled,) = bench.con.execute("SELECT count(*) FROM settled").fetchall()[0]
    return seconds, settled


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incoming", type=int, default=200_000)
    parser.add_argument("--held", type=int, default=2_000_000)
    parser.add_argument("--keep", help="folder of the index, filled where it is new")
    options = parser.parse_args()
    with closing(Preparers(2)) as preparers, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        place = Path(options.keep or made) / "state.db"
        is_new = not place.exists()
        with open_state(f"sqlite:///{place}") as state:
            if is_new:
                fill_index(state, options.incoming, options.held)
            seconds, settled = measured(state, folder, options.incoming, preparers)
        size = place.stat().st_size
    assert settled == options.incoming - options.incoming // NEW_EVERY
    figures = {
        "incoming": options.incoming,
        "held": options.held,
        "seconds": round(seconds, 2),
        "rows_per_second": round(options.incoming / seconds),
        "index_mb": round(size / 1e6),
    }
    print(figures)
    Path("build").mkdir(exist_ok=True)
    Path("build/bench-index.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
