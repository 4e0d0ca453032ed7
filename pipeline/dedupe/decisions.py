"""Decisions that people took before, found again in this file by durable keys."""

from typing import Any

import pyarrow as pa

from pipeline.dedupe.keys import contact_half_sql, record_key
from pipeline.dedupe.names import name_identity
from pipeline.dedupe.policy import DedupePolicy


def build(con: Any, source: str, policy: DedupePolicy) -> None:
    """Leave `dd_decided(row_a, row_b, verdict)` and its companions in `con`.

    Rows with one record key are one record: they are joined to its first row.
    dd_decided_rows(row) lists the rows that a decision names, dd_decided_names(
    root_row, ik_a, ik_b) the pairs of names that a person called the same, and
    dd_seen_contacts(key) the shared contacts that need not be shown again.
    """
    _empty(con)
    if policy.decisions is None:
        return
    con.execute(
        f"INSERT INTO dd_seen_contacts SELECT key_a FROM {policy.decisions}"
        " WHERE kind = 'contact' AND verdict = 'different'"
    )
    keyed = _keyed_rows(con, source, policy)
    con.register("dd_arrow", keyed)
    con.execute("CREATE OR REPLACE TEMP TABLE dd_keyed AS SELECT * FROM dd_arrow")
    con.unregister("dd_arrow")
    con.execute(
        f"""INSERT INTO dd_decided
        WITH firsts AS (SELECT key, min(row) AS row FROM dd_keyed GROUP BY key),
            said AS (SELECT * FROM {policy.decisions} WHERE kind = 'pair')
        SELECT a.row, b.row, d.verdict FROM said d
        JOIN dd_keyed a ON a.key = d.key_a JOIN dd_keyed b ON b.key = d.key_b
        WHERE d.verdict = 'different' AND a.row <> b.row
        UNION SELECT a.row, b.row, d.verdict FROM said d
        JOIN firsts a ON a.key = d.key_a JOIN firsts b ON b.key = d.key_b
        WHERE d.verdict = 'same' AND a.row <> b.row
        UNION SELECT k.row, f.row, 'same' FROM dd_keyed k JOIN firsts f USING (key)
        JOIN said d ON d.verdict = 'same' AND k.key IN (d.key_a, d.key_b)
        WHERE k.row <> f.row"""
    )
    con.execute("INSERT INTO dd_decided_rows SELECT DISTINCT row FROM dd_keyed")
    con.execute(
        """INSERT INTO dd_decided_names
        SELECT DISTINCT d.row_a, a.ik, b.ik FROM dd_decided d
        JOIN dd_keyed a ON a.row = d.row_a JOIN dd_keyed b ON b.row = d.row_b
        WHERE d.verdict = 'same'"""
    )


def _empty(con: Any) -> None:
    for table, columns in (
        ("dd_decided", "row_a BIGINT, row_b BIGINT, verdict VARCHAR"),
        ("dd_decided_rows", "row BIGINT"),
        ("dd_decided_names", "root_row BIGINT, ik_a VARCHAR, ik_b VARCHAR"),
        ("dd_seen_contacts", "key VARCHAR"),
    ):
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")


def _keyed_rows(con: Any, source: str, policy: DedupePolicy) -> pa.Table:
    """Return row, key, ik of the rows that a decision names.

    SQL finds those whose contact is meant; only for these a name is read.
    """
    halves = (
        f"SELECT left(key_a, 16) FROM {policy.decisions} WHERE kind = 'pair'"
        f" UNION SELECT left(key_b, 16) FROM {policy.decisions} WHERE kind = 'pair'"
    )
    candidates = con.execute(
        f"SELECT row, name, email, phone FROM {source}"
        f" WHERE {contact_half_sql(policy.secret)} IN ({halves})"
    ).fetchall()
    wanted = {
        key
        for pair in con.execute(
            f"SELECT key_a, key_b FROM {policy.decisions} WHERE kind = 'pair'"
        ).fetchall()
        for key in pair
    }
    found = [
        (row, key, name_identity(name))
        for row, name, email, phone in candidates
        if (key := record_key(name, email, phone, secret=policy.secret)) in wanted
    ]
    rows, keys, identities = zip(*found, strict=True) if found else ((), (), ())
    return pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "key": pa.array(keys, pa.string()),
            "ik": pa.array(identities, pa.string()),
        }
    )
