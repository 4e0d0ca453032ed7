"""What commands print and write when all goes well, and what they never show."""

import io
import json
import os
import stat
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline import __version__
from tests.cli.conftest import KEY

ROWS = [
    # name, e-mail, phone, town, salary: none of these texts may be shown
    ("Awandeline Sowmba", "awandeline@sowmba.example.com", "+237670000041", "Zoetele", "123456789"),
    ("Benjamas Fotsofa", "benjamas@fotsofa.example.com", "+237680000042", "Yokadouma", "987654321"),
    ("Sowmba Awandeline", "AWANDELINE@sowmba.example.com", "670000041", "Zoetele", ""),
    ("Clovisse Ngolande", "clovisse@ngolande", "12345", "Garoua-Boulai", ""),
    ("Dieudonna Essombe", "", "", "Mbalmayo", ""),
    ("Estellina Mballata", "benjamas@fotsofa.example.com", "", "Bafoussam", ""),
]  # fmt: skip
HEADER = "Nom,E-mail,Téléphone,Ville,Salaire"
CLEAR = {
    *(word for row in ROWS for word in row[0].split()),
    *(row[1] for row in ROWS if row[1]),
    *("sowmba.example.com", "fotsofa", "670000041", "680000042", "237670000041"),
    *("123456789", "987654321"),
}
TEXT = "\n".join([HEADER, *(",".join(row) for row in ROWS)]) + "\n"


@pytest.fixture
def file(here):
    path = here / "customers.csv"
    path.write_text(TEXT, encoding="utf-8")
    return path


def newest(here):
    return max((here / "runs").glob("*/summary.json")).parent


def test_no_personal_data_is_shown_anywhere(run, here, api, file):
    """Neither terminal nor log, summary or page hold a value of the file, or the key."""
    api._store(
        {"name": "Benjamas Fotsofa", "email": ROWS[1][1], "phone": "+237680000042"}
    )
    printed = ""
    for argv in (
        ["check", file, "--verbose", "--report"],
        ["plan", file, "--verbose", "--report"],
        ["import", file, "--verbose"],
        ["import", file, "--json"],
        ["export"],
        ["runs"],
        ["runs", "--json"],
    ):
        ended = run(*argv)
        assert ended.code in (0, 3), ended.err
        printed += ended.said
    texts = {"terminal": printed}
    for path in (here / "runs").rglob("*"):
        if path.name in ("summary.json", "run.log", "report.html"):
            texts[f"{path.parent.name}/{path.name}"] = path.read_text(encoding="utf-8")
    assert {name.rpartition("/")[2] for name in texts} == {
        "terminal", "summary.json", "run.log", "report.html",
    }  # fmt: skip
    for place, text in texts.items():
        shown = [value for value in {*CLEAR, KEY} if value in text]
        assert not shown, f"{place} shows {shown}"


def test_everything_written_is_private(run, here, api, file):
    old = os.umask(0)
    try:
        for argv in (["check", file], ["plan", file], ["import", file], ["export"]):
            run(*argv)
    finally:
        os.umask(old)
    modes = {
        str(path.relative_to(here)): oct(stat.S_IMODE(path.stat().st_mode))
        for top in ("runs", "exports")
        for path in [here / top, *(here / top).rglob("*")]
        if not path.is_symlink()
    }
    wrong = {
        path: mode
        for path, mode in modes.items()
        if mode != ("0o700" if (here / path).is_dir() else "0o600")
    }
    assert not wrong
    assert "runs/state.db" in modes
    assert not [path for path in modes if "staging" in path]


def test_json_is_all_that_stands_on_standard_output(run, here, api, file):
    for argv in (["check", file], ["plan", file], ["import", file]):
        ended = run(*argv, "--json")
        summary = json.loads((newest(here) / "summary.json").read_text())
        assert ended.json["run_id"] == summary["run_id"]
        assert ended.json["rows"] == summary["rows"]
        assert ended.code == summary["exit_code"] == 3
    assert run("export", "--json").json["command"] == "export"


def test_json_of_a_refusal_keeps_standard_output_clean(run, here, api):
    rows = [f"N{i},n{i}@example.com" for i in range(14)] + ["Nobody,"] * 6
    (here / "c.csv").write_text("\n".join(["Nom,E-mail", *rows]))
    ended = run("import", "c.csv", "--json")
    assert ended.code == 4
    assert ended.out == "" or json.loads(ended.out)["exit_code"] == 4
    assert "error: plan refused: max_reject_rate is 30.0%, limit 25.0%" in ended.err


def test_quiet_says_nothing_on_success(run, here, api):
    (here / "c.csv").write_text("Nom,E-mail\nAwa Sow,awa@example.com\n")
    for argv in (["check", "c.csv"], ["import", "c.csv"], ["export"]):
        assert run(*argv, "--quiet")[1:] == ("", "")


