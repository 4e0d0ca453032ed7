"""The code of the manual runs: shell against the sandbox, Python, SQL and TOML."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import pytest

from pipeline.runs.own import own_rules
from pipeline.settings import load_settings
from tests.docs.pages import PAGES, ROOT, all_blocks, blocks

KNOWN = {"", "text", "bash", "console", "python", "sql", "toml", "json", "pyspark",
         "ini", "cron", "yaml", "csv", "dotenv"}  # fmt: skip
RUN = ("bash", "python", "sql")
PRELUDE = """
set -euo pipefail
# Rows that are left over are no mistake of the manual's.
notchpay-pipeline() {
  local code=0
  command notchpay-pipeline "$@" || code=$?
  [ "$code" = 3 ] || return "$code"
}
"""


def runnable(page):
    return [b for b in blocks(page) if b.kind in RUN and not b.reason]


def test_every_block_says_what_it_is():
    assert {b.place: b.kind for b in all_blocks(*_kinds()) if b.kind not in KNOWN} == {}
    hidden = [
        b.place
        for b in all_blocks("", "console")
        if any(
            line.startswith(("notchpay-pipeline ", "$ notchpay", "make ", "export "))
            for line in b.text.splitlines()
        )
    ]
    assert hidden == [], "a command stands in a block that no test runs: use bash"


def _kinds():
    return {b.kind for page in PAGES for b in blocks(page)}


@pytest.mark.parametrize("block", all_blocks("toml"), ids=lambda b: b.place)
def test_a_settings_file_of_the_manual_loads(block, tmp_path):
    if block.reason:
        tomllib.loads(block.text)
        return
    config = tmp_path / "settings.toml"
    config.write_text(block.text, encoding="utf-8")
    own_rules(load_settings(config))


@pytest.mark.parametrize("block", all_blocks("json"), ids=lambda b: b.place)
def test_json_of_the_manual_is_json(block):
    json.loads(block.text)


@pytest.mark.parametrize("block", all_blocks("python"), ids=lambda b: b.place)
def test_python_of_the_manual_is_python(block):
    compile(block.text, block.place, "exec")


@pytest.mark.parametrize("block", all_blocks("bash"), ids=lambda b: b.place)
def test_shell_of_the_manual_is_shell(block):
    done = subprocess.run(
        ["bash", "-n"], input=block.text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def world(tmp_path):
    """A folder with the files the manual speaks of, a sandbox, and no other setting."""
    names = ("customers.csv", "customers.xlsx")
    for name in names:
        (tmp_path / name).write_bytes((ROOT / "sample_data" / name).read_bytes())
    (tmp_path / "bank.csv").write_text("Ref,Amount,State\nnone,100,success\n")
    env = {k: v for k, v in os.environ.items() if not k.startswith("NOTCHPAY_")}
    env |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "NOTCHPAY_NO_ENV_FILE": "1",
        "NOTCHPAY_API_KEY": "pk_test.manual",
        "NOTCHPAY_RATE": "off",
        "NOTCHPAY_SETTLE_SECONDS": "0",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "pipeline", "sandbox", "--seed-customers", "20",
               "--payments-per-customer", "3"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    ) as sandbox:
        try:
            yield (
                tmp_path,
                env | {"NOTCHPAY_BASE_URL": sandbox.stdout.readline().split()[-1]},
            )
        finally:
            sandbox.terminate()


def play(block, folder, env):
    if block.kind == "sql":
        with duckdb.connect() as con:
            con.execute(f"SET file_search_path = '{folder}'")
            con.execute(block.text).fetchall()
        return
    command = ["bash", "-c", PRELUDE + block.text]
    if block.kind == "python":
        command = [sys.executable, "-c", block.text]
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{block.place}\n{block.text}\n{done.stdout}{done.stderr}"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if runnable(page)], ids=lambda page: page.name
)
def test_the_blocks_of_a_page_run_one_after_the_other(page, world):
    folder, env = world
    for block in runnable(page):
        play(block, folder, env)
