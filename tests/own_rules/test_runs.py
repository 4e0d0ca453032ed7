"""One's own rules in whole checks: repeats over parts, missing columns, metadata."""

import json

import pyarrow.parquet as pq
import pytest

from pipeline.errors import InputError, SettingsError
from pipeline.runs import intake
from pipeline.runs.check import check
from pipeline.runs.request import FileRequest
from pipeline.settings import load_settings


@pytest.fixture
def checked(tmp_path):
    """Return a function that checks lines of a file under the rules of a TOML text."""

    def run(rules, *lines, **options):
        config = tmp_path / "own.toml"
        config.write_text(rules, encoding="utf-8")
        file = tmp_path / "c.csv"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings = load_settings(
            config, runs_dir=str(tmp_path / "runs"), workers=1, lang="en"
        )
        return check(settings, FileRequest(str(file), **options))

    return run


def about(session, *rules):
    lines = session.folder.findings.read_text(encoding="utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    return [(f["row"], f["rule"], f["message"]) for f in told if f["rule"] in rules]


def outcomes(session):
    table = pq.read_table(session.folder.outcomes).to_pylist()
    return [(o["row"], o["outcome"], o["rule"]) for o in table]


LINES = [
    "Nom,Téléphone,Code",
    *(f"Person Number{n},+2376700000{n:02d},{code}"
      for n, code in enumerate(["a", "b", "a", "", "d", "", "b"], 1)),
]  # fmt: skip


def test_a_value_that_stands_in_another_part_is_found(checked, monkeypatch):
    monkeypatch.setattr(intake, "CHUNK_ROWS", 2)
    session = checked("[rules.code]\ncolumn = 'code'\nunique = true\n", *LINES)
    text = "“Code” holds the value of row {} again"
    assert about(session, "code") == [
        (3, "code", text.format(1)),
        (7, "code", text.format(2)),
    ]
    assert outcomes(session)[2] == (3, "rejected", "code")
    assert outcomes(session)[6] == (7, "rejected", "code")
    assert session.summary.rows["rejected"] == 2


def test_a_repeated_value_may_be_a_warning(checked):
    rule = "[rules.code]\ncolumn = 'code'\nunique = true\nseverity = 'warning'\n"
    session = checked(rule, *LINES)
    assert session.summary.findings["code"] == 2
    assert session.summary.rows["rejected"] == 0


def test_a_row_that_is_rejected_already_keeps_its_rule(checked):
    rule = "[rules.code]\ncolumn = 'code'\nunique = true\n"
    session = checked(rule, LINES[0], "A B,+237670000001,x", "C D,12,x")
    assert outcomes(session)[1] == (2, "rejected", "phone_too_short")


def test_a_missing_column(checked):
    rule = "[rules.shop]\ncolumn = 'Shop'\nrequired = 'column'\n"
    with pytest.raises(InputError, match="no column `Shop`"):
        checked(rule, *LINES)
    session = checked(rule + "severity = 'warning'\n", *LINES)
    assert about(session, "own_column_missing") == [
        (
            0,
            "own_column_missing",
            "The file has no column “Shop”, which the rule shop wants",
        )
    ]
    assert session.summary.reading["own_rules"] == {"shop": None}


def test_only_kept_metadata_leaves_and_the_command_line_goes_before(checked):
    lines = ["Nom,Téléphone,Ville,Note", "A B,+237670000001,Douala,x"]

    def roles(session):
        return {c["column"]: c["role"] for c in session.summary.reading["columns"]}

    kept = roles(checked("[metadata]\nkeep = ['ville']\n", *lines))
    assert (kept["Ville"], kept["Note"]) == ("metadata.Ville", "unused")
    said = roles(checked("[metadata]\nkeep = ['ville']\n", *lines, metadata=("Note",)))
    assert (said["Ville"], said["Note"]) == ("unused", "metadata.Note")


def test_a_mistake_ends_the_command_before_a_run_begins(checked, tmp_path):
    with pytest.raises(SettingsError, match=r"line 2: `rules\.a\.colum` is no key"):
        checked("[rules.a]\ncolum = 'x'\n", *LINES)
    with pytest.raises(SettingsError, match="the key `rule`, which is no setting"):
        checked("[rule.a]\ncolumn = 'x'\n", *LINES)
    assert not (tmp_path / "runs").exists()
