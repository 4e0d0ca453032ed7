"""What Splink adds: the order of the review file with and without, and its own merges.

Run as `python -m tests.benchmarks.ranking`. The labelled sets with their birth dates
and towns, and one that is made up so that the town tells. `AP` is the average precision
of the order in which a person is shown the pairs; Splink's own pairs, at two
thresholds, stand beside `equal key` and the automatic merges of the same run.
"""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.dedupe import DedupePolicy, deduplicate
from pipeline.runs import on_splink
from tests.benchmarks.dedupe import _average_precision
from tests.dedupe import labelled
from tests.dedupe.labelled import CORPUS, Labelled
from tests.ranking.made_up import people, table

LEVEL = "strict"
THRESHOLDS = (0.5, 0.99)


@dataclass(frozen=True)
class Ranked:
    """One line of the table."""

    set: str
    rows: int
    lines: int
    ap_weights: float
    ap_splink: float
    ranked: bool
    ours: str
    equal_key: str
    splink_50: str
    splink_99: str


def with_facts(one, births, towns):
    """Return a labelled set with birth dates and towns beside its contacts."""
    names = one.table.column_names
    metadata = [json.dumps({"city": town} if town else {}) for town in towns]
    filled = one.table.set_column(
        names.index("birth_date"), "birth_date", pa.array(births, pa.string())
    ).set_column(names.index("metadata"), "metadata", pa.array(metadata, pa.string()))
    return Labelled(one.name, filled, one.truth)


def sets():
    """Yield the sets that are here."""
    rows = people(720)
    truth = {}
    for number, row in enumerate(rows, 1):
        truth[number] = f"{row['phone']} {row['city']}"
    yield Labelled("town tells", table(rows), truth)
    if not CORPUS.exists():
        return
    read = labelled._read
    for make, file, born, town in (
        (labelled.senzing, "senzing/customers.csv", "DATE_OF_BIRTH", "ADDR_CITY"),
        (labelled.uganda, "opencr_uganda.csv", "date_of_birth", None),
        (labelled.fake_1000, "fake_1000.csv", "dob", "city"),
    ):
        lines = read(file)
        yield with_facts(
            make(),
            [line[born] or None for line in lines],
            [line[town] or None if town else None for line in lines],
        )


def measured(one):
    """Deduplicate one set, rank its review file by Splink, and let Splink merge."""
    true = one.true_pairs
    with duckdb.connect() as con:
        con.register("prepared", one.table)
        deduplicate(con, "prepared", DedupePolicy(level=LEVEL))
        members = defaultdict(list)
        for row, into in con.execute("SELECT row, into_row FROM merges").fetchall():
            members[into].append(row)
        auto = {
            tuple(sorted(pair))
            for into, rows in members.items()
            for pair in combinations([into, *rows], 2)
        }
        before = _shown(con, members, true)
        is_ranked = on_splink.rank_pairs(con, "prepared") is not None
        after = _shown(con, members, true)
        people = on_splink.people_of(con, "prepared")
    own = _own_pairs(people)
    return Ranked(
        one.name,
        one.table.num_rows,
        len(before),
        round(_average_precision(before), 3),
        round(_average_precision(after), 3),
        is_ranked,
        *(_told(pairs, true) for pairs in (auto, one.equal_key_pairs(), *own)),
    )


def _shown(con, members, true):
    """Return, line by line of the review file, whether it shows a true pair."""
    hits = []
    for a, b, rows in con.execute(
        "SELECT row_a, row_b, rows FROM pairs ORDER BY score DESC, row_a, row_b"
    ).fetchall():
        group = json.loads(rows) if rows else [a, b]
        hits.append(
            any(
                tuple(sorted((i, j))) in true
                for x, y in combinations(group, 2)
                for i in [x, *members[x]]
                for j in [y, *members[y]]
            )
        )
    return hits


def _own_pairs(people):
    """Return what Splink alone would merge, at each threshold; a small set too."""
    least, enough = on_splink._LEAST, on_splink._ENOUGH
    on_splink._LEAST, on_splink._ENOUGH = 0, 0.0
    try:
        with on_splink.model_of(people) as linker:
            if linker is None:
                return [set() for _ in THRESHOLDS]
            found = linker.inference.predict(warning_mode="never")
            told = found.as_duckdbpyrelation()
            return [
                {
                    tuple(sorted(pair))
                    for pair in told.filter(f"match_probability >= {least_p}")
                    .project("row_l, row_r")
                    .fetchall()
                }
                for least_p in THRESHOLDS
            ]
    finally:
        on_splink._LEAST, on_splink._ENOUGH = least, enough


def _told(pairs, true):
    """Return precision and recall of some pairs."""
    hits = len(pairs & true)
    return f"{hits / max(1, len(pairs)):.3f} / {hits / max(1, len(true)):.3f}"


def main():
    """Measure, print and write `build/bench-ranking.json`."""
    lines = [asdict(measured(one)) for one in sets()]
    print(f"level {LEVEL}; pairs of ours, equal key, Splink: precision / recall")
    head = list(lines[0])
    cells = [head, *([str(v) for v in line.values()] for line in lines)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    for line in cells:
        print("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)))
    Path("build").mkdir(exist_ok=True)
    Path("build/bench-ranking.json").write_text(json.dumps(lines, indent=2) + "\n")


if __name__ == "__main__":
    main()
