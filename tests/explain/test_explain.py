"""`explain RUN ROW`: the whole story of a row, masked unless it is asked for in clear."""

from pathlib import Path

import pytest

from pipeline.cli.story import story_lines
from pipeline.errors import UsageError
from pipeline.runs.explaining import explain
from tests.runs.conftest import world  # noqa: F401 - a fixture
from tests.runs.world import AWA, BEN, HEADER, World, csv_text, customers

BAD = ("Clo Ngo", "clo@", "12", "Kribi")


@pytest.fixture
def local(tmp_path):
    return World(tmp_path, None)


def story(here, result, row, *, clear=False, lang="en"):
    told = explain(here.settings, result.path.name, row, clear=clear)
    return "\n".join(story_lines(told, lang, clear=clear))


def test_a_rejected_row_of_a_check(local):
    done = local.check([AWA, AWA, BAD])
    told = story(local, done, 3)
    assert "Row 3, line 4 of" in told
    assert "  E-mail (email): c…" in told
    assert "  error phone_too_short: " in told
    assert "Outcome: rejected: never sent (" in told
    assert "Values are masked; `--clear` shows them." in told
    assert "clo@" not in told
    clear = story(local, done, 3, clear=True, lang="fr")
    assert "Ligne 3, ligne 4 de" in clear
    assert "  E-mail (email): clo@" in clear
    assert "Issue : rejetée" in clear.replace("Issue:", "Issue :")
    assert "masquées" not in clear


def test_merged_rows_tell_of_each_other(local):
    done = local.check([AWA, AWA])
    assert "carries the rows 2" in story(local, done, 1)
    second = story(local, done, 2)
    assert "row 1 carries the result: " in second
    assert "Outcome: merged (" in second


def test_an_import_tells_writes_and_answers(world):
    here = world(customers=customers([(*BEN[:3], "Limbe")]))
    done = here.bring([AWA, BEN, AWA])
    told = story(here, done, 1)
    assert "create acknowledged, attempts: 1, " in told
    assert '"name": "A…"' in told
    assert "create metadata.Ville: -> D… (new)" in told
    assert "carries the rows 3" in told
    for value in (*AWA[:3], "Douala"):
        assert value not in told
    updated = story(here, done, 2, clear=True)
    assert "update metadata.Ville: Limbe -> Yaoundé" in updated
    assert "answer: {" in updated
    merged = story(here, done, 3)
    assert "merge: -> 1 (" in merged
    assert "create acknowledged" in merged
    plan = explain(here.settings, here.plan([AWA]).path.name, 1, clear=False)
    assert plan.writes == ()


def test_without_the_database_the_rest_still_stands(world):
    here = world()
    done = here.bring([AWA])
    for file in (here.folder / "runs").glob("state.*"):
        file.unlink()
    told = explain(here.settings, done.path.name, 1, clear=False)
    assert (told.writes, told.outcome["outcome"]) == ((), "created")


def test_cells_come_from_the_file_while_it_is_the_same(local):
    file = local.file([AWA, BEN])
    done = local.check(file)
    cells = explain(local.settings, done.path.name, 2, clear=True).cells
    assert cells == (
        ("Nom", "name", BEN[0]),
        ("E-mail", "email", BEN[1]),
        ("Téléphone", "phone", BEN[2]),
        ("Ville", "metadata.Ville", BEN[3]),
    )
    local.file([AWA, BEN, AWA])
    changed = explain(local.settings, done.path.name, 2, clear=True)
    assert changed.cells is None
    assert "can no longer be shown" in "\n".join(story_lines(changed, "en", clear=True))
    Path(file).unlink()
    assert explain(local.settings, done.path.name, 2, clear=True).cells is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_leftover_is_found_in_its_file_when_the_input_is_gone(local, delimiter):
    file = local.file(csv_text([AWA, BAD], delimiter=delimiter))
    done = local.check(file)
    file.unlink()
    cells = explain(local.settings, done.path.name, 2, clear=True).cells
    assert [value for _, _, value in cells] == list(BAD)


def test_a_record_that_is_no_row_has_no_cells(local):
    text = csv_text([AWA]) + "a,b,c,d,e,f\n" + "\n"
    done = local.check(local.file(text))
    (done.path / "rejected.csv").unlink(missing_ok=True)
    told = explain(local.settings, done.path.name, 2, clear=False)
    assert told.cells is None
    assert told.outcome["outcome"] == "rejected"


def test_there_must_be_such_a_run_and_row(local):
    with pytest.raises(UsageError, match="there is no run `x`"):
        explain(local.settings, "x", 1, clear=False)
    done = local.check([AWA])
    with pytest.raises(UsageError, match="has no row 2; it read 1"):
        explain(local.settings, done.path.name, 2, clear=False)
    (done.path / "outcomes.parquet").unlink()
    with pytest.raises(UsageError, match="has not written its outcomes"):
        explain(local.settings, done.path.name, 1, clear=False)


def test_the_header_of_the_world_is_what_the_tests_think():
    assert HEADER == ("Nom", "E-mail", "Téléphone", "Ville")
