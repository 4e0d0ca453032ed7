"""Hold a workbook in a child process under limits, and say how it died if it does."""

import marshal
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pipeline.errors import InputError
from pipeline.read import workbook_child

_MIB = 1 << 20
MEMORY_BASE = 768 * _MIB
MEMORY_MOST = 4096 * _MIB
MEMORY_PER_BYTE = 60
"""Bytes of memory that a byte of an honest workbook may need."""
SECONDS_BASE = 20
SECONDS_PER_MIB = 6


@dataclass(frozen=True, slots=True)
class Limits:
    """What the child may use: bytes of address space, seconds of CPU time."""

    memory: int
    seconds: int

    @classmethod
    def of(cls, size: int) -> "Limits":
        """Return the limits for a workbook of `size` bytes."""
        return cls(
            memory=min(MEMORY_MOST, MEMORY_BASE + MEMORY_PER_BYTE * size),
            seconds=SECONDS_BASE + SECONDS_PER_MIB * (size // _MIB),
        )


class Child:
    """The process that holds the workbook; each answer is checked for its death."""

    def __init__(self, path: Path, name: str, form: str) -> None:
        self._name = name
        limits = Limits.of(path.stat().st_size)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                sys.executable,
                "-I",
                str(Path(workbook_child.__file__)),
                str(path.resolve()),
                form,
                str(limits.memory),
                str(limits.seconds),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, command: str) -> None:
        """Send a command."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{command}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            self._dead()

    def answer(self) -> tuple[Any, ...]:
        """Return the next answer.

        Raises:
            InputError: The workbook cannot be read.
        """
        pipe = self._process.stdout
        assert pipe is not None
        length = pipe.read(8)
        data = pipe.read(int.from_bytes(length, "little")) if length else b""
        if len(length) < 8 or len(data) < int.from_bytes(length, "little"):  # noqa: PLR2004 - the length has 8 bytes
            self._dead()
        answer: tuple[Any, ...] = marshal.loads(data)  # noqa: S302 - from our own child
        if answer[0] == "error":
            self.refuse(answer[1], answer[2])
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _shut(pipe)

    def _dead(self) -> NoReturn:
        code = self._process.wait()
        if code in {-signal.SIGXCPU, -signal.SIGKILL}:
            fact = "takes longer to read than its size can explain"
        else:
            fact = "needs more memory than its size can explain, or is damaged"
        raise InputError(
            f"`{self._name}` {fact}",
            hint="open it in a spreadsheet and save the customers as CSV",
        )

    def refuse(self, kind: str, text: str) -> NoReturn:
        """Say what calamine could not read."""
        if kind == "PasswordError" or "password" in text.lower():
            raise InputError(
                f"`{self._name}` is protected by a password",
                hint="open it, save it without a password and try again",
            )
        if kind == "MemoryError":
            self._process.kill()
            self._dead()
        if kind == "WorksheetNotFound":
            text = f"sheet {text} is missing"
        raise InputError(
            f"`{self._name}` cannot be read as a workbook: {_one_line(text)}",
            hint="open it in a spreadsheet and save it again as xlsx or CSV",
        )


def _shut(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return


def _one_line(text: str) -> str:
    return " ".join(text.split())[:160]
