"""Who is who inside one file: the stages in their order, and the counts at the end."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, Final

import duckdb
import pyarrow as pa

from pipeline.dedupe import (
    candidates,
    clusters,
    decisions,
    edges,
    merging,
    review,
    working,
)
from pipeline.dedupe.names import compare, name_identity, typo_tokens
from pipeline.dedupe.policy import DedupePolicy, DedupeResult
from schemas.tables import PREPARED


def deduplicate(
    con: Any, source: str, policy: DedupePolicy, pool: Executor | None = None
) -> DedupeResult:
    """Find rows of one person in `source`; leave the answer as tables in `con`.

    `source` names a table or view with the columns of `schemas.tables.PREPARED`.
    Names are judged in `pool` where one is given: it changes the time, not the answer.
    What is left, all temporary and of this connection:

    - `merges(row, into_row, rule, reason)`: never a chain; `into_row` survives.
    - `held(row, rule, reason)`: surviving rows that wait for a person. Rows merged
      into them stay in `merges` and share their outcome.
    - `golden`: PREPARED columns and `provenance` for every row that goes on.
    - `pairs`: what a person is shown, best first by `score` then rows.
    - `differences(row, into_row, field, kept, other)`: values that were not taken.
    - `placeholders(kind, value, rows)` and `skipped_blocks(block, rows)`.

    The answer depends on the rows' content only, not on their order, on threads or
    on memory; row numbers decide between equal rows.
    """
    (rows,) = con.execute(f"SELECT count(*) FROM {source}").fetchall()[0]
    if policy.level == "off":
        _leave_all(con, source)
        return DedupeResult(rows=rows)
    _register(con, pool)
    decisions.build(con, source, policy)
    working.build(con, source, policy)
    edges.build(con, source, policy)
    vetoed = clusters.build(con)
    merging.build(con, source, policy, pool)
    review.hold(con)
    review.list_pairs(con, policy)
    candidates.build(con, source, policy)
    _golden(con, source)
    return _result(con, rows, vetoed)


def _leave_all(con: Any, source: str) -> None:
    columns = ", ".join(PREPARED.names)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW golden AS"
        f" SELECT {columns}, NULL::VARCHAR AS provenance FROM {source}"
    )
    for table, columns in _EMPTY:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")


_EMPTY: Final = (
    ("merges", "row BIGINT, into_row BIGINT, rule VARCHAR, reason VARCHAR"),
    ("held", "row BIGINT, rule VARCHAR, reason VARCHAR"),
    ("pairs", review.PAIR_COLUMNS),
    (
        "differences",
        "row BIGINT, into_row BIGINT, field VARCHAR, kept VARCHAR, other VARCHAR",
    ),
    ("placeholders", "kind VARCHAR, value VARCHAR, rows BIGINT"),
    ("skipped_blocks", "block VARCHAR, value VARCHAR, rows BIGINT"),
)


def _register(con: Any, pool: Executor | None) -> None:
    for name, function, arity in (
        ("name_identity", identities, 1),
        ("names_agree", agreements, 2),
        ("typo_words", typos, 2),
    ):
        # A second file on the same connection finds the functions there already.
        with suppress(duckdb.InvalidInputException):
            con.remove_function(name)
        con.create_function(
            name,
            function if pool is None else _elsewhere(pool, function, arity),
            ["VARCHAR"] * arity,
            "VARCHAR",
            type="arrow",
            null_handling="special",
        )


def _elsewhere(
    pool: Executor, function: Callable[..., pa.Array], arity: int
) -> Callable[..., pa.Array]:
    """Let a worker answer: two DuckDB threads that wait keep two workers busy."""

    def asked(*columns: pa.ChunkedArray) -> pa.Array:
        if len(columns[0]) < _WORTH_A_WAY:
            return function(*columns)
        return pool.submit(function, *columns).result()

    def of_one(column: pa.ChunkedArray) -> pa.Array:
        return asked(column)

    def of_two(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
        return asked(left, right)

    return of_one if arity == 1 else of_two  # DuckDB counts the parameters


_WORTH_A_WAY: Final = 200


def identities(names: pa.ChunkedArray) -> pa.Array:
    """Return the identity of each name."""
    return pa.array(map(name_identity, names.to_pylist()), pa.string())


def agreements(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
    """Return what each pair of names says about each other."""
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return pa.array((str(compare(a, b)) for a, b in pairs), pa.string())


def typos(left: pa.ChunkedArray, right: pa.ChunkedArray) -> pa.Array:
    """Return the two words by which each pair of names differs, blank-separated."""
    pairs = zip(left.to_pylist(), right.to_pylist(), strict=True)
    return pa.array((" ".join(typo_tokens(a, b) or ()) for a, b in pairs), pa.string())


def _golden(con: Any, source: str) -> None:
    columns = ", ".join(PREPARED.names)
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_gone AS
        SELECT row FROM dd_merged UNION SELECT into_row FROM dd_merged
        UNION SELECT row FROM held"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW golden AS
        SELECT {columns}, NULL::VARCHAR AS provenance FROM {source} s
        WHERE row NOT IN (SELECT row FROM dd_gone)
        UNION ALL SELECT {columns}, provenance FROM dd_golden
        WHERE row NOT IN (SELECT row FROM held)"""
    )


def _result(con: Any, rows: int, vetoed: int) -> DedupeResult:
    def count(query: str) -> int:
        return int(con.execute(query).fetchall()[0][0])

    def by_rule(table: str) -> dict[str, int]:
        found = con.execute(
            f"SELECT rule, count(*) FROM {table} GROUP BY ALL ORDER BY 1"
        )
        return dict(found.fetchall())

    return DedupeResult(
        rows=rows,
        merged=count("SELECT count(*) FROM merges"),
        held=count("SELECT count(*) FROM held"),
        clusters=count("SELECT count(DISTINCT into_row) FROM merges"),
        vetoed=vetoed,
        pairs=count("SELECT count(*) FROM pairs WHERE kind = 'pair'"),
        contacts=count("SELECT count(*) FROM pairs WHERE kind = 'contact'"),
        differences=count("SELECT count(*) FROM differences"),
        decided=count("SELECT count(*) FROM dd_decided"),
        folded=count(
            "SELECT count(*) FROM merges m JOIN dd_rows a ON a.row = m.row JOIN dd_rows"
            " b ON b.row = m.into_row WHERE a.ekey = b.ekey"
            " AND lower(a.email) <> lower(b.email)"
        ),
        skipped_blocks=count("SELECT count(*) FROM skipped_blocks"),
        placeholders=count("SELECT count(*) FROM placeholders"),
        by_rule=by_rule("merges"),
        held_by_rule=by_rule("held"),
    )
