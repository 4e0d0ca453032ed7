"""The manifest of an export: what stands in it, and how to know that it is whole."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from pipeline.export.gather import Gathered
from pipeline.export.request import ExportRequest
from pipeline.export.tables import statement
from schemas.exports import SCHEMA_VERSION, ExportFinding
from schemas.money import show_amount
from schemas.rules import rule

FORMAT = 1


def table_entry(folder: Path, files: Sequence[Path]) -> dict[str, Any]:
    """Return rows, bytes and digests of the files of one table."""
    entries = [_file_entry(folder, path) for path in files]
    lines = "".join(f"{each['sha256']}  {each['path']}\n" for each in entries)
    return {
        "rows": sum(each["rows"] for each in entries),
        "bytes": sum(each["bytes"] for each in entries),
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        "schema_version": SCHEMA_VERSION,
        "files": entries,
    }


def _file_entry(folder: Path, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "path": path.relative_to(folder).as_posix(),
        "rows": pq.read_metadata(path).num_rows,
        "bytes": path.stat().st_size,
        "sha256": digest,
    }


def books(gathered: Gathered) -> dict[str, Any]:
    """Return the API's own totals beside what was read."""
    reading = gathered.reading
    return {
        "totals": reading.totals,
        "read": reading.rows,
        "difference": reading.difference,
        "through": gathered.through,
        "sweeps": reading.sweeps,
        "pages": reading.pages,
    }


def sums(con: duckdb.DuckDBPyConnection, payments: str) -> dict[str, Any]:
    """Return control totals by currency and status; the sandbox's stand apart."""
    told: dict[str, Any] = {"sums": {}, "sandbox_sums": {}}
    for row in con.execute(statement("sums", payments=payments)).fetchall():
        sandbox, currency, status, group, count, amount, unknown = row
        place = told["sandbox_sums" if sandbox else "sums"]
        place.setdefault(currency or "unknown", {})[status or "unknown"] = {
            "status_group": group,
            "payments": count,
            "amount": show_amount(amount),
            "amount_unknown": unknown,
        }
    return told


def manifest(
    request: ExportRequest,
    tables: Mapping[str, Any],
    findings: Sequence[ExportFinding],
    started: datetime,
    finished: datetime,
) -> dict[str, Any]:
    """Return the manifest as a JSON object."""
    return {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "export_id": request.export_id,
        "account": request.account,
        "env": request.env,
        "scope": dict(request.scope),
        "timezone": request.timezone,
        "month_means": f"month of created_at in {request.timezone}",
        "started": started.isoformat(),
        "finished": finished.isoformat(),
        "tables": dict(tables),
        "findings": [told(finding, request.lang) for finding in findings],
    }


def told(finding: ExportFinding, lang: str) -> dict[str, Any]:
    """Return a finding as the manifest and other reports print it."""
    named = rule(finding.rule)
    return {
        "rule": finding.rule,
        "severity": str(named.severity),
        "table": finding.table,
        "field": finding.field,
        "count": finding.count,
        "examples": list(finding.examples),
        "message": named.message(
            lang, field=finding.field or "", detail=finding.detail
        ),
        "advice": named.advice(lang),
    }


def as_text(entry: Mapping[str, Any]) -> str:
    """Return the manifest as it is written."""
    return json.dumps(entry, ensure_ascii=False, indent=2) + "\n"
