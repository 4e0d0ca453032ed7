"""Tables of the state database, the same on SQLite and PostgreSQL.

A change here needs a new revision beside `migrations/versions/` and in `REVISIONS`.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

REVISIONS = ("0001", "0002")
"""Every revision of the schema, oldest first; the last one is what this code reads."""

HEAD = REVISIONS[-1]

metadata = MetaData()

# Seconds since 1970 by the database's clock, as double: one type for both databases,
# exact to the microsecond, and compared by the program as it is.
_Time = Double

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("base_url", Text, nullable=False),
    Column("sync", Text, nullable=False),
    Column("merchant", Text),
    Column("created_at", _Time, nullable=False),
    Index("accounts_merchant", "base_url", "sync", "merchant", unique=True),
)

account_keys = Table(
    "account_keys",
    metadata,
    Column("base_url", Text, primary_key=True),
    Column("sync", Text, primary_key=True),
    Column("key_hash", Text, primary_key=True),
    Column("account", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("account", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("run_id", Text),
    Column("host", Text),
    Column("pid", Integer),
    Column("place", Text),
    Column("started", Text),
    Column("since", _Time),
    Column("expires_at", _Time),
    Index("leases_run", "run_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("account", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("file", Text),
    Column("file_sha256", Text),
    Column("plan_digest", Text),
    Column("state", Text, nullable=False),
    Column("started_at", _Time, nullable=False),
    Column("finished_at", _Time),
    Column("actor", Text),
    Column("approved_by", Text),
    Column("reason", Text),
    Column("parent_run", Text),
    Column("summary", Text),
    Column("settings", Text),
    Index("runs_started", "account", "source", "started_at"),
)

# State and outcome stand before the texts: counting a million writes then never
# walks into their overflow pages.
writes = Table(
    "writes",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("op", BigInteger, primary_key=True, autoincrement=False),
    Column("row", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("attempts", Integer, nullable=False),
    Column("intended_at", _Time, nullable=False),
    Column("finished_at", _Time),
    Column("customer_id", Text),
    Column("rule", Text),
    Column("import_key", Text),
    Column("keys", Text, nullable=False),
    Column("reason", Text),
    Column("body", Text),
    Column("before", Text),
    Column("after", Text),
)

claims = Table(
    "claims",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("run_id", Text, primary_key=True),
    Column("op", BigInteger, primary_key=True, autoincrement=False),
    Column("customer_id", Text),
    Column("finished_at", _Time),
    Index("claims_run", "run_id", "op"),
)

# On SQLite the pace is kept in a file of its own that is never synced, and this table
# stays empty: one schema for both databases is worth more than the table.
pace = Table(
    "pace",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("body", Text),
    Column("updated_at", _Time, nullable=False),
)

customers = Table(
    "customers",
    metadata,
    Column("account", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("email_key", LargeBinary),
    Column("phone_key", LargeBinary),
    Column("name_key", LargeBinary),
    Column("fingerprint", LargeBinary),
    Column("seen_at", _Time, nullable=False),
    Column("written_run", Text),
    Column("gone_at", _Time),
    Index("customers_email", "account", "email_key"),
    Index("customers_phone", "account", "phone_key"),
)

listings = Table(
    "listings",
    metadata,
    Column("account", Text, primary_key=True),
    Column("started_at", _Time),
    Column("finished_at", _Time),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Text, nullable=False),
    Column("key_a", Text, nullable=False),
    Column("key_b", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("decided_at", _Time, nullable=False),
    Column("revoked_at", _Time),
    Column("revoked_by", Text),
    Index("decisions_pair", "account", "key_a", "key_b"),
)

lineage = Table(
    "lineage",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Index("lineage_customer", "account", "customer_id"),
)

settled = Table(
    "settled",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("kept", Text, nullable=False),
    Column("seen_at", _Time, nullable=False),
)

suppressed = Table(
    "suppressed",
    metadata,
    Column("account", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("since", _Time, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    # INTEGER on SQLite is the row's own number: no second tree that could differ.
    Column(
        "seq",
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("at", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("account", Text),
    Column("source", Text),
    Column("run_id", Text),
    Column("details", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

AUDIT_TRIGGERS = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit table is append-only'); END"
        for verb in ("update", "delete")
    ),
    "postgresql": (
        """CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger
        LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'the audit table is append-only'; END $$""",
        """CREATE TRIGGER audit_no_change
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
    ),
}
"""SQL that forbids changing the audit table, which create_all does not know."""
