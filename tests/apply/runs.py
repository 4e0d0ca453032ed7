"""Whole commands on a hurried clock, for the tests of stopping, going on and undoing."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.errors import PipelineError
from pipeline.runs.importing import import_customers, plan
from pipeline.runs.request import FileRequest, Guards, ImportRequest
from pipeline.runs.resuming import resume
from pipeline.runs.undoing import UndoRequest, undo
from pipeline.settings import load_settings
from tests.chaos.clock import ScaledClock

ROOT = Path(__file__).resolve().parents[2]


class Desk:
    """One user's folder and server: commands in, exit codes and books out."""

    def __init__(self, folder, url, factor=40.0, **settings):
        self.folder, self.factor = Path(folder), factor
        self.settings = load_settings(
            base_url=url,
            api_key="pk_test.x",
            rate="off",
            workers=1,
            lang="en",
            runs_dir=str(self.folder / "runs"),
            **settings,
        )
        self.session = None
        self.error = None

    def file(self, rows, name="people.csv", columns=("name", "email", "phone")):
        path = self.folder / name
        lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def run(self, work):
        """Run a command; return its exit code."""
        try:
            self.session, self.error = work(), None
        except PipelineError as error:
            self.error = error
            return int(error.exit_code)
        return int(self.session.summary.exit_code)

    def clock(self):
        return ScaledClock(self.factor)

    def request(self, file, **more):
        source = FileRequest(
            str(file), dedupe="off", prefer=more.pop("prefer", "existing")
        )
        return ImportRequest(source, Guards(force=True), **more)

    def imports(self, file, stdin=None, clock=None, **more):
        request = self.request(file, **more)
        return self.run(
            lambda: import_customers(
                self.settings, request, stdin=stdin, clock=clock or self.clock()
            )
        )

    def plans(self, file, **more):
        return self.run(
            lambda: plan(self.settings, self.request(file, **more), clock=self.clock())
        )

    def resumes(self, run_id=None, **more):
        return self.run(
            lambda: resume(self.settings, run_id, clock=self.clock(), **more)
        )

    def undoes(self, run_id, **more):
        request = UndoRequest(run_id, **more)
        return self.run(lambda: undo(self.settings, request, clock=self.clock()))

    def with_settings(self, **changes):
        self.settings = self.settings.model_copy(update=changes)

    def last(self):
        """Return the id of the newest run that has a folder."""
        runs = self.folder / "runs"
        return max(p.name for p in runs.iterdir() if p.is_dir())

    def summary(self, run_id=None):
        path = self.folder / "runs" / (run_id or self.last()) / "summary.json"
        return json.loads(path.read_text())

    def rows(self, run_id=None):
        """Return the outcomes that occur, counted."""
        rows = self.summary(run_id)["rows"]
        assert rows["read"] == sum(v for k, v in rows.items() if k != "read")
        return {k: v for k, v in rows.items() if v and k != "read"}

    def outcomes(self, run_id=None):
        path = self.folder / "runs" / (run_id or self.last()) / "outcomes.parquet"
        return {
            line["row"]: (line["outcome"], line["rule"])
            for line in pq.read_table(path).to_pylist()
        }

    @contextmanager
    def process(self, *arguments, stdin=None):
        """Run the console command as a process."""
        env = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "NOTCHPAY_NO_ENV_FILE": "1",
            "NOTCHPAY_BASE_URL": self.settings.base_url,
            "NOTCHPAY_API_KEY": "pk_test.x",
            "NOTCHPAY_RATE": "off",
            "NOTCHPAY_RUNS_DIR": str(self.folder / "runs"),
        }
        with subprocess.Popen(
            [sys.executable, "-m", "pipeline", *map(str, arguments)],
            env=env,
            cwd=self.folder,
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            yield child


def people(count, first=0):
    return [
        (f"{NAMES[n % 8]} {NAMES[n // 8 % 8]}a{NAMES[n // 64 % 8]}", f"c{n}@example.com",
         f"+2376{7 + n // 100000}0{n:06d}")
        for n in range(first, first + count)
    ]  # fmt: skip


NAMES = ("Abena", "Biya", "Caro", "Dibango", "Ekani", "Fotso", "Gueye", "Hamidou")


def emails(server):
    return sorted(c["email"] for c in server.customers.values())
