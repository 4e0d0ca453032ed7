"""Rows that hang together by edges, and the veto over clusters that contradict."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]

_MANY_NAMES = 12


def components(a: Ints, b: Ints) -> tuple[Ints, Ints]:
    """Return the rows of the edges a-b, sorted, and the lowest row each hangs with.

    Works on int32 positions, halving paths until nothing moves: a few passes over
    the edges whatever their order, so that the answer depends on the edges only.
    """
    rows = np.unique(np.concatenate([a, b]))
    left = np.searchsorted(rows, a).astype(np.int32)
    right = np.searchsorted(rows, b).astype(np.int32)
    root = np.arange(len(rows), dtype=np.int32)
    while True:
        low, high = root[left], root[right]
        moved = low != high
        if not moved.any():
            return rows, rows[root]
        left, right, low, high = left[moved], right[moved], low[moved], high[moved]
        np.minimum.at(root, np.maximum(low, high), np.minimum(low, high))
        while True:
            shorter = root[root]
            if np.array_equal(shorter, root):
                break
            root = shorter


def build(con: Any) -> int:
    """Leave `dd_cluster(row, root)` and `dd_vetoed(row, root)`; return the vetoes.

    A cluster with names that contradict, two different strong ids or birth dates, or
    a pair that a person called different, is dissolved: first to its equal names,
    and where those still contradict to what a person decided, else to single rows.
    """
    _cluster(con, "dd_cluster", "SELECT a, b FROM dd_edges")
    _suspects(con, "dd_cluster")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_vetoed AS SELECT row, root FROM dd_cluster"
        " WHERE root IN (SELECT root FROM dd_bad)"
    )
    (vetoes,) = con.execute("SELECT count(DISTINCT root) FROM dd_vetoed").fetchall()[0]
    if vetoes:
        _dissolve(con, "exact")
        _dissolve(con, "rule = 'decided'")
        # Decisions that contradict each other: nobody is merged, all wait.
        con.execute(
            """DELETE FROM dd_cluster WHERE root IN (
            SELECT x.root FROM dd_decided d JOIN dd_cluster x ON x.row = d.row_a
            JOIN dd_cluster y ON y.row = d.row_b AND y.root = x.root
            WHERE d.verdict = 'different')"""
        )
    return int(vetoes)


def _cluster(con: Any, table: str, edges: str) -> None:
    found = con.execute(edges).fetchnumpy()
    rows, roots = components(
        np.asarray(found["a"], dtype=np.int64), np.asarray(found["b"], dtype=np.int64)
    )
    con.register("dd_arrow", pa.table({"row": rows, "root": roots}))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM dd_arrow")
    con.unregister("dd_arrow")


def _dissolve(con: Any, keep: str) -> None:
    """Put the bad clusters together anew from the edges that `keep` allows."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_broken AS SELECT row FROM dd_cluster"
        " WHERE root IN (SELECT root FROM dd_bad)"
    )
    con.execute("DELETE FROM dd_cluster WHERE root IN (SELECT root FROM dd_bad)")
    _cluster(
        con,
        "dd_again",
        f"SELECT a, b FROM dd_edges WHERE {keep} AND a IN (SELECT row FROM dd_broken)",
    )
    con.execute("INSERT INTO dd_cluster SELECT * FROM dd_again")
    _suspects(con, "dd_again")


def _suspects(con: Any, table: str) -> None:
    """Leave in `dd_bad(root)` the clusters of `table` that contradict themselves."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_traits AS
        SELECT root, min(ik) <> max(ik) AND (count(*) > count(ik) OR count(*) > 2)
                AS many, min(external_id) <> max(external_id)
            OR min(birth_date) <> max(birth_date)
            OR min(national_id) <> max(national_id) AS contradicts
        FROM (SELECT c.root, nullif(r.ik, '') AS ik, r.external_id, r.birth_date,
                r.national_id FROM {table} c JOIN dd_rows r USING (row))
        GROUP BY root"""
    )
    # Two names without a nameless row between them were compared when their edge
    # was made; only longer chains can bring names together that never met.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_called AS
        SELECT c.root, r.ik, min(r.name) AS raw
        FROM {table} c JOIN dd_rows r USING (row)
        JOIN dd_traits t ON t.root = c.root AND t.many
        GROUP BY c.root, r.ik"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_meets AS
        SELECT root, count(*) FILTER (ik <> '') AS names FROM dd_called
        GROUP BY root HAVING count(*) > 2"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_clash AS
        SELECT a.root, a.ik AS ik_a, b.ik AS ik_b FROM dd_called a
        JOIN dd_called b ON a.root = b.root AND a.ik < b.ik AND a.ik <> ''
        JOIN dd_meets m ON m.root = a.root AND m.names <= {_MANY_NAMES}
        WHERE names_agree(a.raw, b.raw) NOT IN ('equal', 'subset', 'near', 'initial')"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_bad AS
        SELECT root FROM dd_traits WHERE contradicts
        UNION SELECT root FROM dd_meets WHERE names > {_MANY_NAMES}
        UNION SELECT root FROM dd_clash WHERE (root, least(ik_a, ik_b),
                greatest(ik_a, ik_b)) NOT IN (
            SELECT (t.root, least(d.ik_a, d.ik_b), greatest(d.ik_a, d.ik_b))
            FROM dd_decided_names d JOIN {table} t ON t.row = d.root_row)
        UNION SELECT x.root FROM dd_decided d JOIN {table} x ON x.row = d.row_a
            JOIN {table} y ON y.row = d.row_b AND y.root = x.root
            WHERE d.verdict = 'different'"""
    )
