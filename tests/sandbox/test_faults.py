"""Which fault meets which request."""

from collections import Counter

import pytest

from pipeline.sandbox import Faults, SpecError
from pipeline.sandbox.faults import CLASSES, Dice, Fault, Kind, Outage


def drawn(spec, seed=0, operation="create", keys=range(2000)):
    dice = Dice(Faults.parse(spec, seed))
    return [dice.draw(operation, f"key {key}") for key in keys]


def test_rates_hold_over_many_requests():
    faults = Counter(d.fault for d in drawn("drop_after=0.1,500_after=0.2"))
    assert 150 < faults[Fault(Kind.DROP, after=True)] < 250
    assert 330 < faults[Fault(Kind.STATUS, after=True, status=500)] < 470


def test_the_same_seed_gives_the_same_faults_in_any_order():
    spec = "drop_after=0.3,429=0.3,slow=0.5:0.1"
    there = drawn(spec, seed=7, keys=range(50))
    back = drawn(spec, seed=7, keys=range(49, -1, -1))
    assert there == back[::-1]
    assert there != drawn(spec, seed=8, keys=range(50))


def test_a_retried_request_draws_anew():
    faults = drawn("500=0.5", keys=["same"] * 40)
    assert {d.fault is None for d in faults} == {True, False}
    assert faults == drawn("500=0.5", keys=["same"] * 40)


def test_a_fault_added_behind_leaves_those_before_as_they_were():
    first = [d.fault for d in drawn("500=0.2")]
    both = [d.fault for d in drawn("500=0.2,503=0.2")]
    assert all(b == a for a, b in zip(first, both, strict=True) if a)


def test_faults_meet_only_their_class():
    assert {d.fault for d in drawn("create.500=1", operation="update")} == {None}
    assert drawn("write.500=1", operation="update")[0].fault.status == 500
    assert {d.fault for d in drawn("read.500=1", operation="create")} == {None}
    assert set(CLASSES) >= {"all", "read", "write", "create", "list", "search", "get"}


def test_lists_drift_only_where_there_is_a_list():
    spec = "list_insert=1,list_delete=1"
    assert (drawn(spec, operation="list")[0].insert, drawn(spec)[0].insert) == (
        True,
        False,
    )
    assert (drawn(spec, operation="payments")[0].delete, drawn(spec)[0].delete) == (
        True,
        False,
    )


def test_slow_comes_beside_another_fault():
    draw = drawn("slow=1:0.25,500=1")[0]
    assert (draw.delay, draw.fault.status) == (0.25, 500)


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("drop_before=1", Fault(Kind.DROP)),
        ("drop_after=1", Fault(Kind.DROP, after=True)),
        ("500=1", Fault(Kind.STATUS, status=500)),
        ("503=1:7", Fault(Kind.STATUS, status=503, seconds=7.0)),
        ("502html=1", Fault(Kind.STATUS, status=502, html=True)),
        ("502html_after=1", Fault(Kind.STATUS, after=True, status=502, html=True)),
        ("429=1", Fault(Kind.STATUS, status=429, seconds=1.0)),
        ("429=1:30", Fault(Kind.STATUS, status=429, seconds=30.0)),
        ("429bare=1", Fault(Kind.STATUS, status=429)),
        ("408_after=1", Fault(Kind.STATUS, after=True, status=408)),
        ("read_timeout=1", Fault(Kind.HANG, seconds=60.0)),
        ("read_timeout_commit=1:3", Fault(Kind.HANG, after=True, seconds=3.0)),
        ("truncate=1", Fault(Kind.TRUNCATE, after=True)),
        ("garble=1", Fault(Kind.GARBLE, after=True)),
    ],
)
def test_every_fault_has_a_name(spec, fault):
    assert drawn(spec)[0].fault == fault


def test_an_outage_has_a_start_and_an_end():
    faults = Faults.parse("outage=5:10,outage=20:1:drop")
    assert faults.outages == (Outage(5, 10), Outage(20, 1, "drop"))
    assert [faults.outage_at(t) is not None for t in (4.9, 5, 14.9, 15, 20.5)] == [
        False, True, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("explode=0.1", "`--faults`: there is no fault `explode`"),
        ("200=0.1", "`--faults`: there is no fault `200`"),
        ("make.500=0.1", "`--faults`: there is no class `make`"),
        ("500=1.5", "`--faults`: `500` has a rate of 1.5"),
        ("500=often", "`--faults`: `500` needs a number from 0 on, found `often`"),
        (
            "500=0.6,create.drop_after=0.6",
            "`--faults`: faults of `create` come to 1.2 in sum",
        ),
        ("outage=5", "`--faults`: `outage` needs a number from 0 on, found ``"),
        ("outage=5:1:flood", "`--faults`: an outage cannot be `flood`"),
    ],
)
def test_what_it_does_not_understand_it_says(spec, message):
    with pytest.raises(SpecError) as error:
        Faults.parse(spec)
    assert error.value.message == message
    assert error.value.hint
