"""How good and how fast deduplication is: labelled sets, then one and ten million rows.

Run with `python -m tests.benchmarks.dedupe [ROWS …]`; prints tables and writes
`build/bench-dedupe.json`. `equal key` merges whatever shares an e-mail or a phone.
"""

import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import combinations
from multiprocessing import get_context
from pathlib import Path

import duckdb

from pipeline.dedupe import DedupePolicy, deduplicate
from pipeline.dedupe.names import compare
from tests.dedupe.labelled import CORPUS, all_sets

BUILD = Path(__file__).resolve().parents[2] / "build"
SIZES = (1_000_000, 10_000_000)

_GIVEN = [
    "Jean",
    "Marie",
    "Paul",
    "Aminata",
    "Ousmane",
    "Fatou",
    "Ibrahim",
    "Chantal",
    "Serge",
    "Pauline",
    "Moussa",
    "Esther",
    "Emmanuel",
    "Clarisse",
    "Boubacar",
    "Nadège",
    "Olivier",
    "Solange",
    "Abdoulaye",
    "Brigitte",
    "Cédric",
    "Hélène",
    "Issa",
    "Mireille",
    "Patrice",
    "Rokhaya",
    "Samuel",
    "Thérèse",
    "Yacouba",
    "Zénabou",
]
_SYLLABLES = [
    "mba",
    "nga",
    "ko",
    "tchou",
    "a",
    "tsi",
    "di",
    "op",
    "fo",
    "wou",
    "e",
    "to",
    "na",
    "mbe",
    "lo",
    "kam",
    "ngue",
    "sa",
    "tra",
    "o",
    "re",
    "bi",
    "yé",
    "ndi",
    "fot",
    "so",
    "ze",
    "kou",
    "ass",
    "i",
    "ma",
    "dou",
]


@dataclass(frozen=True)
class Quality:
    """One line of the table for one set and one level."""

    set: str
    level: str
    auto_pairs: int
    false_pairs: int
    error_bound: float
    auto_recall: float
    reviewed_recall: float
    lines_per_1000: float
    average_precision: float
    equal_key_precision: float
    equal_key_recall: float


@dataclass(frozen=True)
class Timing:
    """One run over generated rows."""

    rows: int
    level: str
    duplicates: float
    seconds: float
    peak_rss_mb: int
    merged: int
    held: int
    lines: int
    false_pairs: int


def quality(labelled, level):
    """Deduplicate one labelled set and compare with its truth."""
    true, equal_key = labelled.true_pairs, labelled.equal_key_pairs()
    with duckdb.connect() as con:
        con.register("prepared", labelled.table)
        deduplicate(con, "prepared", DedupePolicy(level=level))
        members = defaultdict(list)
        for row, into in con.execute("SELECT row, into_row FROM merges").fetchall():
            members[into].append(row)
        lines = con.execute(
            "SELECT row_a, row_b, rows FROM pairs ORDER BY score DESC, row_a, row_b"
        ).fetchall()
    auto = {
        tuple(sorted(pair))
        for into, rows in members.items()
        for pair in combinations([into, *rows], 2)
    }
    shown, hits = set(), []
    for a, b, rows in lines:
        group = json.loads(rows) if rows else [a, b]
        pairs = {
            tuple(sorted((i, j)))
            for x, y in combinations(group, 2)
            for i in [x, *members[x]]
            for j in [y, *members[y]]
        }
        hits.append(bool(pairs & true))
        shown |= pairs
    return Quality(
        set=labelled.name,
        level=level,
        auto_pairs=len(auto),
        false_pairs=len(auto - true),
        error_bound=round(3 / len(auto), 4) if auto else 1.0,
        auto_recall=round(len(auto & true) / len(true), 3),
        reviewed_recall=round(len((auto | shown) & true) / len(true), 3),
        lines_per_1000=round(1000 * len(lines) / labelled.table.num_rows, 1),
        average_precision=round(_average_precision(hits), 3),
        equal_key_precision=round(len(equal_key & true) / max(len(equal_key), 1), 3),
        equal_key_recall=round(len(equal_key & true) / len(true), 3),
    )


def _average_precision(hits):
    found = [sum(hits[: i + 1]) / (i + 1) for i, hit in enumerate(hits) if hit]
    return sum(found) / len(found) if found else 0.0


