"""When a page is written, what it costs, and that it can be built anew."""

import json
import re
import subprocess
import sys

import pytest

from pipeline.errors import DiskError, InterruptedRunError, RefusedError, UsageError
from pipeline.runs.reporting import report
from tests.runs.world import people

AWA = ("Awa Sow", "awa@example.com", "+237670000001", "Douala")
BAD = ("Ben Eto'o", "", "6700", "Yaoundé")


def test_an_import_has_a_page(world):
    left = world().bring([AWA, BAD])
    html = (left.path / "report.html").read_text(encoding="utf-8")
    assert "2 rows came in. 1 are done, 1 need somebody to look at them." in html
    assert left.summary["quality"] == {
        "name": {"filled": 2, "usable": 1},
        "email": {"filled": 1, "usable": 1},
        "phone": {"filled": 2, "usable": 1},
    }
    assert left.modes() == {}
    for secret in ("awa@", "Awa Sow", "670000001", "Ben Eto", "6700", "Yaoundé"):
        assert secret not in html


@pytest.mark.parametrize("asked", [True, False])
def test_a_check_has_one_where_it_is_asked_for(world, asked):
    left = world().check([AWA, BAD], report=asked)
    assert (left.path / "report.html").exists() is asked


@pytest.mark.parametrize("asked", [True, False])
def test_a_plan_has_one_where_it_is_asked_for(world, asked):
    left = world().plan([AWA], report=asked)
    assert (left.path / "report.html").exists() is asked


def test_an_export_has_a_page(world):
    made = world(
        customers=[{"name": "Awa", "email": "awa@example.com", "metadata": {}}]
    )
    left = made.export(what="customers")
    html = (left.path / "report.html").read_text(encoding="utf-8")
    assert 'data-path="export/manifest/tables/customers/rows">1<' in html


def test_a_refused_import_has_a_page(world):
    made = world()
    with pytest.raises(RefusedError):
        made.bring([*people(15), *[BAD] * 10])
    left = made.last()
    html = (left.path / "report.html").read_text(encoding="utf-8")
    assert "Refused by a guard" in html
    assert "--pass max_reject_rate" in html


def test_what_never_began_has_no_page(world):
    made = world()
    with pytest.raises(Exception, match="does not exist"):
        made.bring(made.folder / "absent.csv")
    runs = list((made.folder / "runs").glob("*/report.html"))
    assert runs == []


def test_a_page_is_built_anew_from_the_folder_alone(world):
    made = world()
    left = made.bring([AWA, BAD])
    page = left.path / "report.html"
    before = page.read_text(encoding="utf-8")
    page.unlink()
    (left.path / "outcomes.parquet").unlink()
    assert report(made.settings, left.path.name) == str(page)
    assert page.read_text(encoding="utf-8") == before
    french = made.settings.model_copy(update={"lang": "fr"})
    report(french, left.path.name)
    assert '<html lang="fr">' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, "{"])
def test_a_run_that_is_not_there(world, content):
    made = world()
    if content is not None:
        folder = made.folder / "runs" / "20260101T000000Z-x"
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(content)
    with pytest.raises(UsageError, match="holds no run `20260101T000000Z-x`"):
        report(made.settings, "20260101T000000Z-x")


def test_a_folder_that_cannot_be_read(world):
    made = world()
    folder = made.folder / "runs" / "20260101T000000Z-x"
    (folder / "summary.json").mkdir(parents=True)
    with pytest.raises(DiskError, match="cannot be read"):
        report(made.settings, folder.name)


def test_a_stopped_run_says_so_on_its_page(world):
    made = world()
    with pytest.raises(InterruptedRunError):
        made.bring(people(3), max_duration=0.0)
    left = made.last()
    assert "Not finished" in (left.path / "report.html").read_text(encoding="utf-8")


def test_a_check_imports_nothing_of_the_page(tmp_path):
    file = tmp_path / "customers.csv"
    file.write_text("Nom,E-mail\nAwa Sow,awa@example.com\n")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pipeline", "check", str(file)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.findall(r"\b(matplotlib|jinja2|xlsxwriter)$", done.stderr, re.MULTILINE)
    assert found == []


def test_numbers_in_the_log_draw_the_time(world):
    left = world().bring([AWA])
    log = (left.path / "run.log").read_text(encoding="utf-8")
    events = [json.loads(line) for line in log.splitlines()]
    assert events[-1]["requests"] == left.summary["api"]["requests"]
