"""Whole imports: what becomes of each row, what is written, and what the folder says."""

import pytest

from pipeline.errors import RefusedError, UsageError
from tests.runs.world import AWA, BEN, CLO, COLUMNS, HEADER, csv_text, customers, people
from tests.servers.odd import OddServer

WRITES = ("POST", "PUT", "DELETE")


def writes(server):
    """Return how many requests could have changed something."""
    return sum(server.count(method) for method in WRITES)


def stored(server):
    """Return name, e-mail, phone and metadata of every customer, without import keys."""
    return [
        (
            c["name"],
            c["email"],
            c["phone"],
            {k: v for k, v in c["metadata"].items() if k != "import_key"},
        )
        for c in server.customers.values()
    ]


MIXED = [
    AWA,
    ("", "", "", "nobody to reach"),
    ("Sow Awa", "AWA@example.com", "670 00 00 01", "Douala"),
    ("Dina Fon", "dina@", "", "Buea"),
    BEN,
    ("Chloé Ngo", "chloe@example.com", "69000", "Kribi"),
]


def test_outcomes_say_what_became_of_each_row(world):
    here = world(customers=customers([BEN]))
    run = here.bring(MIXED)
    ids = list(here.server.customers)
    assert run.table("outcomes") == [
        {"row": 1, "line": 2, "outcome": "created", "customer_id": ids[1],
         "merged_into_row": None, "rule": None, "reason": None},
        {"row": 2, "line": 3, "outcome": "rejected", "customer_id": None,
         "merged_into_row": None, "rule": "no_contact", "reason": run.table("outcomes")[1]["reason"]},
        {"row": 3, "line": 4, "outcome": "merged", "customer_id": ids[1],
         "merged_into_row": 1, "rule": "R1", "reason": run.table("outcomes")[2]["reason"]},
        {"row": 4, "line": 5, "outcome": "rejected", "customer_id": None,
         "merged_into_row": None, "rule": "email_no_domain", "reason": run.table("outcomes")[3]["reason"]},
        {"row": 5, "line": 6, "outcome": "unchanged", "customer_id": ids[0],
         "merged_into_row": None, "rule": "R1", "reason": None},
        {"row": 6, "line": 7, "outcome": "created", "customer_id": ids[2],
         "merged_into_row": None, "rule": None, "reason": None},
    ]  # fmt: skip
    assert all(o["reason"] for o in run.table("outcomes") if o["row"] in (2, 3, 4))
    assert run.rows == {
        "read": 6, "created": 2, "merged": 1, "rejected": 2, "unchanged": 1,
    }  # fmt: skip
    assert run.exit_code == 3
    assert stored(here.server)[2] == (
        "Chloé Ngo",
        "chloe@example.com",
        None,
        {"Ville": "Kribi"},
    )
    assert run.summary["state"] == "finished"
    assert run.modes() == {}
    assert not (run.path / "staging").exists()


def test_the_second_import_writes_nothing_and_decides_alike(world):
    here = world(customers=customers([BEN]))
    first = here.bring(MIXED)
    before = writes(here.server)
    second = here.bring(MIXED)
    assert writes(here.server) == before
    after = {"created": "unchanged", "updated": "unchanged"}
    assert [o for _, o, _ in second.outcomes()] == [
        after.get(o, o) for _, o, _ in first.outcomes()
    ]


def test_the_plan_says_field_by_field_what_would_change(world):
    here = world(
        customers=customers([(*BEN[:3], "Limbe"), ("CLO NGO", "", CLO[2], "")])
    )
    one, other = here.server.customers
    run = here.plan(
        [AWA, BEN, ("Clo Ngo", "clo@example.com", CLO[2], ""), ("Sow Awa", *AWA[1:])]
    )
    assert run.table("plan") == [
        change(1, "create", None, "email", None, AWA[1], "new"),
        change(1, "create", None, "metadata.Ville", None, "Douala", "new"),
        change(1, "create", None, "name", None, AWA[0], "new"),
        change(1, "create", None, "phone", None, AWA[2], "new"),
        change(2, "update", one, "metadata.Ville", "Limbe", "Yaoundé", "metadata"),
        change(3, "update", other, "email", None, "clo@example.com", "filled"),
        change(3, "update", other, "name", "CLO NGO", "Clo Ngo", "better_spelling"),
        change(4, "merge", None, None, None, "1", "R1"),
    ]
    assert run.rows == {"read": 4, "created": 1, "updated": 2, "merged": 1}
    assert writes(here.server) == 0
    assert run.operations == {"list": 1, "other": 1}
    told = run.summary["plan"]
    assert (told["creates"], told["updates"], told["requests"]) == (1, 2, 3)


