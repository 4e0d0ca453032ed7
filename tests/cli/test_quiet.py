"""`--quiet`: nothing on success, a few lines otherwise, whatever the command."""

import pytest

PERSON = "Awa Sow,awa@example.com,+237670000001\n"
HEADER = "Nom,E-mail,Téléphone\n"


@pytest.fixture
def shop(run, here, api, monkeypatch):
    """A folder with a good file, a bad one and a finished import; return its run."""
    monkeypatch.setattr("pipeline.runs.reporting.page_is_due", lambda *_, **__: False)
    (here / "good.csv").write_text(HEADER + PERSON, "utf-8")
    (here / "bad.csv").write_text(HEADER + PERSON + "Ben,ben@,\n", "utf-8")
    return run("import", "good.csv", "--json").json["run_id"]


@pytest.mark.slow
def test_nothing_on_success(run, here, shop):
    (here / "inbox").mkdir()
    for argv in (
        ["check", "good.csv"],
        ["plan", "good.csv"],
        ["import", "good.csv"],
        ["import", "--inbox", "inbox"],
        ["check", "bad.csv", "--allow-leftovers"],
        ["check", "bad.csv", "--max-leftover-rate", "0.5"],
        ["export", "customers"],
        ["reconcile", "customers"],
        ["runs"],
        ["runs", shop],
        ["runs", "--max-age", "8d"],
        ["runs", "prune", "--older-than", "90d"],
        ["report", shop],
        ["explain", shop, "1"],
        ["template", "empty.csv"],
        ["doctor"],
        ["undo", shop],
    ):
        ended = run(*argv, "--quiet")
        assert (ended.code, ended.out, ended.err) == (0, "", ""), argv


def test_a_few_lines_otherwise(run, shop):
    for argv, code, lines in (
        (["check", "bad.csv"], 3, 1),
        (["check", "bad.csv", "--max-leftover-rate", "0.4"], 3, 1),
        (["check", "nowhere.csv"], 5, 3),
        (["runs", "--max-age", "0s"], 3, 1),
        (["runs", "--max-age", "8d", "--source", "never.csv"], 3, 1),
        (["runs", "no-such-run"], 2, 3),
        (["import", "--inbox", "nowhere"], 5, 3),
    ):
        ended = run(*argv, "--quiet")
        assert ended.code == code, argv
        assert len((ended.out + ended.err).splitlines()) == lines, argv


def test_no_import_was_ever_run(run, here, api):
    (here / "good.csv").write_text(HEADER + PERSON, "utf-8")
    run("check", "good.csv")
    ended = run("runs", "--max-age", "8d", "--quiet")
    assert (ended.code, ended.err) == (3, "No import was ever run here.\n")
    assert run("runs", "--max-age", "8d", "--allow-leftovers").code == 0
