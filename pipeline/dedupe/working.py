"""The working set: rows that share a key with another row, and what each key carries.

Everything later works on these few tables, so that a file without duplicates costs
little more than counting its keys.
"""

from typing import Any

from pipeline.dedupe.keys import (
    BOTH,
    EMAIL,
    EXTERNAL,
    NATIONAL,
    PHONE,
    email_class_sql,
    email_key_sql,
    phone_class_sql,
)
from pipeline.dedupe.naming import identity_sql
from pipeline.dedupe.policy import DedupePolicy


def build(con: Any, source: str, policy: DedupePolicy) -> None:
    """Leave `dd_rows`, `dd_keys`, `dd_names` and `dd_profile` in `con`.

    dd_rows(row, name, ik, ekey, pkey, email, external_id, birth_date, national_id):
    rows that share a key (or are named by a decision); `ik` is the name's identity.
    dd_keys(kind, key, row, ik): their keys, placeholders left out.
    dd_names(kind, key, ik, rows, center, raw): each name on a key, with its first row.
    dd_profile(kind, key, rows, names, shared): each key that two rows have.
    """
    _repeated(con, source, policy)
    _rows(con, source, policy)
    _keys(con)
    _profiles(con, policy)


def _repeated(con: Any, source: str, policy: DedupePolicy) -> None:
    """Find the hashes of keys that occur twice; equality is checked on strings later."""
    folded = email_key_sql(fold_gmail=policy.fold_gmail)
    columns = [("external_id", "external_id"), ("national_id", "national_id")]
    if policy.level != "exact":
        columns += [("email", folded), ("phone", "phone")]
    for column, expression in columns:
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE dd_dup_{column} AS
            SELECT h FROM (SELECT hash({expression}) AS h FROM {source}
                           WHERE {column} IS NOT NULL AND {column} <> '')
            GROUP BY h HAVING count(*) > 1"""
        )
    if policy.level == "exact":
        _repeated_both(con, source, folded)


def _repeated_both(con: Any, source: str, folded: str) -> None:
    """Find what `exact` needs: contacts of rows that share e-mail and phone, or all.

    Every row on such a contact counts, since it says how many people share it.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_twice AS
        WITH hashed AS MATERIALIZED (
            SELECT hash({folded}) AS e, hash(phone) AS p, email IS NOT NULL AS has_e,
                phone IS NOT NULL AS has_p,
                hash(name, email, phone, external_id, birth_date, metadata) AS line
            FROM {source})
        SELECT e, p, has_e, has_p FROM hashed WHERE has_e AND has_p AND hash(e, p) IN (
            SELECT hash(e, p) FROM hashed WHERE has_e AND has_p
            GROUP BY ALL HAVING count(*) > 1)
        UNION ALL SELECT e, p, has_e, has_p FROM hashed WHERE line IN (
            SELECT line FROM hashed WHERE has_e OR has_p
            GROUP BY line HAVING count(*) > 1)"""
    )
    for column, short in (("email", "e"), ("phone", "p")):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE dd_dup_{column} AS"
            f" SELECT DISTINCT {short} AS h FROM dd_twice WHERE has_{short}"
        )
    con.execute("DROP TABLE dd_twice")


def _rows(con: Any, source: str, policy: DedupePolicy) -> None:
    folded = email_key_sql(fold_gmail=policy.fold_gmail)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_rows AS
        SELECT row, name, {identity_sql("name")} AS ik, nullif({folded}, '') AS ekey,
            nullif(phone, '') AS pkey, email, nullif(external_id, '') AS external_id,
            nullif(birth_date, '') AS birth_date,
            nullif(national_id, '') AS national_id
        FROM {source} WHERE
            (email IS NOT NULL AND hash({folded}) IN (SELECT h FROM dd_dup_email))
            OR (phone IS NOT NULL AND hash(phone) IN (SELECT h FROM dd_dup_phone))
            OR (external_id IS NOT NULL
                AND hash(external_id) IN (SELECT h FROM dd_dup_external_id))
            OR (national_id IS NOT NULL
                AND hash(national_id) IN (SELECT h FROM dd_dup_national_id))
            OR row IN (SELECT row FROM dd_decided_rows)"""
    )
    for column in ("email", "phone", "external_id", "national_id"):
        con.execute(f"DROP TABLE dd_dup_{column}")


def _keys(con: Any) -> None:
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_class AS
        SELECT kind, key, class FROM (
            SELECT {EMAIL} AS kind, ekey AS key, {email_class_sql("ekey")} AS class
            FROM (SELECT DISTINCT ekey FROM dd_rows WHERE ekey IS NOT NULL)
            UNION ALL
            SELECT {PHONE}, pkey, {phone_class_sql("pkey")}
            FROM (SELECT DISTINCT pkey FROM dd_rows WHERE pkey IS NOT NULL))
        WHERE class <> 'person'"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE placeholders AS
        SELECT CASE kind WHEN {EMAIL} THEN 'email' ELSE 'phone' END AS kind,
            key AS value, count(*) AS rows
        FROM dd_class c JOIN dd_rows r
            ON (CASE c.kind WHEN {EMAIL} THEN r.ekey ELSE r.pkey END) = c.key
        WHERE class = 'placeholder' GROUP BY ALL ORDER BY ALL"""
    )
    for kind, column in ((EMAIL, "ekey"), (PHONE, "pkey")):
        con.execute(
            f"""UPDATE dd_rows SET {column} = NULL WHERE {column} IN (SELECT key
                FROM dd_class WHERE kind = {kind} AND class = 'placeholder')"""
        )
    kinds = (
        (EXTERNAL, "external_id"),
        (NATIONAL, "national_id"),
        (BOTH, "ekey || chr(31) || pkey"),
        (EMAIL, "ekey"),
        (PHONE, "pkey"),
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE dd_keys AS "
        + " UNION ALL ".join(
            f"SELECT {kind}::TINYINT AS kind, {column} AS key, row, ik, name FROM dd_rows"
            f" WHERE {column} IS NOT NULL"
            for kind, column in kinds
        )
    )


def _profiles(con: Any, policy: DedupePolicy) -> None:
    con.execute(
        """CREATE OR REPLACE TEMP TABLE dd_names AS
        SELECT kind, key, ik, count(*) AS rows, min(row) AS center, min(name) AS raw
        FROM dd_keys GROUP BY kind, key, ik"""
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE dd_profile AS
        SELECT p.kind, p.key, p.rows, p.names, p.nameless,
            p.names > {policy.max_household} OR c.class IS NOT NULL AS shared
        FROM (SELECT kind, key, sum(rows)::BIGINT AS rows,
                count(*) FILTER (ik <> '') AS names,
                coalesce(sum(rows) FILTER (ik = ''), 0)::BIGINT AS nameless
              FROM dd_names GROUP BY kind, key HAVING sum(rows) > 1) p
        LEFT JOIN dd_class c ON c.kind = p.kind AND c.key = p.key
            AND c.class = 'role'"""
    )
