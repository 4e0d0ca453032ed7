"""What people decided about pairs."""

from pipeline.state.decisions import Decision, Decisions, Pair, Verdict

AB, AC = Pair("a", "b"), Pair("a", "c")


def test_a_pair_has_no_direction():
    assert Pair.of("b", "a") == AB


def test_the_last_verdict_holds_and_all_are_kept(state, clock):
    decisions = Decisions(state, "acc")
    stored = decisions.decide(
        [(Pair("b", "a"), Verdict.SAME), (AC, Verdict.LATER)], "ada"
    )
    assert stored == 2
    first = clock.now
    clock.now += 1
    decisions.decide([(AB, Verdict.DIFFERENT)], "bob")
    assert decisions.active() == {
        AB: Decision(AB, Verdict.DIFFERENT, "bob", clock.now),
        AC: Decision(AC, Verdict.LATER, "ada", first),
    }
    assert decisions.history() == [
        Decision(AB, Verdict.SAME, "ada", first, clock.now, "bob"),
        Decision(AC, Verdict.LATER, "ada", first),
        Decision(AB, Verdict.DIFFERENT, "bob", clock.now),
    ]


def test_a_decision_can_be_revoked_once(state):
    decisions = Decisions(state, "acc")
    decisions.decide([(AB, Verdict.SAME)], "ada")
    assert decisions.revoke(Pair("b", "a"), "bob") is True
    assert decisions.revoke(AB, "bob") is False
    assert decisions.active() == {}
    assert decisions.history()[0].revoked_by == "bob"


def test_accounts_decide_for_themselves(state):
    Decisions(state, "acc").decide([(AB, Verdict.SAME)], "ada")
    assert Decisions(state, "other").active() == {}
