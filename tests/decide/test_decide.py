"""`decide`: what a person writes into the review file is followed from then on."""

import csv
import io
import json

import openpyxl
import pytest

from pipeline.errors import InputError
from pipeline.runs.deciding import decide
from pipeline.state.audit import AuditLog
from pipeline.state.decisions import Decisions
from pipeline.state.store import open_state
from tests.runs.world import AWA, customers

OTHER = ("Ben Fotso", *AWA[1:])
"""Somebody with Awa's contacts and another name: held."""
HEADER = ("Nom", "E-mail", "Téléphone", "Ville")


def filled(run, name, *words, kind="pair"):
    """Write `words` into the decision column of the lines of `kind`; return the file."""
    path = run.path / "review_pairs.csv"
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    left = iter(words)
    for line in lines:
        line["decision"] = next(left, "") if line["kind"] == kind else ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    edited = run.path.parent.parent / name
    edited.write_text(text.getvalue(), encoding="utf-8")
    return str(edited)


def plan_rules(run):
    return sorted({line["rule"] for line in run.table("plan")})


def test_different_makes_a_second_customer_and_is_taken_back(world):
    here = world(customers=customers([AWA]))
    held = here.bring([OTHER])
    assert held.outcomes() == [(1, "review", "name_contradicts")]
    edited = filled(held, "decided.csv", "Différents")
    stored = decide(here.settings, edited, actor="fatou")
    assert (stored.different, stored.actor) == (1, "fatou")

    plan = here.plan([OTHER])
    assert plan.rows == {"read": 1, "created": 1}
    assert plan_rules(plan) == ["decided_different"]
    assert plan.findings["decided_different"] == 1
    assert not (plan.path / "review_pairs.csv").exists()

    assert decide(here.settings, edited, revoke=True).revoked == 1
    assert here.plan([OTHER]).rows == {"read": 1, "review": 1}
    assert decide(here.settings, edited, revoke=True).revoked == 0


def test_same_attaches_and_the_second_run_plans_nothing(world):
    here = world(customers=customers([AWA]))
    held = here.bring([OTHER])
    decide(here.settings, filled(held, "decided.csv", "même"))
    run = here.bring([OTHER])
    assert run.outcomes() == [(1, "unchanged", "decided_same")]
    assert run.findings["decided_same"] == 1
    more = (*OTHER[:3], "Kribi")
    run = here.bring([more])
    assert run.rows == {"read": 1, "updated": 1}
    assert "decided_same" in plan_rules(run)
    assert here.bring([more]).rows == {"read": 1, "unchanged": 1}


def test_later_leaves_it_open(world):
    here = world(customers=customers([AWA]))
    held = here.bring([OTHER])
    assert decide(here.settings, filled(held, "d.csv", "Plus tard")).later == 1
    again = here.plan([OTHER])
    assert again.rows == {"read": 1, "review": 1}
    assert len(again.csv("review_pairs")) == 1


ROBERT = ("Robert Mbarga", "mbarga@example.com", "", "Douala")
BOB = ("Bob Mbarga", "mbarga@example.com", "", "Douala")
PART = ("Mbarga", "mbarga@example.com", "", "Douala")


def test_two_rows_of_a_file_in_check_and_import(world):
    here = world()
    checked = here.check([ROBERT, PART])
    assert checked.rows == {"read": 2, "review": 2}
    decide(here.settings, filled(checked, "d.csv", "same"))
    assert here.check([ROBERT, PART]).rows == {"read": 2, "accepted": 1, "merged": 1}
    run = here.bring([PART, ROBERT])
    assert run.rows == {"read": 2, "created": 1, "merged": 1}
    assert "decided_same" in plan_rules(run)
    assert run.findings["decided_same"] == 1
    assert here.bring([PART, ROBERT]).rows == {"read": 2, "merged": 1, "unchanged": 1}


def test_different_rows_of_a_file_go_on_both(world):
    here = world()
    checked = here.check([ROBERT, PART])
    decide(here.settings, filled(checked, "d.csv", "different"))
    run = here.plan([ROBERT, PART])
    assert run.rows == {"read": 2, "created": 2}
    assert plan_rules(run) == ["decided_different"]
    assert run.findings["decided_different"] == 1


