"""A tiny world for whole runs: an odd server, a folder, a file, and what came of it."""

import csv
import io
import json
import stat
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.runs.check import check
from pipeline.runs.exporting import ExportOptions, export_tables
from pipeline.runs.importing import import_customers, plan
from pipeline.runs.request import FileRequest, Guards, ImportRequest
from pipeline.settings import Settings

HEADER = ("Nom", "E-mail", "Téléphone", "Ville")
AWA = ("Awa Sow", "awa@example.com", "+237670000001", "Douala")
BEN = ("Ben Eto'o", "ben@example.com", "+237680000002", "Yaoundé")
CLO = ("Chloé Ngo", "chloe@example.com", "+237690000003", "Kribi")

COLUMNS = {
    "plan": ("row", "action", "customer_id", "field", "old", "new", "rule"),
    "outcomes": (
        "row", "line", "outcome", "customer_id", "merged_into_row", "rule", "reason",
    ),
}  # fmt: skip
"""Columns that the contract names; others may come."""

FILE_OPTIONS = set(FileRequest.__dataclass_fields__) - {"file"}
GUARD_OPTIONS = set(Guards.__dataclass_fields__)


def people(count, first=1):
    """Return `count` invented customers with distinct names, e-mails and phones."""
    names = ("Abena", "Biya", "Caro", "Dibango", "Ekani", "Fotso", "Gueye", "Hamidou")
    return [
        (
            f"{names[n % 8]} {names[n // 8 % 8]}son {names[n // 64 % 8]}te",
            f"person{n:04d}@example.com",
            f"+2376{5 + n % 5}{n:07d}",
            "Douala",
        )
        for n in range(first, first + count)
    ]


def customers(rows):
    """Return rows of a file as records that a server begins with."""
    return [
        {"name": name, "email": email, "phone": phone, "metadata": {"Ville": town}}
        for name, email, phone, town in rows
    ]


def csv_text(rows, header=HEADER, delimiter=","):
    """Return `rows` as the text of a CSV file."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(
        [header, *rows]
    )
    return text.getvalue()


class World:
    """A server, a folder, and the commands run between them."""

    def __init__(self, folder: Path, server, **settings):
        self.folder = folder
        self.server = server
        self.settings = Settings(
            _env_file=None,
            **{
                "api_key": "pk_test.world",
                "base_url": server.url if server else "http://127.0.0.1:9",
                "rate": "off",
                "runs_dir": str(folder / "runs"),
                "exports_dir": str(folder / "exports"),
                "workers": 1,
                "settle_seconds": 0.0,
                "timeout": 5.0,
                "lang": "en",
            }
            | settings,
        )

    def file(self, rows, name="customers.csv", **how):
        """Write `rows` (or a text) as a CSV and return its path."""
        path = self.folder / name
        text = rows if isinstance(rows, str) else csv_text(rows, **how)
        path.write_text(text, encoding="utf-8")
        return path

    def request(self, file, **options):
        """Return the request of `options`, whichever of its parts they belong to."""
        for_file = {k: v for k, v in options.items() if k in FILE_OPTIONS}
        guards = {k: v for k, v in options.items() if k in GUARD_OPTIONS}
        rest = {
            k: v for k, v in options.items() if k not in FILE_OPTIONS | GUARD_OPTIONS
        }
        path = file if isinstance(file, (str, Path)) else self.file(file)
        return ImportRequest(
            FileRequest(str(path), **for_file), Guards(**guards), **rest
        )

    def bring(self, file, **options):
        """Import `file` (rows or a path); return what came of it."""
        return Result(import_customers(self.settings, self.request(file, **options)))

    def plan(self, file, **options):
        """Plan the import of `file`."""
        return Result(plan(self.settings, self.request(file, **options)))

    def check(self, file, **options):
        """Check `file`."""
        return Result(check(self.settings, self.request(file, **options).file))

    def export(self, **options):
        """Export; return the session's result."""
        return Result(export_tables(self.settings, ExportOptions(**options)))

    def last(self):
        """Return what the newest run left, also where it raised."""
        folder = max((self.folder / "runs").glob("*/summary.json")).parent
        return Left(folder)


class Left:
    """What a run left in its folder."""

    def __init__(self, path: Path):
        self.path = path
        self.summary = json.loads((path / "summary.json").read_text(encoding="utf-8"))
        self.rows = {k: n for k, n in self.summary["rows"].items() if n}
        self.findings = self.summary["findings"]

    @property
    def operations(self):
        """Requests by operation, those that happened."""
        told = self.summary["api"].get("by_operation", {})
        return {k: n for k, n in told.items() if n}

    def table(self, name):
        """Return the lines of a Parquet file of the run, in the contract's columns."""
        path = self.path / f"{name}.parquet"
        return pq.read_table(path, columns=list(COLUMNS[name])).to_pylist()

    def outcomes(self):
        """Return (row, outcome, rule) of every row."""
        return [(o["row"], o["outcome"], o["rule"]) for o in self.table("outcomes")]

    def csv(self, name):
        """Return the lines of a leftover file."""
        text = (self.path / f"{name}.csv").read_text(encoding="utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def modes(self):
        """Return the modes of everything below the run's folder that are too open."""
        return {
            str(p.relative_to(self.path)): oct(stat.S_IMODE(p.stat().st_mode))
            for p in [self.path, *self.path.rglob("*")]
            if stat.S_IMODE(p.stat().st_mode) & 0o077
        }


class Result(Left):
    """What a command returned: its session and what lies in the folder."""

    def __init__(self, session):
        super().__init__(session.folder.path)
        self.session = session
        self.exit_code = int(session.summary.exit_code)