def change(row, action, customer_id, field, old, new, rule):
    names = COLUMNS["plan"]
    return dict(
        zip(names, (row, action, customer_id, field, old, new, rule), strict=True)
    )


def test_what_a_plan_says_is_what_the_import_does(world):
    here = world(customers=customers([(*BEN[:3], "Limbe"), AWA]))
    rows = [*MIXED, CLO]
    planned = here.plan(rows)
    done = here.bring(rows)
    assert done.summary["plan_digest"] == planned.summary["plan_digest"]
    assert [o[:2] for o in done.outcomes()] == [o[:2] for o in planned.outcomes()]
    assert done.table("plan") == planned.table("plan")


def test_the_digest_knows_no_order_run_or_way_of_reading(world):
    here = world(customers=[*customers([BEN]), *customers(people(900, first=5000))])
    rows = [(*BEN[:3], "Limbe"), AWA, CLO]
    searched = here.plan(rows)
    turned = here.plan(here.file(rows[::-1], "turned.csv", delimiter=";"))
    assert turned.summary["plan_digest"] == searched.summary["plan_digest"]
    assert searched.summary["plan"]["existing_read_by"] == "search"
    here.server.o.search = "none"
    listed = here.plan(rows)
    assert listed.summary["plan"]["existing_read_by"] == "listing"
    assert listed.summary["plan_digest"] == searched.summary["plan_digest"]
    assert here.plan(rows[:2]).summary["plan_digest"] != searched.summary["plan_digest"]


# -- approval, limits, selection


def test_only_the_approved_plan_is_applied(world):
    here = world()
    digest = here.plan([AWA, BEN]).summary["plan_digest"]
    with pytest.raises(RefusedError) as refused:
        here.bring([AWA, CLO], approve=digest)
    assert digest in refused.value.message
    assert refused.value.exit_code == 4
    assert writes(here.server) == 0
    left = here.last()
    assert (left.summary["state"], left.summary["exit_code"]) == ("refused", 4)
    assert left.rows == {"read": 2, "not_attempted": 2}
    assert {rule for _, _, rule in left.outcomes()} == {"plan_not_approved"}
    assert here.bring([AWA, BEN], approve=digest).rows == {"read": 2, "created": 2}


def test_a_limit_takes_the_first_operations_and_keeps_the_digest(world):
    here = world()
    rows = [AWA, BEN, CLO]
    whole = here.plan(rows)
    limited = here.plan(rows, limit=2)
    assert limited.summary["plan_digest"] == whole.summary["plan_digest"]
    assert limited.outcomes() == [
        (1, "created", None), (2, "created", None), (3, "not_attempted", "limited"),
    ]  # fmt: skip
    run = here.bring(rows, limit=2, approve=whole.summary["plan_digest"])
    assert run.outcomes() == [
        (1, "created", None), (2, "created", None), (3, "not_attempted", "limited"),
    ]  # fmt: skip
    assert run.exit_code == 3
    (left,) = run.csv("not_attempted")
    assert (left["Nom"], left["_reason"]) == (
        "Chloé Ngo",
        "The row stands after the operations that `--limit` allows",
    )
    assert here.bring(rows).rows == {"read": 3, "created": 1, "unchanged": 2}
    assert here.bring(rows, limit=0).rows == {"read": 3, "unchanged": 3}


@pytest.mark.parametrize(
    ("only", "outcomes"),
    [
        ("create", ["created", "not_attempted"]),
        ("update", ["not_attempted", "updated"]),
    ],
)
def test_only_one_action(world, only, outcomes):
    here = world(customers=customers([(*BEN[:3], "Limbe")]))
    rows = [AWA, BEN]
    planned = here.plan(rows, only=only)
    run = here.bring(rows, only=only)
    for result in (planned, run):
        assert [o for _, o, _ in result.outcomes()] == outcomes
        assert ("not_selected") in [rule for *_, rule in result.outcomes()]
    assert writes(here.server) == 1


# -- guards


def test_too_many_rejects_refuse_the_whole_plan(world):
    here = world()
    rows = [*people(14), *[("Nobody", "", "", "")] * 6]
    with pytest.raises(RefusedError) as refused:
        here.bring(rows)
    assert (
        refused.value.message == "plan refused: max_reject_rate is 30.0%, limit 25.0%"
    )
    assert refused.value.hint == (
        "nothing was written; look at the plan, then `--pass max_reject_rate` or `--force`"
    )
    left = here.last()
    assert left.summary["exit_code"] == 4
    assert left.rows == {"read": 20, "rejected": 6, "not_attempted": 14}
    assert len(left.csv("rejected")) == 6
    assert {r for _, o, r in left.outcomes() if o == "not_attempted"} == {
        "guard_refused"
    }
    with pytest.raises(RefusedError):
        here.plan(rows)
    assert here.last().rows == {"read": 20, "created": 14, "rejected": 6}
    assert writes(here.server) == 0


