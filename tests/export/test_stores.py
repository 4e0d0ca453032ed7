"""Where people keep exports: a real S3 server, Delta tables, and who can read them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipeline.errors import DiskError, UsageError
from tests.export.fakes import FakeApi, customer, payment
from tests.export.test_export import run
from tests.servers.s3 import bucket, s3  # noqa: F401 - fixtures

NEW_YEAR = "2026-12-31T23:30:00Z"


@pytest.fixture
def api():
    return FakeApi(
        [customer(n) for n in range(1, 4)],
        [payment(1), payment(2, created_at=NEW_YEAR), payment(3, created_at=None)],
    )


@pytest.fixture
def exported(tmp_path, api):
    run(api, tmp_path, format="delta")
    return tmp_path / "e1"


EXPECTED = [
    ("trx.00001", Decimal("1001.0000"), "2026-10"),
    ("trx.00002", Decimal("1002.0000"), "2027-01"),
    ("trx.00003", Decimal("1003.0000"), "unknown"),
]


def test_new_years_eve_in_utc_is_january_in_douala(exported):
    path = exported / "payments" / "month=2027-01" / "part-00000.parquet"
    (row,) = pq.ParquetFile(path).read().to_pylist()
    assert row["created_at"] == datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert row["created_date_local"] == date(2027, 1, 1)


def test_pandas_reads_the_payments_as_one_dataset(exported):
    frame = pd.read_parquet(exported / "payments", dtype_backend="pyarrow")
    frame = frame.sort_values("reference")
    columns = (frame["reference"], frame["amount"], frame["month"].astype(str))
    assert list(zip(*columns, strict=True)) == EXPECTED


def test_duckdb_reads_the_payments_as_one_dataset(exported):
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT reference, amount, month FROM read_parquet(?, hive_partitioning=true)"
            " ORDER BY reference",
            [f"{exported}/payments/*/*.parquet"],
        ).fetchall()
    assert rows == EXPECTED


def test_polars_reads_the_payments_as_one_dataset(exported):
    found = (
        pl.scan_parquet(f"{exported}/payments/**/*.parquet", hive_partitioning=True)
        .sort("reference")
        .select("reference", "amount", "month")
        .collect()
    )
    assert found.schema["amount"] == pl.Decimal(18, 4)
    assert found.rows() == EXPECTED


def test_nothing_in_the_files_that_spark_does_not_read(exported):
    """Spark's own types: no nanoseconds, no dictionaries of numbers, no extensions."""
    for path in exported.rglob("part-*.parquet"):
        kinds = {column.physical_type for column in pq.ParquetFile(path).schema}
        assert "INT96" not in kinds
        for field in pq.read_schema(path):
            assert str(field.type) in {
                "string",
                "bool",
                "date32[day]",
                "timestamp[us, tz=UTC]",
                "decimal128(18, 4)",
            }


def test_delta_reads_each_table_with_its_months(exported):
    deltalake = pytest.importorskip("deltalake")
    table = deltalake.DeltaTable(str(exported / "payments"))
    rows = pl.from_arrow(table.to_pyarrow_table()).sort("reference")
    assert rows.select("reference", "amount", "month").rows() == EXPECTED
    assert table.metadata().partition_columns == ["month"]
    customers = deltalake.DeltaTable(str(exported / "customers"))
    assert sum(customers.get_add_actions()["num_records"].to_pylist()) == 3
    log = exported / "payments" / "_delta_log" / "00000000000000000000.json"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_format_that_nobody_knows_is_a_mistake(tmp_path, api):
    with pytest.raises(UsageError, match="avro"):
        run(api, tmp_path, format="avro")


def test_a_real_s3_server_holds_exports_and_points_to_the_newest(tmp_path, bucket, api):
    root, staging = "s3://shop-exports/daily", str(tmp_path)
    first = run(api, root, staging=staging, format="delta")
    names = {n.removeprefix("shop-exports/daily/") for n in bucket.find("shop-exports")}
    assert {
        "e1/_SUCCESS",
        "e1/manifest.json",
        "e1/customers/part-00000.parquet",
        "e1/payments/month=2027-01/part-00000.parquet",
        "e1/payments/_delta_log/00000000000000000000.json",
        "latest.json",
    } <= names
    assert first.path == f"{root}/e1"
    api.rows["customers"].pop()
    second = run(api, root, staging=staging, export_id="e2", changed_only=True)
    assert second.manifest["changed_only"]["customers"]["gone"] == 1
    assert json.loads(bucket.cat("shop-exports/daily/latest.json")) == {
        "export_id": "e1",
        "path": f"{root}/e1",
    }
    frame = pd.read_parquet(f"{root}/e1/payments")
    assert sorted(frame["reference"]) == [reference for reference, _, _ in EXPECTED]
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_bucket_that_is_not_there_is_said_without_a_traceback(tmp_path, bucket, api):
    with pytest.raises(DiskError, match="s3://nowhere-at-all"):
        run(api, "s3://nowhere-at-all/exports", staging=str(tmp_path))
