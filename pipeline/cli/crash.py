"""What a bug may say: where it happened, never what the program held in its hands.

The message of a foreign error may quote a row, a request or a key, so it is left out;
so are the values of variables. Type, place and line are enough to find the bug.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path


def report(error: BaseException) -> str:
    """Return the frames of an error and of those that it came from, oldest first."""
    return "\n".join(line for one in reversed(_chain(error)) for line in _told(one))


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    next_one: BaseException | None = error
    while next_one is not None and next_one not in found:
        found.append(next_one)
        is_told = not next_one.__suppress_context__
        next_one = next_one.__cause__ or (next_one.__context__ if is_told else None)
    return found


def _told(error: BaseException) -> Iterator[str]:
    yield f"{type(error).__module__}.{type(error).__qualname__}"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {_place(frame.filename)}:{frame.lineno} in {frame.name}"


def _place(file: str) -> str:
    """Return a source file below the folder that Python found it in."""
    parts = list(Path(file).parts)
    for top in ("site-packages", "pipeline", "schemas"):
        if top in parts:
            at = len(parts) - 1 - parts[::-1].index(top)
            return "/".join(parts[at + (top == "site-packages") :])
    return parts[-1]