@pytest.mark.parametrize(
    ("how", "passed_by"),
    [
        ({"passed": ("max_reject_rate",)}, "--pass max_reject_rate"),
        ({"force": True}, "--force"),
    ],
)
def test_who_passed_a_guard_stands_in_the_summary(world, how, passed_by):
    rows = [*people(14), *[("Nobody", "", "", "")] * 6]
    run = world().bring(rows, **how)
    assert run.summary["guards"][0] == {
        "name": "max_reject_rate", "value": 0.3, "limit": 0.25, "refused": True,
        "passed_by": passed_by,
    }  # fmt: skip
    assert run.rows == {"read": 20, "created": 14, "rejected": 6}


def test_too_many_overwrites_refuse(world):
    rows = people(20)
    renumbered = [
        (n, e, f"+23767{i:07d}", t) for i, (n, e, _, t) in enumerate(rows, 900)
    ]
    here = world(customers=customers(rows))
    with pytest.raises(
        RefusedError, match=r"max_overwrite_rate is 100\.0%, limit 30\.0%"
    ):
        here.bring(renumbered, prefer="file")
    assert here.bring(renumbered).findings["kept_existing_value"] == 20
    with pytest.raises(RefusedError, match="max_overwrites is 20, limit 5"):
        here.bring(
            renumbered, prefer="file", max_overwrites=5, passed=("max_overwrite_rate",)
        )
    run = here.bring(renumbered, prefer="file", force=True)
    assert run.rows == {"read": 20, "updated": 20}


# -- who is who


def test_two_rows_of_one_existing_customer_give_one_update(world):
    here = world(customers=[{"name": "Awa Sow", "email": AWA[1], "phone": AWA[2]}])
    rows = [
        ("Awa Sow", AWA[1], "", "Douala"),
        ("Awa Sow", "", AWA[2], ""),
    ]
    run = here.bring(rows)
    assert [o[:2] for o in run.outcomes()] == [(1, "updated"), (2, "merged")]
    assert run.table("outcomes")[1]["merged_into_row"] == 1
    assert run.findings["same_customer"] == 1
    assert writes(here.server) == 1
    assert stored(here.server) == [("Awa Sow", AWA[1], AWA[2], {"Ville": "Douala"})]
    again = here.bring(rows)
    assert again.rows == {"read": 2, "unchanged": 1, "merged": 1}


def test_what_could_be_somebody_else_is_held(world):
    here = world(customers=customers([AWA, BEN]))
    run = here.bring(
        [("Zoé Zang", AWA[1], CLO[2], ""), ("Zoé Zang", AWA[1], BEN[2], "")]
    )
    assert [o for _, o, _ in run.outcomes()] == ["review", "review"]
    assert writes(here.server) == 0
    assert [line["Nom"] for line in run.csv("review")] == ["Zoé Zang", "Zoé Zang"]
    assert run.exit_code == 3


def test_the_contact_of_another_customer_is_not_moved(world):
    here = world(customers=customers([AWA, BEN]))
    run = here.bring([("Awa Sow", AWA[1], BEN[2], "Kribi")], prefer="file")
    assert run.findings["contact_conflict"] == 1
    assert [c[:3] for c in stored(here.server)] == [AWA[:3], BEN[:3]]
    assert stored(here.server)[0][3] == {"Ville": "Kribi"}


@pytest.mark.parametrize("status", [409, 422])
def test_a_duplicate_that_agrees_is_matched_as_existing(tmp_path, world, status):
    here = world(duplicates=status)
    come_between(here.server, {"name": "Awa Sow", "email": AWA[1], "phone": AWA[2]})
    run = here.bring([AWA, BEN])
    assert [o[:2] for o in run.outcomes()] == [(1, "updated"), (2, "created")]
    assert stored(here.server) == [
        (*AWA[:3], {"Ville": "Douala"}),
        (*BEN[:3], {"Ville": "Yaoundé"}),
    ]


@pytest.mark.parametrize("status", [409, 422])
def test_a_duplicate_that_does_not_agree_fails(world, status):
    here = world(duplicates=status, customers=customers([AWA]))
    run = here.bring([("Zoé Zang", "zoe@example.com", AWA[2], "Kribi"), BEN])
    assert run.outcomes() == [(1, "failed", "api_duplicate"), (2, "created", None)]
    assert run.csv("failed")[0]["_rule"] == "api_duplicate"
    assert len(here.server.customers) == 2


def come_between(server: OddServer, record):
    """Store `record` in the moment before the first create reaches the server."""
    create = server._create

    def late(body):
        server._create = create
        server._store(record)
        return create(body)

    server._create = late