def generate(con, rows, duplicates=0.3):
    """Leave `prepared` and `truth(row, person)`: people in families, some rows twice.

    One person in eight shares a phone with a relative, one in fifty a mailbox. A
    second row has lost its e-mail or phone, its accents, the order of its name, or
    one letter. Made of arithmetic only, so that every machine makes the same rows.
    """
    people = int(rows * (1 - duplicates))
    given = ", ".join(f"'{name}'" for name in _GIVEN)
    syllables = ", ".join(f"'{part}'" for part in _SYLLABLES)
    pick = "[1 + ((person * {m}) // {d}) % {n}]"
    surname = " || ".join(
        f"syl{pick.format(m=m, d=d, n=len(_SYLLABLES))}"
        for m, d in ((2654435761, 65536), (40503, 7), (97, 1))
    )
    con.execute(
        f"""CREATE OR REPLACE TABLE base AS
        WITH words AS (SELECT [{given}] AS giv, [{syllables}] AS syl),
        rows AS (SELECT range + 1 AS row,
            CASE WHEN range < {people} THEN range
                 ELSE (range * 7919) % {people} END AS person,
            CASE WHEN range < {people} THEN 0
                 ELSE 1 + (range * 31) % 7 END AS change
            FROM range({rows}))
        SELECT row, person, change,
            giv{pick.format(m=31, d=3, n=len(_GIVEN))} AS given,
            upper({surname}) || chr((97 + person % 26)::INT) AS surname,
            'u' || (CASE WHEN person % 50 = 1 THEN person - 1 ELSE person END)
                || '@mail' || person % 97 // 50 || '.example.com' AS email,
            '+2376' || lpad((70000000 + CASE WHEN person % 8 = 1 THEN person - 1
                ELSE person END)::VARCHAR, 8, '0') AS phone
        FROM rows, words"""
    )
    con.execute(
        """CREATE OR REPLACE TABLE prepared AS SELECT row, row + 1 AS line,
            CASE change WHEN 1 THEN surname || ' ' || given
                WHEN 2 THEN strip_accents(given || ' ' || surname)
                WHEN 3 THEN given || ' ' || left(surname, 4) || substr(surname, 6)
                WHEN 4 THEN left(given, 1) || ' ' || surname
                ELSE given || ' ' || surname END AS name,
            CASE WHEN change IN (1, 5) THEN NULL ELSE email END AS email,
            CASE WHEN change IN (2, 6) THEN NULL ELSE phone END AS phone,
            'CM' AS country, NULL::VARCHAR AS external_id, NULL::VARCHAR AS birth_date,
            NULL::VARCHAR AS national_id, '{"city": "Douala"}' AS metadata FROM base"""
    )
    con.execute("CREATE OR REPLACE TABLE truth AS SELECT row, person FROM base")
    con.execute("DROP TABLE base")


def timed(rows, level, duplicates=0.3, memory="1GiB"):
    """Time one level over generated rows on two threads and `memory`."""
    with (
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(f"{folder}/bench.db") as con,
    ):
        list(pool.map(compare, ["Awa"] * 8, ["Eva"] * 8))  # the workers are up
        con.execute(f"SET memory_limit = '{memory}'")
        con.execute("SET threads = 2")
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"SET temp_directory = '{folder}/spill'")
        generate(con, rows, duplicates)
        start = time.perf_counter()
        result = deduplicate(con, "prepared", DedupePolicy(level=level), pool)
        con.execute("SELECT count(*), max(length(name)) FROM golden").fetchall()
        seconds = time.perf_counter() - start
        false = con.execute(
            "SELECT count(*) FROM merges m JOIN truth a ON a.row = m.row"
            " JOIN truth b ON b.row = m.into_row WHERE a.person <> b.person"
        ).fetchall()[0][0]
    return Timing(
        rows=rows,
        level=level,
        duplicates=duplicates,
        seconds=round(seconds, 2),
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        merged=result.merged,
        held=result.held,
        lines=result.pairs + result.contacts,
        false_pairs=false,
    )


def _table(rows):
    if not rows:
        return
    head = list(asdict(rows[0]))
    cells = [head, *([str(v) for v in asdict(row).values()] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    for line in cells:
        print("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)))
    print()


def main(sizes=SIZES):
    """Measure, print and write `build/bench-dedupe.json`."""
    levels = ("exact", "strict", "standard")
    sets = all_sets() if CORPUS.exists() else []
    figures = [quality(one, level) for one in sets for level in levels]
    _table(figures)
    timings = [timed(sizes[0], "exact", duplicates=0.01)] if sizes else []
    timings += [timed(n, level) for n in sizes for level in ("strict", "standard")]
    _table(timings)
    BUILD.mkdir(exist_ok=True)
    out = {"quality": figures, "timings": timings}
    text = json.dumps({k: [asdict(r) for r in v] for k, v in out.items()}, indent=2)
    (BUILD / "bench-dedupe.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tuple(int(n) for n in sys.argv[1:]) or SIZES)
