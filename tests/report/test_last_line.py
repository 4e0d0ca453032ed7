"""The last line on the terminal: in plain words, what came of it and what to open."""

import pytest

from pipeline.cli import main
from tests.runs.world import csv_text

AWA = ("Awa Sow", "awa@example.com", "+237670000001", "Douala")
BAD = ("Ben Eto'o", "", "6700", "Yaoundé")
TYPO = [
    ("Armelle Tchuente", "armelle@example.com", "", "Limbé"),
    ("Armele Tchuente", "armelle@example.com", "", "Limbé"),
]


@pytest.fixture
def last_line(tmp_path, monkeypatch, capsys):
    """Check rows; return the last line, the run's folder as `RUN`."""
    monkeypatch.setenv("NOTCHPAY_RUNS_DIR", str(tmp_path / "runs"))

    def check(rows, *options):
        file = tmp_path / "customers.csv"
        file.write_text(csv_text(rows), encoding="utf-8")
        main(["check", str(file), *options])
        out = capsys.readouterr().out
        (folder,) = [p for p in (tmp_path / "runs").iterdir() if p.is_dir()]
        return out.splitlines()[-1].replace(str(folder), "RUN")

    return check


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ([AWA], (), "1 rows checked: 1 accepted. Nothing was sent. RUN"),
        ([], (), "0 rows checked: no rows. Nothing was sent. RUN"),
        (
            [AWA, BAD, *TYPO],
            (),
            (
                "4 rows checked: 1 accepted, 1 rejected, 2 to review. Nothing was sent."
                " Open RUN/rejected.xlsx, RUN/review_pairs.xlsx."
            ),
        ),
        (
            [AWA, BAD],
            ("--lang", "fr", "--report"),
            (
                "2 lignes contrôlées\xa0: 1 acceptées, 1 rejetées. Rien n'a été envoyé."
                " Ouvrez RUN/rejected.xlsx. Rapport\xa0: RUN/report.html"
            ),
        ),
        (
            [AWA, BAD],
            ("--quiet", "--lang", "en"),
            (
                "2 rows checked: 1 accepted, 1 rejected. Nothing was sent."
                " Open RUN/rejected.xlsx."
            ),
        ),
    ],
)
def test_the_last_line(last_line, rows, options, said):
    if "--lang" not in options:
        options = (*options, "--lang", "en")
    assert last_line(rows, *options) == said