@pytest.mark.parametrize(
    ("prefer", "changed", "takes"),
    [
        ("existing", "2040-01-01", False),
        ("file", "2000-01-01", True),
        ("newest", "2040-01-01", True),
        ("newest", "2000-01-01", False),
    ],
)
def test_whose_phone_stays(world, prefer, changed, takes):
    here = world(customers=customers([BEN]))
    rows = [(*BEN[:2], CLO[2], "Yaoundé", changed)]
    file = here.file(rows, header=(*HEADER, "updated_at"))
    run = here.bring(file, prefer=prefer)
    assert stored(here.server)[0][2] == (CLO[2] if takes else BEN[2])
    assert run.findings.get("kept_existing_value", 0) == (not takes)


# -- leftovers


def test_a_corrected_leftover_file_is_imported_as_it_is(world):
    here = world()
    formula = ("=1+1", "dina@", "", "@Buea")
    run = here.bring(here.file([AWA, formula], delimiter=";"))
    path = run.path / "rejected.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert text.startswith("Nom;E-mail;Téléphone;Ville;_row;_line;_outcome;_rule;")
    assert "'=1+1;dina@;;'@Buea;2;3;rejected;email_no_domain;" in text
    corrected = here.file(text.replace("dina@;", "dina@example.com;"), "corrected.csv")
    again = here.bring(corrected)
    assert again.rows == {"read": 1, "created": 1}
    # The leading `=` is an ordinary fault of the cell, and mended like one.
    assert stored(here.server)[1] == (
        "1+1",
        "dina@example.com",
        None,
        {"Ville": "@Buea"},
    )


# -- options


def test_columns_are_mapped_by_hand(world):
    here = world()
    text = csv_text(
        [("Awa", "Sow", "awa@example.com", "6.70.00.00.01", "x1", "gold")],
        header=("A", "B", "C", "D", "E", "F"),
    )
    mapped = (
        ("first_name", "A"), ("last_name", "B"), ("email", "C"), ("phone", "D"),
        ("external_id", "E"), ("metadata.level", "F"),
    )  # fmt: skip
    run = here.bring(here.file(text), map=mapped)
    assert run.rows == {"read": 1, "created": 1}
    assert stored(here.server) == [
        ("Awa Sow", AWA[1], AWA[2], {"level": "gold", "external_id": "x1"})
    ]


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ("all", {"Ville": "Douala", "Note": "a"}),
        ("none", {}),
        (("Note",), {"Note": "a"}),
        (("Note", "Salaire"), {"Note": "a", "Salaire": "100"}),
    ],
)
def test_which_columns_leave(world, metadata, kept):
    here = world()
    file = here.file([(*AWA, "a", "100")], header=(*HEADER, "Note", "Salaire"))
    run = here.bring(file, metadata=metadata)
    assert stored(here.server)[0][3] == kept
    assert run.findings.get("sensitive_column", 0) == (metadata == "all")


def test_a_column_that_is_not_there_is_a_usage_error(world):
    here = world()
    with pytest.raises(UsageError) as wrong:
        here.bring([AWA], map=(("email", "Courrier"),))
    assert wrong.value.exit_code == 2
    assert "Courrier" in wrong.value.message
    assert writes(here.server) == 0


def test_phones_are_read_in_the_row_s_country_else_in_the_region(world):
    here = world(settings={"region": "FR"})
    file = here.file(
        [("Awa", "", "06 12 34 56 78", ""), ("Ben", "", "670000001", "CM")],
        header=("Nom", "E-mail", "Tel", "Pays"),
    )
    run = here.bring(file)
    assert run.rows == {"read": 2, "created": 2}
    assert [(p, m) for _, _, p, m in stored(here.server)] == [
        ("+33612345678", {}),
        ("+237670000001", {"country": "CM"}),
    ]


def test_an_import_key_is_written_once_and_never_changed(world):
    here = world()
    here.bring([AWA])
    (customer,) = here.server.customers.values()
    key = customer["metadata"]["import_key"]
    assert len(key) >= 16
    here.bring([(*AWA[:3], "Kribi")])
    assert customer["metadata"] == {"Ville": "Kribi", "import_key": key}
    off = world(settings={"import_key": ""})
    off.bring([AWA])
    assert "import_key" not in next(iter(off.server.customers.values()))["metadata"]


def test_nothing_is_ever_emptied(world):
    here = world(customers=customers([AWA]))
    run = here.bring([("", AWA[1], "", "")], prefer="file")
    assert run.rows == {"read": 1, "unchanged": 1}
    assert stored(here.server) == [(*AWA[:3], {"Ville": "Douala"})]
