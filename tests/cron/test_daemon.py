"""A real cron daemon runs the crontab of the manual; its mailbox and log are read.

The daemon lives in a mount namespace of its own: its crontabs, its mail program and
its lock are folders of the test, and nothing of it is left when it ends. The clock
that it sees runs eighty times as fast; the pipeline sees the real one.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.runs.world import AWA, BEN, csv_text, people
from tests.servers.odd import OddServer

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "cron.md").read_text("utf-8")
TOLD = "/srv/notchpay"
"""The folder that the manual names; the only thing a test puts another into."""
SPEED = 80
START = "2026-11-23 02:08:00"
PATIENCE = 55.0
BAD = ("Dina Fon", "dina@", "", "Buea")

pytestmark = pytest.mark.slow

NAMESPACE = """
set -e
mount --bind "$1/sbin" /usr/sbin
mount --bind "$1/spool" /var/spool/cron
mount --bind "$1/cron.d" /etc/cron.d
mount --bind "$1/etc-crontab" /etc/crontab
mount --bind "$1/run" /run
crontab "$1/crontab"
exec faketime -f "@$2 x$3" /usr/sbin/cron -f
"""


def block(language):
    (text,) = re.findall(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)
    return text


def missing():
    """Return why no daemon can be run here, or None."""
    for name in ("/usr/sbin/cron", "/usr/bin/crontab", "/usr/bin/faketime"):
        if not Path(name).exists():
            return f"`{name}` is not installed (packages cron and faketime)"
    if os.geteuid() != 0:
        return "only root may give a daemon a mount namespace"
    tried = subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, check=False
    )
    return None if tried.returncode == 0 else "mount namespaces are not allowed here"


class Cron:
    """The daemon, and what it brought about below `top`."""

    def __init__(self, top: Path, server):
        self.top = top
        self.home = top / "srv"
        self.inbox = self.home / "inbox"
        self.mail = top / "mail"
        for name in ("sbin", "spool/crontabs", "cron.d", "run", "mail"):
            (top / name).mkdir(parents=True)
        for name in ("inbox", "log"):
            (self.home / name).mkdir(parents=True)
        shutil.chown(top / "spool/crontabs", "root", "crontab")
        (top / "spool/crontabs").chmod(0o1730)
        (top / "etc-crontab").write_text("")
        shutil.copy2("/usr/sbin/cron", top / "sbin/cron")
        sender = top / "sbin/sendmail"
        sender.write_text(f'#!/bin/sh\nexec cat >"{self.mail}/$$.$(date +%s%N)"\n')
        sender.chmod(0o755)
        (self.home / ".venv").symlink_to(sys.prefix)
        (self.home / "api.key").write_text("pk_test.cron")
        settings = block("dotenv").replace(TOLD, str(self.home))
        more = {
            "NOTCHPAY_BASE_URL": server.url,
            "NOTCHPAY_RATE": "off",
            "NOTCHPAY_CONCURRENCY": "1",
            "NOTCHPAY_WORKERS": "1",
        }
        lines = [settings, *(f"{name}={value}" for name, value in more.items())]
        (self.home / ".env").write_text("\n".join(lines) + "\n")
        (top / "crontab").write_text(block("cron").replace(TOLD, str(self.home)))

    def __enter__(self):
        argv = ["sh", "-c", NAMESPACE, "sh", str(self.top), START, str(SPEED)]
        with (self.top / "daemon.log").open("w") as log:
            self._daemon = subprocess.Popen(
                ["unshare", "--mount", *argv],
                start_new_session=True,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_):
        for each in {*self._jobs(), self._daemon.pid}:
            try:
                os.killpg(os.getpgid(each), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._daemon.wait()

    def _jobs(self):
        """Yield the processes that work in the folder of this test, whoever began them."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                where = (path / "cwd").readlink()
                about = (path / "cmdline").read_bytes()
            except OSError:
                continue
            is_ours = where == self.home or str(self.home).encode() in about
            if is_ours and int(path.name) != os.getpid():
                yield int(path.name)

    def put(self, name, rows):
        """Put a file into the inbox, whole at once."""
        part = self.inbox / f"{name}.part"
        part.write_text(csv_text(rows), "utf-8")
        os.utime(part, (time.time() - 60,) * 2)
        part.rename(self.inbox / name)

    def mails(self):
        """Return subject and text of every mail, oldest first."""
        found = []
        for path in sorted(self.mail.iterdir(), key=lambda p: p.stat().st_mtime_ns):
            head, _, text = path.read_text("utf-8").partition("\n\n")
            found.append(
                (re.search(r"^Subject: (.*)$", head, re.MULTILINE)[1], text, head)
            )
        return found

    def texts(self, word):
        """Return the texts of the mails that hold `word`."""
        return [text for _, text, _ in self.mails() if word in text]

    def until(self, is_so, what):
        end = time.monotonic() + PATIENCE
        while not is_so():
            daemon = (self.top / "daemon.log").read_text()
            assert time.monotonic() < end, f"{what}; {self.mails()} {daemon}"
            assert self._daemon.poll() is None, daemon
            time.sleep(0.1)  # another process works, and tells nobody

    def runs(self):
        return sorted((self.home / "runs").glob("*/summary.json"))


@pytest.fixture
def server():
    with OddServer() as running:
        yield running


@pytest.fixture
def cron(tmp_path, server):
    why = missing()
    if why:
        pytest.skip(why)
    with Cron(tmp_path, server) as running:
        yield running


def test_the_crontab_of_the_manual(cron, server):
    """Nothing is said on success, two lines of an overlap, one of a leftover."""
    done = cron.inbox / "done"
    server.o.delay = 1.0  # the first import is still at work when the next one starts
    cron.put("slow.csv", people(12))
    cron.until(cron.mails, "no overlap")
    server.o.delay = 0.0
    cron.until((done / "slow.csv").exists, "the first import did not end")
    subject, text, head = cron.mails()[0]
    assert "To: ops@example.com" in head
    assert "notchpay-pipeline import --inbox" in subject
    assert text.splitlines() == [
        f"error: another import walks through the inbox `{cron.inbox}`",
        "",
        "hint: wait for it, or name `--wait SECONDS`",
        "import ended with exit code 6",
    ]
    assert len(server.customers) == 12
    # The export of 02:15 said nothing, into a log named with an escaped `%`.
    (log,) = (cron.home / "log").glob("export-*.log")
    assert re.fullmatch(r"export-\d{4}-\d\d\.log", log.name)
    cron.until(lambda: list((cron.home / "exports").glob("*/_SUCCESS")), "no export")
    assert log.read_text() == ""

    cron.put("good.csv", [AWA])
    cron.until((done / "good.csv").exists, "the second import did not run")
    cron.put("bad.csv", [BEN, BAD])
    cron.until(lambda: cron.texts("bad.csv"), "no mail of the leftover")
    first, second = cron.texts("bad.csv")[0].splitlines()
    assert first.startswith("bad.csv: 1 created, 1 rejected. ")
    assert first.endswith("/inbox/outbox/bad.csv.rejected.xlsx")
    assert second == "import ended with exit code 3"
    assert len(server.customers) == 14
    assert len(cron.runs()) == 4


def test_cron_itself_takes_the_crontab(tmp_path):
    if not Path("/usr/bin/crontab").exists():
        pytest.skip("`/usr/bin/crontab` is not installed (package cron)")
    path = tmp_path / "crontab"
    path.write_text(block("cron"))
    tried = subprocess.run(
        ["crontab", "-n", path], capture_output=True, text=True, check=False
    )
    assert tried.returncode == 0, tried.stderr
