"""Whole runs compare themselves with the last ones of their source."""

import json
import os

import pytest

from pipeline.errors import RefusedError
from tests.runs.conftest import world  # noqa: F401 - a fixture
from tests.runs.world import HEADER, World, csv_text, people


@pytest.fixture
def local(tmp_path):
    return World(tmp_path, None)


def about_file(result):
    """Return the rules of findings about the whole file."""
    lines = (result.path / "findings.jsonl").read_text(encoding="utf-8").splitlines()
    return [f["rule"] for f in map(json.loads, lines) if f["row"] == 0]


def test_check_warns_of_what_is_unlike_the_last_file(local):
    first = local.check(local.file(people(60)))
    assert about_file(first) == []
    assert first.summary["profile"]["domains"] == {"example.com": 60}
    assert first.summary["profile"]["countries"] == {"CM": 60}
    fewer = [(name, "", "", town, "") for name, _, _, town in people(5)]
    moved = [
        (name, mail.replace("example.com", "example.org"), phone, town, "FR")
        for name, mail, phone, town in people(20)
    ]
    file = local.file([*fewer, *moved], header=(*HEADER, "Pays"))
    assert about_file(local.check(file)) == [
        "row_count_changed",
        "null_share_changed",
        "failure_share_changed",
        "failure_share_changed",
        "country_mix_changed",
        "domain_mix_changed",
    ]
    # Another source has another story.
    other = local.check(local.file(people(20), name="other.csv"))
    assert about_file(other) == []


def test_a_damaged_summary_of_another_run_is_passed_over(local):
    local.check(local.file(people(60)))
    (broken,) = (local.folder / "runs").glob("*/summary.json")
    broken.write_text("{", encoding="utf-8")
    assert about_file(local.check(local.file(people(20)))) == []


def refused(call):
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value.message


def values(result):
    return {g["name"]: (g["value"], g["passed_by"]) for g in result.summary["guards"]}


def some_imports(here):
    for count in (60, 61, 62):
        here.bring(people(count))


def test_a_file_with_few_rows_is_refused_and_can_be_passed(world):
    here = world()
    some_imports(here)
    few = here.file(people(20))
    said = refused(lambda: here.bring(few))
    assert said == "plan refused: row_count_drop is 67.2%, limit 50.0%"
    assert here.last().summary["exit_code"] == 4
    assert here.bring(few, row_count_drop=0.7).rows["read"] == 20


def test_pass_and_force_are_recorded(world):
    here = world()
    some_imports(here)
    few = here.file(people(20))
    planned = here.plan(few, passed=("row_count_drop",))
    assert values(planned)["row_count_drop"] == (0.6721, "--pass row_count_drop")
    forced = here.bring(few, force=True)
    assert values(forced)["row_count_drop"] == (0.6721, "--force")
    # From now on this is what is usual.
    assert values(here.plan(here.file(people(35))))["row_count_drop"][0] == 0.4215


def test_a_source_that_is_no_longer_known(world):
    here = world()
    here.bring(people(40))
    known = here.bring(people(42))
    assert known.summary["profile"]["matched"] == 0.9524
    strangers = people(40, first=500)
    said = refused(lambda: here.bring(strangers))
    assert said == "plan refused: match_rate_drop is 100.0%, limit 50.0%"


def test_an_older_file_is_refused(world):
    here = world()
    last = here.file(people(30))
    os.utime(last, (1_800_000_000, 1_800_000_000))
    here.bring(last)
    older = here.file(people(31))
    os.utime(older, (1_799_992_800, 1_799_992_800))
    said = refused(lambda: here.bring(older))
    assert said == "plan refused: stale_source is 2 h, limit 0.25 h"
    assert here.bring(older, passed=("stale_source",)).exit_code == 0


def test_corrected_leftovers_are_not_compared(world):
    here = world()
    here.bring(people(60), source="crm")
    lines = [(*row, str(n), str(n + 1), "rejected", "no_contact", "", "")
             for n, row in enumerate(people(20, first=300), 1)]  # fmt: skip
    header = (*HEADER, "_row", "_line", "_outcome", "_rule", "_reason", "_suggestion")
    file = here.file(csv_text(lines, header=header), name="rejected.csv")
    done = here.bring(file, source="crm")
    assert done.rows == {"read": 20, "created": 20}
    assert set(values(done)) == {
        "max_reject_rate", "max_overwrite_rate", "max_overwrites",
    }  # fmt: skip
