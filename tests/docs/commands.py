"""docs/commands.md: what every command says of itself; run as a module, it writes the page.

python -m tests.docs.commands
"""

import contextlib
import io
import os
from functools import cache
from pathlib import Path

import typer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
WIDTH = "80"
HEAD = """# Every command

What `--help` says, written by `python -m tests.docs.commands`; a test holds it equal. The [README](../README.md) tells what the commands are for.
"""


def names():
    """Return the words of every command, the program itself first: `()`, `("check",)`, …"""
    from pipeline.cli.app import app

    def below(command, path):
        yield path
        for name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, (*path, name))

    return list(below(typer.main.get_command(app), ()))


@cache
def help_of(path):
    """Return what the command prints for `--help` on a terminal of 80 columns."""
    from pipeline.cli import main

    said, columns = io.StringIO(), os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = WIDTH
    try:
        with contextlib.redirect_stdout(said):
            code = main([*path, "--help"])
    finally:
        os.environ.pop("COLUMNS")
        if columns is not None:
            os.environ["COLUMNS"] = columns
    assert code == 0, path
    return said.getvalue()


def page():
    """Return the whole page."""
    parts = [HEAD]
    for path in names():
        title = " ".join(("notchpay-pipeline", *path))
        parts.append(f"\n## `{title}`\n\n```text\n{help_of(path)}```\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
