"""Clusters that need no judgement, merged in SQL: rows that only fill each other's gaps.

Says of them exactly what `pipeline.dedupe.golden.merge` would, at a tenth of its cost;
clusters where two values meet in one field are left to it.
"""

from typing import Any, Final

_FILLED: Final = (
    "email",
    "phone",
    "country",
    "external_id",
    "birth_date",
    "national_id",
)
_TEXTS: Final = ("name", *_FILLED, "metadata")


def build(con: Any) -> None:
    """Move the simple clusters of `dd_members` into `dd_merged` and `dd_golden`."""
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_simple AS
        SELECT root FROM dd_members GROUP BY root HAVING {_simple()}"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_ranked AS
        SELECT m.*, row_number() OVER (PARTITION BY root ORDER BY {_order()}) AS rank
        FROM dd_members m SEMI JOIN dd_simple USING (root)"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_best AS
        SELECT root, {", ".join(_best())} FROM dd_ranked GROUP BY root"""
    )
    # Another spelling may be the better one only by letters that are not ASCII.
    con.execute(
        """DELETE FROM dd_best WHERE root IN (
            SELECT root FROM dd_ranked r JOIN dd_best b USING (root)
            WHERE r.name <> b.name AND strlen(r.name) <> length(r.name))"""
    )
    con.execute(
        """INSERT INTO dd_merged SELECT m.row, b.row, CASE
            WHEN m.rule IN ('R2', 'R3') AND m.phone = b.first_phone
                AND lower(m.email) = lower(b.first_email) THEN 'R1' ELSE m.rule END
        FROM dd_ranked m JOIN dd_best b USING (root) WHERE m.rank > 1"""
    )
    con.execute(
        f"""INSERT INTO dd_golden SELECT row, line, {", ".join(_TEXTS)},
            CASE WHEN said <> '' THEN '{{' || said || '}}' END
        FROM (SELECT *, {_provenance()} AS said FROM dd_best)"""
    )
    con.execute("DELETE FROM dd_members WHERE root IN (SELECT root FROM dd_best)")
    for table in ("dd_simple", "dd_ranked", "dd_best"):
        con.execute(f"DROP TABLE {table}")


def _simple() -> str:
    """Return what holds for a cluster in which no field has two values.

    Names may be written in several ways where case makes none of them the better
    spelling: one identity, neither shouted nor whispered.
    """
    one_value = [f"(min({c}) IS NOT DISTINCT FROM max({c}))" for c in _FILLED]
    no_blank = [f"bool_and({c} IS DISTINCT FROM '')" for c in _TEXTS]
    return " AND ".join(
        [
            *one_value,
            *no_blank,
            "min(metadata) IS NOT DISTINCT FROM max(metadata)",
            "count(metadata) IN (0, count(*))",
            "bool_and(name IS NULL OR ik <> '')",
            "min(ik) FILTER (ik <> '') IS NOT DISTINCT FROM max(ik) FILTER (ik <> '')",
            """(min(name) IS NOT DISTINCT FROM max(name) OR bool_and(name IS NULL
                OR (name <> upper(name) AND name <> lower(name))))""",
        ]
    )


def _order() -> str:
    """Return the order of the golden record: the fullest row, then content, then row."""
    empty = " + ".join(f"({c} IS NULL)::INT" for c in _TEXTS)
    filled = ", ".join(f"{c} IS NOT NULL" for c in _FILLED)
    return f"{empty}, ik, {filled}, coalesce(name, ''), row"


def _best() -> list[str]:
    first = [f"min_by({c}, rank) AS {c}" for c in ("row", "line")]
    first += [f"arg_min_null({c}, rank) AS first_{c}" for c in ("email", "phone")]
    values = [f"min({c}) AS {c}" for c in (*_FILLED, "metadata")]
    values.append("min_by(name, rank) FILTER (name IS NOT NULL) AS name")
    values += [
        f"min_by({what}, rank) FILTER ({c} IS NOT NULL) AS {c}_{what}"
        for c in ("name", *_FILLED)
        for what in ("row", "rule")
    ]
    return first + values


def _provenance() -> str:
    """Return SQL for the inside of the JSON object field -> {row, rule}, sorted."""
    parts = (
        f'CASE WHEN {c}_row <> row THEN \'"{c}": {{"row": \' || {c}_row'
        f" || ', \"rule\": \"' || {c}_rule || '\"}}' END"
        for c in sorted(("name", *_FILLED))
    )
    return f"concat_ws(', ', {', '.join(parts)})"
