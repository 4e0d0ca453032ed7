"""Tiny worlds for deduplication: rows in, the tables it leaves out."""

import duckdb
import pyarrow as pa

from pipeline.dedupe import DedupePolicy, deduplicate
from schemas.tables import PREPARED


def prepared(rows):
    """PREPARED table from dicts; what is not said is null, metadata `{}`."""
    filled = [
        dict.fromkeys(PREPARED.names)
        | {"row": i, "line": i + 1, "metadata": "{}"}
        | row
        for i, row in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(filled, schema=PREPARED)


class World:
    """A file, deduplicated."""

    def __init__(self, rows, decisions=(), threads=2, memory="1GiB", **policy):
        self.con = duckdb.connect()
        self.con.execute(f"SET threads = {threads}; SET memory_limit = '{memory}'")
        table = rows if isinstance(rows, pa.Table) else prepared(rows)
        self.con.register("src", table)
        if decisions:
            self.con.execute(
                "CREATE TABLE dec (kind VARCHAR, key_a VARCHAR, key_b VARCHAR,"
                " verdict VARCHAR)"
            )
            self.con.executemany("INSERT INTO dec VALUES (?, ?, ?, ?)", list(decisions))
            policy["decisions"] = "dec"
        self.policy = DedupePolicy(**policy)
        self.result = deduplicate(self.con, "src", self.policy)

    def all(self, query):
        return self.con.execute(query).fetchall()

    @property
    def merges(self):
        return {
            r: (i, u) for r, i, u in self.all("SELECT row, into_row, rule FROM merges")
        }

    @property
    def held(self):
        return dict(self.all("SELECT row, rule FROM held"))

    @property
    def golden(self):
        names = [*PREPARED.names, "provenance"]
        rows = self.all(f"SELECT {', '.join(names)} FROM golden ORDER BY row")
        return [dict(zip(names, row, strict=True)) for row in rows]

    @property
    def pairs(self):
        return self.all(
            "SELECT kind, rule, row_a, row_b FROM pairs ORDER BY score DESC"
        )

    @property
    def survivors(self):
        """Every row that was not merged, held or not, as another file."""
        columns = ", ".join(PREPARED.names)
        return self.con.sql(
            f"SELECT {columns} FROM dd_golden UNION ALL SELECT {columns} FROM src"
            " WHERE row NOT IN (SELECT row FROM merges)"
            " AND row NOT IN (SELECT row FROM dd_golden)"
        ).to_arrow_table()
