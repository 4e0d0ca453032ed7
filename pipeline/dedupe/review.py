"""What a person is shown: pairs that are held, and contacts that several people share."""

from typing import Any

from pipeline.dedupe.keys import BOTH, EMAIL, KIND_NAMES, PHONE
from pipeline.dedupe.policy import DedupePolicy
from pipeline.dedupe.texts import case_sql, reason_case_sql

_ROWS_SHOWN = 50
_ALL_PAIRS = 12

PAIR_COLUMNS = """kind VARCHAR, rule VARCHAR, score DOUBLE, row_a BIGINT, row_b BIGINT,
    key_kind VARCHAR, key_value VARCHAR, agreement VARCHAR, names_on_key BIGINT,
    rows_on_key BIGINT, rows VARCHAR, holds BOOLEAN, reason_en VARCHAR,
    reason_fr VARCHAR"""


def hold(con: Any) -> None:
    """Leave `merges`, `held` and the held lines `dd_open` in `con`.

    A held row is the survivor of its cluster; rows merged into it follow it. What a
    person called different, or what ended in one cluster after all, is not open.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE merges AS SELECT row, into_row, rule, "
        + reason_case_sql("rule", "en")
        + " AS reason FROM dd_merged"
    )
    _vetoed_pairs(con)
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_open AS
        WITH mapped AS (
            SELECT d.* REPLACE (coalesce(x.into_row, d.a) AS a,
                                coalesce(y.into_row, d.b) AS b)
            FROM (SELECT * FROM dd_doubts UNION ALL SELECT * FROM dd_veto_pairs) d
            LEFT JOIN dd_merged x ON x.row = d.a LEFT JOIN dd_merged y ON y.row = d.b)
        SELECT kind, key, least(a, b) AS a, greatest(a, b) AS b, verdict, rule, holds
        FROM mapped m WHERE a <> b AND NOT EXISTS (
            SELECT 1 FROM dd_apart s WHERE s.a = least(m.a, m.b)
                AND s.b = greatest(m.a, m.b))"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE held AS
        SELECT row, min(rule) AS rule, """
        + reason_case_sql("min(rule)", "en")
        + """ AS reason FROM (
            SELECT a AS row, rule FROM dd_open WHERE holds
            UNION ALL SELECT b, rule FROM dd_open WHERE holds) GROUP BY row"""
    )


def _vetoed_pairs(con: Any) -> None:
    """Pair the survivors of a dissolved cluster, and tell who was called different."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_apart AS
        SELECT DISTINCT least(a, b) AS a, greatest(a, b) AS b FROM (
            SELECT coalesce(x.into_row, d.row_a) AS a, coalesce(y.into_row, d.row_b) AS b
            FROM dd_decided d LEFT JOIN dd_merged x ON x.row = d.row_a
            LEFT JOIN dd_merged y ON y.row = d.row_b WHERE d.verdict = 'different')
        WHERE a <> b"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_veto_pairs AS
        WITH parts AS (SELECT DISTINCT v.root, coalesce(m.into_row, v.row) AS row
                FROM dd_vetoed v LEFT JOIN dd_merged m ON m.row = v.row),
            sizes AS (SELECT root, min(row) AS first_row, count(*) AS n
                FROM parts GROUP BY root)
        SELECT NULL::TINYINT AS kind, NULL::VARCHAR AS key, a.row AS a, b.row AS b,
            'contradiction' AS verdict, 'veto' AS rule, true AS holds
        FROM parts a JOIN parts b ON a.root = b.root AND a.row < b.row
        JOIN sizes s ON s.root = a.root
        WHERE s.n <= {_ALL_PAIRS} OR a.row = s.first_row"""
    )


def list_pairs(con: Any, policy: DedupePolicy) -> None:
    """Leave `pairs` in `con`, best first: held pairs and shared contacts."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE pairs ({PAIR_COLUMNS})")
    names = case_sql("o.kind", dict(enumerate(KIND_NAMES)))
    # One line a pair, said by its strongest doubt.
    con.execute(
        f"""INSERT INTO pairs
        WITH best AS (
            SELECT * FROM dd_open WHERE holds QUALIFY row_number() OVER (
                PARTITION BY a, b ORDER BY rule, kind NULLS LAST, key) = 1)
        SELECT 'pair', rule, {_SCORE}, a, b, {names}, replace(o.key, chr(31), ' '),
            verdict, p.names, p.rows, NULL, true,
            {reason_case_sql("rule", "en")}, {reason_case_sql("rule", "fr")}
        FROM best o LEFT JOIN dd_profile p ON p.kind = o.kind AND p.key = o.key"""
    )
    _contacts(con, policy)


_SCORE = f"""round(least(0.99, CASE verdict
        WHEN 'equal' THEN 0.85 WHEN 'subset' THEN 0.80 WHEN 'near' THEN 0.82
        WHEN 'initial' THEN 0.70 WHEN 'nameless' THEN 0.50 WHEN 'partial' THEN 0.60
        WHEN 'contradiction' THEN 0.45 ELSE 0.20 END
    + CASE o.kind WHEN {BOTH} THEN 0.14 WHEN {EMAIL} THEN 0.08 WHEN {PHONE} THEN 0.0
        ELSE 0.10 END
    - 0.02 * greatest(coalesce(p.names, 1) - 2, 0)), 3)"""


def _contacts(con: Any, policy: DedupePolicy) -> None:
    """Write one line for each contact that people with other names have too (R7)."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_contacts AS
        SELECT kind, key FROM dd_profile WHERE shared AND kind IN ({EMAIL}, {PHONE})
            AND names + nameless > 1
        UNION SELECT kind, key FROM dd_open WHERE NOT holds
            AND kind IN ({EMAIL}, {PHONE})"""
    )
    names = case_sql("c.kind", dict(enumerate(KIND_NAMES)))
    con.execute(
        f"""INSERT INTO pairs
        WITH people AS (
            SELECT c.kind, c.key, coalesce(m.into_row, k.row) AS row, min(k.ik) AS ik
            FROM dd_contacts c JOIN dd_keys k USING (kind, key)
            LEFT JOIN dd_merged m ON m.row = k.row GROUP BY ALL),
        lines AS (
            SELECT kind, key, list(row ORDER BY ik, row)[:{_ROWS_SHOWN}] AS rows,
                count(*) AS n FROM people GROUP BY kind, key HAVING count(*) > 1)
        SELECT 'contact', 'R7', round(0.3 / c.n, 3), c.rows[1], c.rows[2], {names},
            c.key, 'different', p.names, p.rows, to_json(c.rows)::VARCHAR, false,
            {reason_case_sql("'R7'", "en")}, {reason_case_sql("'R7'", "fr")}
        FROM lines c JOIN dd_profile p USING (kind, key)
        WHERE left(sha256({_SEEN.format(names=names)}), 16) NOT IN (
            SELECT key FROM dd_seen_contacts)""",
        {"secret": policy.secret},
    )


_SEEN = "$secret || chr(31) || {names} || chr(31) || c.key"
