"""An export as a whole, against a list server in memory."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.export.request import ExportRequest
from pipeline.export.run import export
from tests.export.fakes import FakeApi, customer, payment

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def run(api, root, **asked):
    request = ExportRequest(
        **{"what": "all", "root": str(root), "export_id": "e1", "account": "shop"}
        | asked
    )
    return asyncio.run(export(api, request, clock=lambda: NOW))


def rows_of(result, table):
    folder = Path(result.path) / table
    return [
        row
        for path in sorted(folder.rglob("*.parquet"))
        for row in pq.ParquetFile(path).read().to_pylist()
    ]


def test_every_row_once_and_no_request_too_many(tmp_path):
    api = FakeApi([customer(n) for n in range(250)], [payment(n) for n in range(730)])
    result = run(api, tmp_path)
    assert result.exit_code == 0
    assert [row["id"] for row in rows_of(result, "customers")] == [
        f"cus.{n:05d}" for n in range(250)
    ]
    assert {row["reference"] for row in rows_of(result, "payments")} == {
        f"trx.{n:05d}" for n in range(730)
    }
    assert len(api.requests) == 3 + 8 + 2
    told = json.loads((tmp_path / "latest" / "manifest.json").read_text())
    assert told["tables"]["payments"]["rows"] == 730
    assert told["tables"]["customers"]["difference"] == 0
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
