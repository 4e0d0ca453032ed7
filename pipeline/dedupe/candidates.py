"""Candidates without a key in common (R8): shown to a person, never merged or held.

Rows meet in blocks of cheap likeness; a block that is too large is not compared and
is said so in `skipped_blocks`.
"""

from typing import Any, Final

from pipeline.dedupe.policy import DedupePolicy
from pipeline.dedupe.texts import reason_case_sql

_NAME: Final = "lower(strip_accents(name))"
# The words of a name in one order, as far as SQL can cheaply tell.
_SIGNATURE: Final = f"list_sort(string_split({_NAME}, ' '))::VARCHAR"

_BLOCKS: Final = (
    # Same name, e-mails of the same owner at another house.
    ("name+local", "email", "split_part(lower(email), '@', 1)"),
    # Same name, phones alike at the end (another country code, an old plan).
    ("name+last6", "phone", "right(phone, 6)"),
    # Same name, phones alike but for their last two digits.
    ("name+first", "phone", "left(phone, length(phone) - 2)"),
)

_OLD_PLAN: Final = r"^\+(237|229|225)\d{8}$"
"""Numbers of Cameroon, Benin and Côte d'Ivoire before their plans grew; in Cameroon
today's national numbers have nine digits, in the others ten."""


def build(con: Any, source: str, policy: DedupePolicy) -> None:
    """Add R8 lines to `pairs`, and leave `skipped_blocks(block, value, rows)`."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE skipped_blocks"
        " (block VARCHAR, value VARCHAR, rows BIGINT)"
    )
    if policy.level == "exact":
        return
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_likes (a BIGINT, b BIGINT, block VARCHAR)"
    )
    _namesakes(con, source)
    for block in _BLOCKS:
        _block(con, policy, block)
    _old_plans(con, source, policy)
    _list(con, source)


def _namesakes(con: Any, source: str) -> None:
    """Leave the rows that go on and whose name another such row has too."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_called_so AS
        SELECT row, hash({_SIGNATURE}) AS h FROM {source}
        WHERE length(name) > 3 AND row NOT IN (SELECT row FROM dd_merged)"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_namesakes AS
        SELECT c.row, c.h, s.email, s.phone
        FROM dd_called_so c JOIN {source} s ON s.row = c.row
        WHERE c.h IN (SELECT h FROM dd_called_so GROUP BY h HAVING count(*) > 1)"""
    )
    con.execute("DROP TABLE dd_called_so")


def _block(con: Any, policy: DedupePolicy, block: tuple[str, str, str]) -> None:
    name, column, expression = block
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_block AS
        SELECT row, h, like_it, count(*) OVER (PARTITION BY h, like_it) AS n FROM (
            SELECT row, h, {expression} AS like_it FROM dd_namesakes
            WHERE {column} IS NOT NULL)"""
    )
    con.execute(
        f"""INSERT INTO skipped_blocks SELECT '{name}', like_it, count(*)
        FROM dd_block WHERE n > {policy.max_block} GROUP BY h, like_it ORDER BY ALL"""
    )
    con.execute(
        f"""INSERT INTO dd_likes SELECT a.row, b.row, '{name}'
        FROM dd_block a JOIN dd_block b
            ON a.h = b.h AND a.like_it = b.like_it AND a.row < b.row
        WHERE a.n BETWEEN 2 AND {policy.max_block}"""
    )


def _old_plans(con: Any, source: str, policy: DedupePolicy) -> None:
    """Meet numbers of an old plan with those of today by their last eight digits."""
    con.execute(
        f"""INSERT INTO dd_likes
        WITH old AS (SELECT row, left(phone, 4) AS code, right(phone, 8) AS tail
                FROM {source} WHERE regexp_matches(phone, '{_OLD_PLAN}')),
            meets AS (SELECT o.row AS a, s.row AS b,
                    count(*) OVER (PARTITION BY o.row) AS n
                FROM old o JOIN {source} s ON left(s.phone, 4) = o.code
                    AND right(s.phone, 8) = o.tail AND s.row <> o.row)
        SELECT least(a, b), greatest(a, b), 'phone_plan' FROM meets
        WHERE n <= {policy.max_block}"""
    )


def _list(con: Any, source: str) -> None:
    """Write the pairs that are not settled yet, names and facts in agreement."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_candidates AS
        WITH mapped AS (
            SELECT coalesce(x.into_row, l.a) AS a, coalesce(y.into_row, l.b) AS b, block
            FROM dd_likes l LEFT JOIN dd_merged x ON x.row = l.a
            LEFT JOIN dd_merged y ON y.row = l.b)
        SELECT least(m.a, m.b) AS a, greatest(m.a, m.b) AS b, min(block) AS block
        FROM mapped m WHERE m.a <> m.b GROUP BY ALL"""
    )
    con.execute(
        f"""INSERT INTO pairs
        WITH looked AS (
            SELECT c.*, names_agree(s.name, t.name) AS verdict,
                coalesce(s.birth_date = t.birth_date, true)
                AND coalesce(s.national_id = t.national_id, true) AS fits,
                jaro_winkler_similarity(coalesce(s.email, ''), coalesce(t.email, ''))
                    AS alike
            FROM dd_candidates c JOIN {source} s ON s.row = c.a
            JOIN {source} t ON t.row = c.b
            ANTI JOIN pairs p ON p.kind = 'pair' AND p.row_a = c.a AND p.row_b = c.b
            ANTI JOIN dd_apart d ON d.a = c.a AND d.b = c.b)
        SELECT 'pair', 'R8', round(CASE verdict WHEN 'equal' THEN 0.4 ELSE 0.25 END
                + 0.1 * alike, 3), a, b, block, NULL, verdict, NULL, NULL, NULL, false,
            {reason_case_sql("'R8'", "en")}, {reason_case_sql("'R8'", "fr")}
        FROM looked WHERE fits AND verdict IN
            ('equal', 'subset', 'near', 'initial', 'partial')"""
    )
