"""docs/export.md: its examples run, its tables name what there is."""

import re
import shlex
from pathlib import Path

import duckdb
import pytest
import typer

from pipeline.cli.app import app
from schemas import exports
from schemas.money import STATUS_GROUPS
from schemas.reconciliation import OF_CUSTOMERS, OF_PAYMENTS
from tests.export.fakes import FakeApi, customer, payment
from tests.export.test_export import run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "export.md"
TEXT = PAGE.read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def exported(tmp_path, monkeypatch):
    payments = [payment(n, status=s) for n, s in enumerate(("complete", "failed"))]
    run(FakeApi([customer(1)], payments), tmp_path / "exports", format="delta")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.split()[1])
def test_the_python_runs(exported, code, capsys):
    exec(compile(code, PAGE.name, "exec"), {})
    assert capsys.readouterr().out


@pytest.mark.parametrize("sql", blocks("sql"), ids=range(2))
def test_the_sql_runs(exported, sql):
    with duckdb.connect() as con:
        assert len(con.execute(sql).fetchall()) == 1


@pytest.mark.parametrize("line", "".join(blocks("bash")).splitlines())
def test_the_commands_have_these_options(line):
    name, *words = shlex.split(line)[1:]
    command = typer.main.get_command(app).commands[name]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)[
        1
    ]


@pytest.mark.parametrize(
    ("title", "schema"),
    [("Customers", exports.CUSTOMERS), ("Payments", exports.PAYMENTS)],
)
def test_every_column_is_told(title, schema):
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", " ".join(rows))) == sorted(schema.names)


def test_every_status_is_told():
    rows = re.findall(r"^\| ([a-z]+) \| (.*?) \|$", section("Payments"), re.MULTILINE)
    told = {
        status.strip(): group
        for group, statuses in rows
        if group in STATUS_GROUPS.values()
        for status in re.sub(r" \([^)]*\)", "", statuses).split(",")
    }
    assert told == dict(STATUS_GROUPS)


def test_every_result_is_told():
    rows = re.findall(r"^\| `(\w+)` \|", section("Reconciling"), re.MULTILINE)
    assert set(rows) == {*OF_CUSTOMERS, *OF_PAYMENTS}