def test_different_rows_never_meet_in_one_customer(world):
    here = world()
    checked = here.check([ROBERT, PART])
    decide(here.settings, filled(checked, "d.csv", "different"))
    here.bring([ROBERT])
    for rows in ([ROBERT, PART], [PART, ROBERT]):
        run = here.plan(rows)
        ids = [o["customer_id"] for o in run.table("outcomes") if o["customer_id"]]
        assert len(ids) == len(set(ids))
        assert "merged" not in run.rows


def test_the_workbook_is_read_as_well(world):
    here = world(customers=customers([AWA]))
    held = here.bring([OTHER])
    book = openpyxl.load_workbook(held.path / "review_pairs.xlsx")
    book.worksheets[0]["A2"] = "différent"
    edited = here.folder / "decided.xlsx"
    book.save(edited)
    assert decide(here.settings, str(edited)).different == 1


def test_who_and_when_are_kept_and_nobody_in_clear(world):
    here = world(customers=customers([AWA]))
    held = here.bring([OTHER])
    edited = filled(held, "d.csv", "same")
    decide(here.settings, edited, actor="fatou")
    decide(here.settings, edited, revoke=True, actor="ibrahim")
    url = here.settings.database_url()
    with open_state(url) as state:
        (past,) = Decisions(state, held.summary["account"]).history()
        events = [(r.event, r.actor) for r in AuditLog(state).rows()]
    assert (past.who, past.revoked_by) == ("fatou", "ibrahim")
    assert past.revoked_at >= past.decided_at > 0
    assert events[-2:] == [
        ("decisions_stored", "fatou"),
        ("decisions_revoked", "ibrahim"),
    ]
    told = json.dumps([*past.pair])
    assert "awa" not in told.lower()
    assert filled(held, "x.csv", "same")
    key = held.csv("review_pairs")[0]["key_a"]
    assert key[:16] not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["peut-être"], "line 2: `peut-être` is no decision"),
        (["same", "non"], "line 3: `non` is no decision"),
    ],
)
def test_a_wrong_word_stores_nothing(world, words, said):
    here = world(customers=customers([AWA, ("Awa Diop", *AWA[1:])]))
    held = here.bring([OTHER])
    with pytest.raises(InputError, match=said):
        decide(here.settings, filled(held, "d.csv", *words))
    assert here.plan([OTHER]).rows == {"read": 1, "review": 1}


def test_another_file_is_told_to_be_none(world):
    here = world()
    with pytest.raises(InputError, match="is no review file: column `decision`"):
        decide(here.settings, str(here.file([AWA])))


def test_a_shared_contact_decided_different_is_not_shown_again(world):
    here = world(
        customers=customers([("Ben Fotso", "ben@example.com", AWA[2], "Kribi")])
    )
    plan = here.plan([AWA])
    (line,) = plan.csv("review_pairs")
    assert (line["kind"], line["rule"]) == ("contact", "household_contact")
    with pytest.raises(InputError, match="a shared contact can be"):
        decide(here.settings, filled(plan, "d.csv", "same", kind="contact"))
    decide(here.settings, filled(plan, "d.csv", "different", kind="contact"))
    again = here.plan([AWA])
    assert again.rows == {"read": 1, "created": 1}
    assert not (again.path / "review_pairs.csv").exists()


def test_duplicates_of_the_api_are_listed_until_decided(world):
    twin = ("Awa Sow", AWA[1], "", "Kribi")
    here = world(customers=customers([AWA, twin]))
    plan = here.plan([AWA])
    kinds = [line["kind"] for line in plan.csv("review_pairs")]
    assert "existing" in kinds
    decide(here.settings, filled(plan, "d.csv", "different", kind="existing"))
    again = here.plan([AWA])
    left = (
        again.csv("review_pairs") if (again.path / "review_pairs.csv").exists() else []
    )
    assert "existing" not in [line["kind"] for line in left]
