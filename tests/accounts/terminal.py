"""A terminal of one's own: a command under a pty, its questions answered as they come."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def at_terminal(argv, answers, *, folder, seconds=60):
    """Run a command line under a pty; return (exit code, all that was shown).

    `answers` are (what to wait for, what to type), in this order.
    """
    ours, theirs = pty.openpty()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "NOTCHPAY_RATE": "off",
        "TERM": "dumb",
        "COLUMNS": "300",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline", *map(str, argv)],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=env,
        start_new_session=True,
    ) as child:  # fmt: skip
        os.close(theirs)
        shown, waiting, until = "", list(answers), time.monotonic() + seconds
        seen = 0
        while time.monotonic() < until:
            ready, _, _ = select.select([ours], [], [], 0.2)
            if ready:
                try:
                    shown += os.read(ours, 4096).decode(errors="replace")
                except OSError:
                    break
            elif child.poll() is not None:
                break
            if waiting and waiting[0][0] in shown[seen:]:
                seen = len(shown)
                os.write(ours, (waiting.pop(0)[1] + "\n").encode())
        os.close(ours)
        assert not waiting, f"never asked: {waiting[0][0]}\n{shown}"
        return child.wait(10), shown
