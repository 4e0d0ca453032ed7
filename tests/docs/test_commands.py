"""docs/commands.md equals `--help`, and the manual names what there is and no more."""

import os
import re
import subprocess
import sys
from functools import cache

import pytest

from pipeline.cli.app import app
from tests.docs.commands import PAGE, help_of, names, page
from tests.docs.pages import PAGES, ROOT, quoted, table, text_of

OTHERS = {
    # Options of other programs, which the manual names.
    "--user", "--require-hashes", "--no-config", "--docs", "--only", "--seed",
    "--scheduler-port", "--host", "--nworkers", "--nthreads", "--local-directory",
    "--cov", "--group", "--python", "--runs", "--strict", "--rows",
}  # fmt: skip


def commands():
    return {" ".join(path) for path in names() if path}


@cache
def options():
    """Every option of every command, the program's own among them."""
    said = "".join(help_of(path) for path in names())
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", said))


def test_the_page_is_what_the_commands_say():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run: python -m tests.docs.commands"
    )


def test_the_page_is_what_a_terminal_shows():
    env = {k: v for k, v in os.environ.items() if not k.startswith("NOTCHPAY_")}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "import", "--help"],
        cwd=ROOT, env=env | {"COLUMNS": "80"}, capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert f"```text\n{done.stdout}```\n" in PAGE.read_text(encoding="utf-8")


def test_the_manual_lists_every_command_and_no_other():
    listed = {quoted(line[0])[0].split(" ")[0] for line in table("## Commands")}
    assert listed == {name.split(" ")[0] for name in commands()}


def test_every_command_says_what_it_does():
    assert app.info.help
    assert [path for path in names() if len(help_of(path).splitlines()) < 4] == []


@pytest.mark.parametrize("manual", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_names_is_there(manual):
    if manual == PAGE:
        pytest.skip("written from the options")
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*(?!\w)", text_of(manual)))
    assert sorted(named - options() - OTHERS) == []


@pytest.mark.parametrize("manual", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_shows_is_there(manual):
    known = {name.split(" ")[0] for name in commands()}
    # After the name of the program a command, an option or a placeholder comes.
    shown = re.findall(r"notchpay-pipeline ([a-z][a-z-]+)", text_of(manual))
    assert sorted(set(shown) - known) == []
