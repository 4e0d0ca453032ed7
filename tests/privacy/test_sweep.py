"""Planted people and keys go through every path; nothing that may be read shows them.

What is swept: terminal, log, summary and page of every command, crash reports, and
what leaves for anybody but the API. `run.log` files are also what Airflow shows.
"""

import json
import os
import sqlite3

import pytest

from pipeline.cli import main
from tests.servers.echo import EchoServer

KEY = "pk_test.PlantedKeyOfTheShop77"
NAMES = (
    "Awandeline",
    "Sowmba",
    "Benjamas",
    "Fotsofa",
    "Clovisse",
    "Ngolande",
    "Estellina",
)
HEADER = "Nom,E-mail,Téléphone,Ville,Salaire,CNI"
ROWS = [
    "Awandeline Sowmba,awandeline@sowmba.example.com,+237670000041,Zoetele,451299,118877665",
    "Benjamas Fotsofa,benjamas@fotsofa.example.com,+237680000042,Yokadouma,451298,118877664",
    "Sowmba Awandeline,AWANDELINE@sowmba.example.com,670000041,Zoetele,,",
    "Clovisse Ngolande,clovisse@ngolande,12345,Garoua-Boulai,,",
    "Estellina Ngolande,,,Mbalmayo,,",
    "Benjamas Ngolande,awandeline@sowmba.example.com,,Bafoussam,,",
    'Clovisse "Fotsofa,clovisse@fotsofa.example.com',
]
PLANTED = (
    *(n.lower() for n in NAMES),
    *("670000041", "680000042", "zoetele", "yokadouma", "451299", "118877665"),
    KEY.lower(),
    KEY[-12:].lower(),
)
SHOWN = ("summary.json", "run.log", "report.html", "manifest.json", "contents.json")


def planted_in(text):
    low = text.lower()
    return [word for word in PLANTED if word in low]


@pytest.fixture
def said(here, capfd):
    """Run commands; collect what each prints, and check nothing of it is planted."""

    def go(*argv, codes=(0, 3)):
        capfd.readouterr()
        code = main([str(arg) for arg in argv])
        out, err = capfd.readouterr()
        assert code in codes, (argv, code, out, err)
        shown = planted_in(out + err)
        assert not shown, f"{argv} shows {shown}: {out}{err}"
        return out

    return go


@pytest.fixture
def shop(here, monkeypatch):
    """Return a maker of servers whose key and address are set."""
    made = []

    def make(server):
        made.append(server.__enter__())
        monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
        monkeypatch.setenv("NOTCHPAY_BASE_URL", server.url)
        return server

    yield make
    for server in made:
        server.__exit__(None, None, None)


