"""Tell whether the process that holds a lease still lives."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

_STATE, _START = 0, 19  # fields 3 and 22 of /proc/PID/stat, counted after the name


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds or wants a lease.

    `place` names the boot and process namespace in which `pid` means anything;
    `started` tells a reused pid from the process that had it. Both are None where
    the system does not tell them or the process is on another host.
    """

    host: str
    pid: int
    place: str | None
    started: str | None


def this_process() -> Holder:
    """Return the process that runs this code."""
    return holder_of(socket.gethostname(), os.getpid())


def holder_of(host: str, pid: int) -> Holder:
    """Return process `pid` on `host`, with what this machine knows about it."""
    if host != socket.gethostname():
        return Holder(host, pid, None, None)
    return Holder(host, pid, _place(), _started(pid))


def is_here(holder: Holder) -> bool:
    """Say whether `holder`'s pid can be looked at from this process."""
    return holder.host == socket.gethostname() and holder.place == _place()


def is_of_earlier_boot(holder: Holder) -> bool:
    """Say whether a machine of this name has started anew since `holder` ran."""
    place = _place()
    if holder.host != socket.gethostname() or not place or not holder.place:
        return False
    return holder.place.partition("/")[0] != place.partition("/")[0]


def is_dead(holder: Holder) -> bool:
    """Say whether `holder` has surely ended; False where this process cannot know."""
    if not is_here(holder):
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    started = _started(holder.pid)
    if started is None:
        # A process without a readable start is judged by its pid alone, except that
        # a zombie has one and is dead.
        return _is_zombie(holder.pid)
    return holder.started is not None and started != holder.started


def _place() -> str | None:
    """Return the boot and pid namespace of this process, or None without /proc."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return f"{boot.strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _is_zombie(pid: int) -> bool:
    fields = _stat(pid)
    return bool(fields) and fields[_STATE] in "ZX"


def _started(pid: int) -> str | None:
    """Return the start of `pid` in clock ticks since boot; None if it does not run."""
    fields = _stat(pid)
    if not fields or fields[_STATE] in "ZX":
        return None
    return fields[_START]
