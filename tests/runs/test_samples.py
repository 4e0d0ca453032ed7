"""The sample files, whole: import, import again, the later file, the workbook."""

import json
import re
from pathlib import Path

import pytest

from tests.runs.world import customers

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"
pytestmark = pytest.mark.slow


def shown():
    """Return row -> rules, as the README of the sample says of `customers.csv`."""
    table = {}
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    part = text.split("## What the rows of `customers.csv` show")[1].split("\n## ")[0]
    for row, told in re.findall(r"^\| (\d+) \| (.+) \|$", part, re.MULTILINE):
        table[int(row)] = set(re.findall(r"`([a-z_0-9A-Z]+)`", told.partition(":")[0]))
    return table


@pytest.mark.parametrize(
    "name", ["customers.csv", "customers-cp1252.csv", "customers.xlsx"]
)
def test_a_sample_imports_and_imports_again_without_a_write(world, name):
    here = world()
    first = here.bring(SAMPLES / name)
    before = dict(first.rows)
    assert before["created"] > 200
    assert before["read"] == sum(n for k, n in before.items() if k != "read")
    requests = len(here.server.log)
    assert requests <= before["created"] + 1 + 2
    second = here.bring(SAMPLES / name)
    assert not {"create", "update"} & set(second.operations)
    settled = before.pop("created")
    assert second.rows == {**before, "unchanged": settled}
    assert len(here.server.customers) == settled
    for left in ("rejected", "review"):
        assert len(first.csv(left)) == first.rows[left]


def test_the_later_file_updates_some(world):
    here = world()
    here.bring(SAMPLES / "customers.csv")
    run = here.bring(SAMPLES / "customers-update.csv")
    assert run.rows["created"] == 3
    assert run.rows["review"] == 2
    assert run.findings["kept_existing_value"] >= 1
    assert run.findings["name_contradicts"] == 2
    again = here.bring(SAMPLES / "customers-update.csv")
    assert not {"create", "update"} & set(again.operations)
    # The first file brings back what the later one changed, field by field.
    back = here.plan(SAMPLES / "customers.csv")
    assert "created" not in back.rows


def test_the_other_samples_are_the_same_people(world):
    here = world()
    here.bring(SAMPLES / "customers.csv")
    books = here.plan(SAMPLES / "customers.xlsx")
    assert books.rows.get("created", 0) <= 2
    codepage = here.plan(SAMPLES / "customers-cp1252.csv")
    assert codepage.rows.get("created", 0) <= 2


def test_customers_of_others_stay_as_they_are(world):
    somebody = customers([("Zoé Zang", "zoe@example.net", "+237650000099", "Bafia")])
    here = world(customers=somebody)
    here.bring(SAMPLES / "customers.csv")
    assert next(iter(here.server.customers.values()))["metadata"] == {"Ville": "Bafia"}


def test_each_row_shows_what_the_readme_says(world):
    run = world().check(SAMPLES / "customers.csv")
    found = {}
    for line in (run.path / "findings.jsonl").read_text(encoding="utf-8").splitlines():
        finding = json.loads(line)
        found.setdefault(finding["row"], set()).add(finding["rule"])
    for row, _, rule in run.outcomes():
        if rule:
            found.setdefault(row, set()).add(rule)
    rules = shown()
    assert len(rules) > 60
    missing = {row: names - found.get(row, set()) for row, names in rules.items()}
    assert {row: names for row, names in missing.items() if names} == {}
