"""`--rank splink`: another order of the review file, and nothing else."""

import ast
import csv
import os
from pathlib import Path

import duckdb
import pytest

from pipeline.cli import main
from pipeline.dedupe import DedupePolicy, deduplicate
from pipeline.errors import SettingsError
from pipeline.runs import ranking
from pipeline.runs.ranking import ready_to_rank
from pipeline.runs.request import FileRequest
from tests.ranking.made_up import people, table

pytest.importorskip("splink", reason="the extra `splink` is missing")
from pipeline.runs.on_splink import rank_pairs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def lines(con):
    return con.execute(
        "SELECT row_a, row_b, score FROM pairs WHERE kind = 'pair'"
        " ORDER BY score DESC, row_a, row_b"
    ).fetchall()


def paired(con, rows):
    con.register("prepared", table(rows))
    deduplicate(con, "prepared", DedupePolicy())
    return lines(con)


def test_what_speaks_for_one_person_comes_first(con):
    rows = people(700)
    before = paired(con, rows)
    held = con.execute("FROM held ORDER BY ALL").fetchall()
    assert rank_pairs(con, "prepared") == len(before) >= 200
    after = lines(con)
    assert {line[:2] for line in after} == {line[:2] for line in before}
    assert [round(line[2], 3) for line in after] == [line[2] for line in before]
    assert con.execute("FROM held ORDER BY ALL").fetchall() == held
    towns = [rows[a - 1]["city"] == rows[b - 1]["city"] for a, b, _ in after]
    same = sum(towns)
    assert sum(towns[:same]) > 0.95 * same, "those of one town stand first"


@pytest.mark.slow
def test_the_same_file_has_the_same_order(con):
    paired(con, people(700))
    rank_pairs(con, "prepared")
    once = lines(con)
    paired(con, people(700))
    rank_pairs(con, "prepared")
    assert lines(con) == once


@pytest.mark.parametrize(
    "rows",
    [people(700, born=False), people(60)],
    ids=["no city", "few rows"],
)
def test_where_the_model_knows_nothing_more_the_order_stays(con, rows):
    before = paired(con, rows)
    assert rank_pairs(con, "prepared") is None
    assert lines(con) == before


def checked(folder, file, *options):
    os.environ["NOTCHPAY_RUNS_DIR"] = str(folder)
    try:
        code = main(["check", str(file), *options])
    finally:
        del os.environ["NOTCHPAY_RUNS_DIR"]
    (review,) = folder.glob("*/review_pairs.csv")
    with review.open(encoding="utf-8-sig", newline="") as text:
        return code, list(csv.DictReader(text))


@pytest.mark.slow
def test_a_check_that_asks_for_it(tmp_path, capsys):
    file = tmp_path / "c.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(["Nom", "E-mail", "Téléphone", "Ville"])
        for row in people(700):
            writer.writerow([row["name"], row["email"], row["phone"], row["city"]])
    code, plain = checked(tmp_path / "a", file, "--quiet")
    capsys.readouterr()
    again, ranked = checked(tmp_path / "b", file, "--rank", "splink", "--lang", "fr")
    said = capsys.readouterr().err
    assert code == again == 3
    assert "paires du fichier à examiner classées" in said
    assert [line["key_a"] for line in ranked] != [line["key_a"] for line in plain]
    keys = ("a_row", "b_row", "rule")
    assert sorted([line[k] for k in keys] for line in ranked) == sorted(
        [line[k] for k in keys] for line in plain
    )


def test_a_missing_extra_is_said(monkeypatch):
    monkeypatch.setattr(ranking, "find_spec", lambda name: None)
    with pytest.raises(SettingsError) as told:
        ready_to_rank(FileRequest("x.csv", rank="splink"))
    assert told.value.hint == "install `notchpay-pipeline[splink]`"
    ready_to_rank(FileRequest("x.csv"))


def test_another_order_is_refused(capsys):
    assert main(["check", "x.csv", "--rank", "best"]) == 2
    assert "`--rank best`: one of weights, splink" in capsys.readouterr().err


def test_splink_is_imported_in_one_room():
    users = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "pipeline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        and (getattr(node, "module", None) or node.names[0].name).startswith("splink")
    }
    assert users == {"pipeline/runs/on_splink.py"}
