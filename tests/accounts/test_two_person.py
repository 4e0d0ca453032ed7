"""A large import needs another person's approval of exactly this plan."""

import pytest

from pipeline.plan.two_person import Approval, TwoPerson
from tests.runs.world import csv_text, people

ADA, BOB = Approval("Ada", "ada"), Approval("Bob", "ada")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rows>1000", TwoPerson(1000)),
        (" rows > 5 , users ", TwoPerson(5, users=True)),
    ],
)
def test_the_rule_is_read(text, rule):
    assert TwoPerson.parse(text) == rule


@pytest.mark.parametrize("text", ["", "rows", "rows>x", "1000", "rows>5,people"])
def test_another_form_is_refused(text):
    with pytest.raises(ValueError, match="rows>N"):
        TwoPerson.parse(text)


def test_the_same_person_in_another_dress_is_nobody_else():
    rule = TwoPerson(10)
    assert rule.others(ADA, [Approval("ADA", "root"), ADA]) == []
    assert rule.others(ADA, [BOB, ADA]) == ["Bob"]
    assert TwoPerson(10, users=True).others(ADA, [BOB]) == []
    other = Approval("Bob", "bob")
    assert TwoPerson(10, users=True).others(ADA, [other]) == ["Bob"]


def test_the_guard():
    rule = TwoPerson(10)
    assert not rule.guard(10, []).refused
    assert rule.guard(11, []).refused
    assert rule.guard(11, ["Bob", "Eve"]).passed_by == "approved by Bob, Eve"


@pytest.fixture
def shop(run, api, here, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_TWO_PERSON", "rows>3")
    file = here / "customers.csv"
    file.write_text(csv_text(people(5)), encoding="utf-8")
    return file


def digest_of(run, file, actor):
    ended = run("plan", file, "--actor", actor, "--json")
    assert ended.code == 0
    assert "importing it needs two persons" in run("plan", file, "--actor", actor).err
    return ended.json["plan_digest"]


def test_another_person_approves_then_one_imports(run, api, shop):
    digest = digest_of(run, shop, "Ada")
    for argv in ((), ("--approve", digest), ("--approve", digest, "--force")):
        refused = run("import", shop, "--actor", "ada", *argv)
        assert refused.code == 4, argv
        assert "two_person is 5 rows, limit 3" in refused.err
        assert f"approve {digest}" in refused.err
    assert api.customers == {}
    said = run("approve", digest, "--actor", "Bob", "--reason", "looked")
    assert (said.code, "Bob approves the plan of 5 rows" in said.out) == (0, True)
    done = run("import", shop, "--actor", "Ada", "--approve", digest, "--json")
    assert done.code == 0
    assert done.json["approved_by"] == "Bob"
    assert done.json["guards"][-1] == {
        "name": "two_person", "value": 5.0, "limit": 3.0, "refused": True,
        "passed_by": "approved by Bob",
    }  # fmt: skip
    assert len(api.customers) == 5
    approved = run("runs", "audit", "--json").json
    (line,) = [one for one in approved if one["event"] == "approve"]
    assert (line["details"]["reason"], line["actor"]) == ("looked", "Bob")


@pytest.mark.slow
def test_who_planned_and_handed_over_the_digest_approves_it_too(run, api, shop):
    digest = digest_of(run, shop, "Ada")
    assert run("import", shop, "--actor", "Bob", "--approve", digest).code == 0


@pytest.mark.slow
def test_a_task_that_plans_approves_nothing(run, api, shop, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CTX_DAG_ID", "nightly")
    monkeypatch.setenv("AIRFLOW_CTX_TASK_ID", "plan")
    digest = run("plan", shop, "--json").json["plan_digest"]
    monkeypatch.delenv("AIRFLOW_CTX_DAG_ID")
    assert run("import", shop, "--actor", "Bob", "--approve", digest).code == 4


@pytest.mark.slow
def test_one_user_of_the_machine_is_one_person_where_users_count(
    run, api, shop, monkeypatch
):
    monkeypatch.setenv("NOTCHPAY_TWO_PERSON", "rows>3,users")
    digest = digest_of(run, shop, "Ada")
    run("approve", digest, "--actor", "Bob")
    refused = run("import", shop, "--actor", "Ada", "--approve", digest)
    assert refused.code == 4
    assert "under another user of this machine" in refused.err


def test_a_small_import_needs_nobody(run, api, shop):
    shop.write_text(csv_text(people(3)), encoding="utf-8")
    assert run("import", shop).code == 0


@pytest.mark.slow
def test_without_the_rule_an_approval_is_noted_all_the_same(
    run, api, shop, monkeypatch
):
    monkeypatch.delenv("NOTCHPAY_TWO_PERSON")
    digest = run("plan", shop, "--actor", "Ada", "--json").json["plan_digest"]
    done = run("import", shop, "--actor", "Ada", "--approve", digest, "--json").json
    assert done["approved_by"] == "Ada"
    assert "two_person" not in [guard["name"] for guard in done["guards"]]


def test_what_no_plan_has_cannot_be_approved(run, here):
    ended = run("approve", "f" * 64)
    assert ended.code == 2
    assert "no plan in `runs` has the digest" in ended.err


def test_a_rule_that_cannot_be_read_stops(run, api, shop, monkeypatch):
    monkeypatch.setenv("NOTCHPAY_TWO_PERSON", "many")
    assert run("import", shop).code == 5
