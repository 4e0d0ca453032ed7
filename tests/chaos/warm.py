"""Everything that a run imports late, imported early in the parent of all children."""

import alembic.command
import duckdb
import httpx
import pandas as pd
import phonenumbers
import pyarrow.parquet
import sqlalchemy.dialects.sqlite

import pipeline.cli.app
import pipeline.report.folder
import tests.chaos.child

__all__ = [
    "alembic",
    "duckdb",
    "httpx",
    "pd",
    "phonenumbers",
    "pipeline",
    "pyarrow",
    "sqlalchemy",
    "tests",
]
