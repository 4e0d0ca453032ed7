"""Which rows belong together, and which need a person: the rules R0 to R7 on keys.

Equal names on a key make a star around its first row, so that work grows with rows
and not with pairs; other names are compared in pairs, at most fifteen a key.
"""

from typing import Any

from pipeline.dedupe.keys import BOTH, EMAIL, EXTERNAL, NATIONAL, PHONE
from pipeline.dedupe.policy import DedupePolicy

_ONE_PERSON = "('equal', 'subset', 'near', 'initial')"


def build(con: Any, source: str, policy: DedupePolicy) -> None:
    """Leave `dd_edges` (to merge) and `dd_doubts` (to hold or to show) in `con`.

    dd_edges(a, b, rule, exact): exact where the names are equal or a person decided.
    dd_doubts(kind, key, a, b, verdict, rule, holds): row pairs, in no fixed order.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_edges (a BIGINT, b BIGINT, rule VARCHAR,"
        " exact BOOLEAN)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_doubts (kind TINYINT, key VARCHAR, a BIGINT,"
        " b BIGINT, verdict VARCHAR, rule VARCHAR, holds BOOLEAN)"
    )
    _stars(con, policy)
    _identical(con, source, policy)
    if policy.level != "exact":
        _compare_names(con, policy)
        _judge(con, source, policy)
        _nameless(con)
    con.execute(
        "INSERT INTO dd_edges SELECT row_a, row_b, 'decided', true FROM dd_decided"
        " WHERE verdict = 'same'"
    )


def _stars(con: Any, policy: DedupePolicy) -> None:
    """Join rows with equal names on a key that is not shared (R0, R1, R2, R3)."""
    exact = policy.level == "exact"
    kinds = (EXTERNAL, NATIONAL, BOTH) if exact else (EXTERNAL, NATIONAL, EMAIL, PHONE)
    # One word on one phone (`Kamga`, twice) may be two people of a family.
    strict = "" if policy.level == "standard" else "AND NOT (kind = {p} AND {one_word})"
    guard = strict.format(p=PHONE, one_word="NOT contains(n.ik, ' ')")
    con.execute(
        f"""INSERT INTO dd_edges
        SELECT k.row, n.center, CASE k.kind WHEN {EXTERNAL} THEN 'R0'
            WHEN {NATIONAL} THEN 'R0' WHEN {BOTH} THEN 'R1' WHEN {EMAIL} THEN 'R2'
            ELSE 'R3' END, true
        FROM dd_keys k JOIN dd_names n USING (kind, key, ik)
        JOIN dd_profile p USING (kind, key)
        WHERE n.rows > 1 AND k.ik <> '' AND k.row <> n.center AND NOT p.shared
            AND kind IN {kinds} {guard}
            {_PARENTS_PERSONAL if exact else ""}"""
    )
    if policy.level == "strict":
        con.execute(
            f"""INSERT INTO dd_doubts
            SELECT k.kind, k.key, k.row, n.center, 'equal', 'R6', true
            FROM dd_keys k JOIN dd_names n USING (kind, key, ik)
            JOIN dd_profile p USING (kind, key)
            WHERE n.rows > 1 AND k.ik <> '' AND k.row <> n.center AND NOT p.shared
                AND kind = {PHONE} AND NOT contains(n.ik, ' ')"""
        )


_PARENTS_PERSONAL = f"""
    AND (kind <> {BOTH} OR (
        split_part(k.key, chr(31), 1) NOT IN (
            SELECT key FROM dd_profile WHERE kind = {EMAIL} AND shared)
        AND split_part(k.key, chr(31), 2) NOT IN (
            SELECT key FROM dd_profile WHERE kind = {PHONE} AND shared)))"""


def _identical(con: Any, source: str, policy: DedupePolicy) -> None:
    """Join rows that say the same in every field: one line pasted twice.

    Only where no other rule may speak (shared keys, one-word names, any line at
    `exact`): nothing is lost by it, and two lines that nothing tells apart cannot be
    told apart later.
    """
    everywhere = policy.level == "exact"
    con.execute(
        f"""INSERT INTO dd_edges
        WITH lines AS (
            SELECT row, min(row) OVER (PARTITION BY name, lower(email), phone, country,
                external_id, birth_date, national_id, metadata) AS first_row
            FROM {source} WHERE row IN (
                SELECT k.row FROM dd_keys k JOIN dd_names n USING (kind, key, ik)
                JOIN dd_profile p USING (kind, key)
                WHERE n.rows > 1 AND k.ik <> ''
                    AND (p.shared OR NOT contains(k.ik, ' ') OR {everywhere})))
        SELECT row, first_row, 'identical', true FROM lines WHERE row <> first_row"""
    )


def _compare_names(con: Any, policy: DedupePolicy) -> None:
    """Compare the few names of each key in pairs: `dd_pairs`, and `dd_personal`."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_apiece AS
        SELECT kind, key, a.center AS a, b.center AS b, least(a.raw, b.raw) AS raw_a,
            greatest(a.raw, b.raw) AS raw_b
        FROM dd_names a JOIN dd_names b USING (kind, key)
        JOIN dd_profile p USING (kind, key)
        WHERE a.ik < b.ik AND a.ik <> '' AND NOT p.shared
            AND p.names BETWEEN 2 AND {policy.max_household}"""
    )
    # Two names often meet on an e-mail and on a phone: judged once.
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_pairs AS
        WITH meetings AS MATERIALIZED (SELECT DISTINCT raw_a, raw_b FROM dd_apiece),
        judged AS MATERIALIZED (
            SELECT raw_a, raw_b, names_agree(raw_a, raw_b) AS verdict FROM meetings)
        SELECT p.*, j.verdict FROM dd_apiece p JOIN judged j USING (raw_a, raw_b)"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_personal AS
        SELECT kind, key, coalesce(x.one, true) AND NOT p.shared AS one
        FROM dd_profile p LEFT JOIN (
            SELECT kind, key, bool_and(verdict IN {_ONE_PERSON}) AS one
            FROM dd_pairs GROUP BY kind, key) x USING (kind, key)"""
    )
    con.execute(
        f"""UPDATE dd_personal SET one = false WHERE kind = {BOTH} AND (
            split_part(key, chr(31), 1) IN (
                SELECT key FROM dd_personal WHERE kind = {EMAIL} AND NOT one)
            OR split_part(key, chr(31), 2) IN (
                SELECT key FROM dd_personal WHERE kind = {PHONE} AND NOT one))"""
    )