def test_the_first_line_names_the_account(run, here, api, file):
    for command in ("plan", "import"):
        first = run(command, file).err.splitlines()[0]
        assert first == f"account: Odd Shop (test) at {api.url}"


def test_french(run, here, api, file):
    ended = run("check", file, "--lang", "fr")
    assert "lignes lues" in ended.out
    left = (newest(here) / "rejected.csv").read_text(encoding="utf-8-sig")
    english = run("check", file, "--lang", "en")
    assert "rows read" in english.out
    assert left != (newest(here) / "rejected.csv").read_text(encoding="utf-8-sig")
    assert run("check", file, "--lang", "de").code == 5


def test_version_and_help(run):
    assert run("--version")[:2] == (0, f"notchpay-pipeline {__version__}\n")
    for argv in (["--help"], ["import", "--help"], ["check", "--help"]):
        ended = run(*argv)
        assert ended.code == 0
        assert "Usage" in ended.out


@pytest.mark.parametrize(
    "option",
    [
        "--map", "--metadata", "--region", "--sheet", "--encoding", "--delimiter",
        "--source", "--dedupe", "--prefer", "--allow-possible", "--reject-bad-contact",
        "--config", "--lang", "--json", "--quiet", "--verbose", "--no-progress",
        "--allow-leftovers", "--wait", "--dry-run", "--approve", "--only", "--limit",
        "--max-reject-rate", "--max-overwrite-rate", "--max-overwrites", "--pass",
        "--force", "--max-read-age",
    ],
)  # fmt: skip
def test_the_options_of_the_contract_are_there(run, option):
    assert option in run("import", "--help").out


def test_dry_run_is_plan(run, here, api, file):
    planned = run("plan", file, "--json").json
    dry = run("import", file, "--dry-run", "--json").json
    assert (dry["command"], dry["rows"], dry["plan_digest"]) == (
        "plan", planned["rows"], planned["plan_digest"],
    )  # fmt: skip
    assert api.count("POST") == 0


def test_leftovers_may_be_allowed(run, here, file):
    assert run("check", file).code == 3
    assert run("check", file, "--allow-leftovers").code == 0


def test_a_wrong_digest_is_four(run, here, api, file):
    ended = run("import", file, "--approve", "0" * 64)
    assert ended.code == 4
    assert "the plan's digest is" in ended.err
    digest = json.loads((newest(here) / "summary.json").read_text())["plan_digest"]
    assert run("import", file, "--approve", digest).code == 3
    assert api.count("POST") > 0


def test_standard_input(run, here, api, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(b"Nom;Tel\nAwa Sow;670000001\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    ended = run("import", "-", "--source", "till", "--json")
    assert (ended.code, ended.json["source"]) == (0, "till")
    assert ended.json["rows"]["created"] == 1


@pytest.mark.parametrize(
    "name",
    [
        "liste d'été 2026.csv",
        "clients à relancer .csv",
        "-odd.csv",
        "100%.csv",
        "a$b`c.csv",
    ],
)
def test_names_of_files(run, here, api, name):
    (here / name).write_text("Nom,Tel\nAwa Sow,670000001\n", encoding="utf-8")
    argv = ["--", name] if name.startswith("-") else [name]
    ended = run("check", "--json", *argv)
    assert (ended.code, ended.json["file"]) == (0, name)


def test_settings_of_the_command_line_win(run, here, api, monkeypatch):
    (here / "c.csv").write_text("Nom,Tel\nAwa Sow,06 12 34 56 78\n")
    (here / "s.toml").write_text('region = "FR"\n')
    assert run("check", "c.csv", "--json").json["rows"]["rejected"] == 1
    assert (
        run("check", "c.csv", "--config", "s.toml", "--json").json["rows"]["accepted"]
        == 1
    )
    monkeypatch.setenv("NOTCHPAY_REGION", "CM")
    assert run("check", "c.csv", "--config", "s.toml").code == 3
    assert run("check", "c.csv", "--config", "s.toml", "--region", "FR").code == 0


def test_check_needs_neither_key_nor_network(run, here, file):
    assert run("check", file).code == 3
    assert not (here / "runs" / "state.db").exists()


def test_outcomes_are_readable_by_anything(run, here, file):
    run("check", file)
    table = pq.read_table(newest(here) / "outcomes.parquet")
    assert table.column_names[:7] == [
        "row", "line", "outcome", "customer_id", "merged_into_row", "rule", "reason",
    ]  # fmt: skip
    assert table.num_rows == len(ROWS)


def test_a_bug_is_one_line_and_one(run, monkeypatch, here, file):
    monkeypatch.setattr(Path, "stat", lambda self: 1 / 0)
    ended = run("check", file)
    assert ended.code == 1
    assert ended.err.startswith(
        "error: this is a bug of notchpay-pipeline (ZeroDivisionError)"
    )