@pytest.fixture
def file(here):
    path = here / "customers.csv"
    path.write_text("\n".join([HEADER, *ROWS]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def no_page(monkeypatch):
    """Draw no page: `test_every_command` sweeps those."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)


def sweep(here):
    """Check every file that is made to be read by anybody."""
    seen = set()
    for path in here.rglob("*"):
        if path.name in SHOWN and "answer" not in path.parts:
            seen.add(path.name)
            text = path.read_text(encoding="utf-8")
            assert not planted_in(text), f"{path} shows {planted_in(text)}"
    told = here / "runs" / "state.db"
    if told.exists():
        seen.add("audit")
        with sqlite3.connect(told) as con:
            lines = con.execute("SELECT * FROM audit").fetchall()
            lines += con.execute("SELECT summary, settings FROM runs").fetchall()
        con.close()
        assert not planted_in(json.dumps(lines, default=str))
    return seen


def newest(here):
    return max(p.parent.name for p in (here / "runs").glob("*/summary.json"))


@pytest.mark.slow
def test_every_command(here, said, api, shop, file, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
    api._store({"name": "Benjamas Fotsofa", "email": "benjamas@fotsofa.example.com"})
    force = ("--force", "--verbose")
    said("doctor", "--verbose", codes=(0, 5))
    said("check", file, "--verbose", "--report")
    said("plan", file, *force, "--report")
    said("import", file, "--approve", "0" * 64, *force, codes=(4,))
    said("import", file, "--max-reject-rate", "0", codes=(0, 3, 4))
    said("import", file, "--limit", "1", *force)
    said("import", file, "--prefer", "file", *force)
    run_id = newest(here)
    assert {"rejected.csv", "plan.parquet"} <= {
        p.name for p in (here / "runs" / run_id).iterdir()
    }
    for row in range(1, 8):
        said("explain", run_id, str(row), codes=(0, 2))
    said("explain", run_id, "99", codes=(2,))
    for pairs in (here / "runs").glob("*/review_pairs.csv"):
        said("decide", pairs)
    said("report", run_id)
    said("runs")
    said("runs", run_id)
    said("runs", "--json")
    said("undo", run_id, "--delete-created", *force)
    said("import", file, "--json", *force)
    said("export", "--verbose")
    said("reconcile", "customers")
    for what in (("find",), ("export", "--out", "answer"), ("erase",)):
        said("subject", *what, "--phone", "+237670000041")
    said("subject", "find", "--email", "awandeline@sowmba.example.com", "--json")
    said("runs", "prune", "--older-than", "0s")
    assert sweep(here) >= {
        "summary.json",
        "run.log",
        "report.html",
        "manifest.json",
        "audit",
    }


@pytest.mark.parametrize(
    "answers",
    [
        {"POST": (422, "json")},
        pytest.param({"POST": (500, "html")}, marks=pytest.mark.slow),
        pytest.param({"POST": (409, "json")}, marks=pytest.mark.slow),
        {"POST": (401, "json")},
        {"GET": (401, "json")},
        pytest.param({"GET": (500, "html")}, marks=pytest.mark.slow),
        pytest.param({"POST": (418, "html")}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_an_api_that_says_everything_back(here, said, shop, file, answers, no_page):
    shop(EchoServer(answers))
    for argv in (
        ["import", file, "--force", "--verbose"],
        ["import", file, "--force", "--json"],
        ["export", "--verbose"],
        ["doctor"],
    ):
        said(*argv, codes=(0, 3, 5))
    sweep(here)


@pytest.mark.parametrize(
    "argv",
    [
        ["check", "awandeline@sowmba.example.com.csv"],
        ["check", "FILE", "--map", "email=Awandeline Sowmba"],
        ["subject", "erase", "--phone", "+237670000041", "--approve", "x"],
        [
            "subject",
            "find",
            "--email",
            "awandeline@sowmba.example.com",
            "--inbox",
            "no",
        ],
        ["import", "FILE", "--source", "awandeline@sowmba.example.com", "--force"],
        ["decide", "FILE"],
        ["reconcile", "payments", "FILE", "--reference", "Nom", "--amount", "Salaire"],
    ],
    ids=lambda argv: " ".join(argv[:2]),
)
def test_mistakes_of_a_user(here, said, api, file, argv, monkeypatch, capfd):
    """What a user typed himself may come back on his terminal, but in no file."""
    monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
    capfd.readouterr()
    main([str(file) if arg == "FILE" else arg for arg in argv])
    out, err = capfd.readouterr()
    typed = " ".join(argv).lower()
    assert not [word for word in planted_in(out + err) if word not in typed]


class _PlantedError(Exception):
    """An error of a library that quotes what it was given."""


@pytest.mark.parametrize("verbose", [(), ("--verbose",), ("-v",)], ids=str)
def test_a_crash_report_says_where_and_not_what(
    here, api, file, monkeypatch, capfd, verbose, no_page
):
    def burst(*_args, **_more):
        try:
            raise ValueError(f"cannot parse {ROWS[0]}")
        except ValueError as error:
            raise _PlantedError(f"{KEY}: {ROWS[1]}") from error

    monkeypatch.setenv("NOTCHPAY_API_KEY", KEY)
    monkeypatch.setattr("pipeline.runs.check.deduplicate", burst)
    capfd.readouterr()
    assert main(["import", str(file), *verbose]) == 1
    out, err = capfd.readouterr()
    assert not planted_in(out + err)
    assert "_PlantedError" in err
    if verbose:
        assert "ValueError" in err
        assert "pipeline/runs/check.py:" in err
        assert os.sep + "home" not in err
    sweep(here)
