"""One command in a process: run to its exit code, or killed on the way."""

import faulthandler
import multiprocessing
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.runs.importing import import_customers
from pipeline.runs.request import FileRequest, Guards, ImportRequest
from pipeline.runs.resuming import Times, resume
from pipeline.runs.session import Session
from pipeline.settings import load_settings
from tests.chaos.clock import ScaledClock


def draw_no_pages():
    """Leave the page of a run out: it costs more than the run, and is not looked at."""
    Session.write_page = lambda _: None


@dataclass(frozen=True)
class Job:
    """A command line: `import` or `resume`, with its settings."""

    url: str
    folder: str
    file: str
    command: str = "import"
    factor: float = 50.0
    jump_at: float | None = None
    jump: float = 0.0
    wait: float = 0.0
    dedupe: str = "off"
    settings: dict = field(default_factory=dict)

    def runs(self):
        return Path(self.folder) / "runs"


def work(job, clock=None):
    """Run the command in this process; return its exit code."""
    clock = clock or ScaledClock(job.factor, job.jump_at, job.jump)
    settings = load_settings(
        **{
            "base_url": job.url,
            "api_key": "pk_test.chaos",
            "rate": "off",
            "runs_dir": str(job.runs()),
            "workers": 1,
            "lang": "en",
            "timeout": 5.0,
            **job.settings,
        }
    )
    try:
        if job.command == "resume":
            session = resume(settings, None, times=Times(wait=job.wait), clock=clock)
        else:
            guards = Guards(force=True)
            file = FileRequest(job.file, dedupe=job.dedupe)
            request = ImportRequest(file, guards, wait=job.wait)
            session = import_customers(settings, request, clock=clock)
    except PipelineError as error:
        note(job, f"{job.command}: {type(error).__name__}: {error.message}")
        return int(error.exit_code)
    note(job, f"{job.command}: {session.summary.exit_code} {session.summary.rows}")
    return int(session.summary.exit_code)


def note(job, text):
    with (Path(job.folder) / "said.txt").open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def enter(job):
    """Be the process of a command."""
    faulthandler.enable()
    draw_no_pages()
    signal.signal(signal.SIGUSR1, _fill_disk)
    signal.signal(signal.SIGUSR2, _lose_database)
    clock = None
    if job.jump_at is not None:
        # The machine's clock jumps: for the database and for every name as well.
        clock = ScaledClock(job.factor, job.jump_at, job.jump)
        time.time = clock.time
    with (Path(job.folder) / "stderr.txt").open("a") as errors:
        os.dup2(errors.fileno(), 2)
    code = work(job, clock)
    sys.stdout.flush()
    os._exit(code)


def _fill_disk(*_):
    """Let no file grow any more, as a full disk does."""
    sizes = [os.fstat(fd).st_size for fd in _open_files("state.db-wal")]
    limit = max(sizes, default=0) + 4096
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def _lose_database(*_):
    """Make every open file of the state database fail, as a lost mount does."""
    folder = os.open("/", os.O_RDONLY)
    # Not the -shm: a lock that fails looks like a busy neighbour, for half a minute.
    for fd in (*_open_files("state.db"), *_open_files("state.db-wal")):
        os.dup2(folder, fd)


def _open_files(name):
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = entry.readlink()
        except OSError:
            continue  # the one that lists the folder
        if target.name == name:
            found.append(int(entry.name))
    return found


def context():
    """Return a context whose children are forked from a warm, single-threaded parent."""
    it = multiprocessing.get_context("forkserver")
    it.set_forkserver_preload(["tests.chaos.warm"])
    return it