def _judge(con: Any, source: str, policy: DedupePolicy) -> None:
    """Turn each compared pair into an edge, a hold, or a line about a shared contact."""
    _mark_rare_typos(con, source, policy)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_judged AS
        SELECT kind, key, a, b, verdict, CASE
            WHEN verdict IN ('different', 'blocked') THEN 'R7'
            WHEN verdict = 'equal' THEN
                CASE kind WHEN {EMAIL} THEN 'R2' WHEN {PHONE} THEN 'R3'
                WHEN {BOTH} THEN 'R1' ELSE 'R0' END
            WHEN verdict = 'partial' THEN 'R6'
            WHEN one AND kind IN ({EXTERNAL}, {NATIONAL}) THEN 'R0'
            WHEN one AND kind = {BOTH} THEN 'R1'
            WHEN one AND kind = {EMAIL} AND verdict = 'subset' THEN 'R2'
            WHEN verdict = 'near' THEN CASE WHEN one AND typo THEN 'R4' ELSE 'R4?' END
            ELSE 'R6' END AS rule
        FROM dd_pairs JOIN dd_personal USING (kind, key)
            LEFT JOIN dd_typos USING (raw_a, raw_b)"""
    )
    con.execute(
        "INSERT INTO dd_edges SELECT a, b, rule, verdict = 'equal' FROM dd_judged"
        " WHERE rule IN ('R0', 'R1', 'R2', 'R3', 'R4')"
    )
    con.execute(
        "INSERT INTO dd_doubts SELECT kind, key, a, b, verdict, left(rule, 2),"
        " rule <> 'R7' FROM dd_judged WHERE rule IN ('R4?', 'R6', 'R7')"
    )


def _mark_rare_typos(con: Any, source: str, policy: DedupePolicy) -> None:
    """Find NEAR names whose odd word is rare: only then is it a slip of the hand.

    Rarity means something only among many names; in a smaller file nothing is marked.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_typos"
        " (raw_a VARCHAR, raw_b VARCHAR, typo BOOLEAN, words VARCHAR)"
    )
    if policy.level != "standard":
        return
    (named,) = con.execute(f"SELECT count(name) FROM {source}").fetchall()[0]
    if named < policy.rare_names_from:
        return
    con.execute(
        """INSERT INTO dd_typos
        SELECT raw_a, raw_b, false, typo_words(raw_a, raw_b) FROM (
            SELECT DISTINCT raw_a, raw_b FROM dd_pairs WHERE verdict = 'near')"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_words AS
        WITH wanted AS (SELECT DISTINCT unnest(string_split(words, ' ')) AS word
                        FROM dd_typos WHERE words <> ''),
        spoken AS (SELECT unnest(string_split(translate(
                lower(strip_accents(name)), '-.,;/''', '     '), ' ')) AS word
            FROM {source})
        SELECT word, count(*) AS uses FROM spoken SEMI JOIN wanted USING (word)
        GROUP BY word"""
    )
    rare = max(3, named // 100_000)
    con.execute(
        f"""UPDATE dd_typos SET typo = words = '' OR EXISTS (
            SELECT 1 FROM (SELECT unnest(string_split(words, ' ')) AS word) t
            LEFT JOIN dd_words w USING (word) WHERE coalesce(w.uses, 0) <= {rare})"""
    )


def _nameless(con: Any) -> None:
    """Join rows without a name to the one name of their key (R1, R5), or hold them.

    Where several names may be one person they wait for whoever decides that; among
    people who differ they are nobody's.
    """
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_open_keys AS SELECT DISTINCT kind, key"
        " FROM dd_pairs WHERE verdict IN ('different', 'blocked')"
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_lonely AS
        SELECT k.kind, k.key, k.row AS a, n.center AS b, p.names
        FROM dd_keys k JOIN dd_personal o USING (kind, key)
        JOIN dd_profile p USING (kind, key)
        JOIN dd_names n ON n.kind = k.kind AND n.key = k.key
            AND (n.ik <> '') = (p.names > 0)
        WHERE k.ik = '' AND NOT p.shared AND k.row <> n.center AND NOT EXISTS (
            SELECT 1 FROM dd_open_keys x WHERE x.kind = k.kind AND x.key = k.key)"""
    )
    con.execute(
        f"""INSERT INTO dd_edges SELECT a, b, CASE kind WHEN {BOTH} THEN 'R1'
            WHEN {EMAIL} THEN 'R5' ELSE 'R0' END, false FROM dd_lonely
        WHERE names <= 1 AND (kind IN ({EXTERNAL}, {NATIONAL}, {BOTH})
            OR (kind = {EMAIL} AND names = 1))"""
    )
    con.execute(
        f"""INSERT INTO dd_doubts SELECT kind, key, a, b, 'nameless',
            CASE kind WHEN {PHONE} THEN 'R5' ELSE 'R6' END, true FROM dd_lonely
        WHERE names > 1 OR kind = {PHONE} OR (kind = {EMAIL} AND names = 0)"""
    )
