"""One question before the first write to a live account, and only at a terminal."""

import pytest

from tests.accounts.terminal import at_terminal
from tests.runs.world import AWA, csv_text

ASKED = "1 writes to the LIVE account Odd Shop. Go on? [y/N]"


@pytest.fixture
def live(api, here):
    api.o.env = "live"
    (here / "c.csv").write_text(csv_text([AWA]), encoding="utf-8")
    return api


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["", "n", "what"])
def test_without_a_yes_nothing_is_written(live, here, answer):
    code, shown = at_terminal(["import", "c.csv"], [(ASKED, answer)], folder=here)
    assert code == 4
    assert "not confirmed: nothing was written" in shown
    assert live.customers == {}


def test_a_yes_goes_on_and_is_asked_for_once(live, here):
    argv = ["import", "c.csv", "--no-progress"]
    code, shown = at_terminal(argv, [(ASKED, "y")], folder=here)
    assert (code, shown.count("LIVE")) == (0, 1)
    assert len(live.customers) == 1
    code, shown = at_terminal(argv, [], folder=here)
    assert (code, "LIVE" in shown) == (0, False), "nothing to write: no question"


@pytest.mark.slow
def test_yes_beforehand_a_test_key_and_a_plan_are_not_asked(live, here):
    for argv in (["plan", "c.csv"], ["import", "c.csv", "--yes"]):
        code, shown = at_terminal(argv, [], folder=here)
        assert (code, "LIVE" in shown) == (0, False)
    live.o.env = "test"
    (here / "c.csv").write_text(csv_text([("B C", "b@example.com", "", "")]))
    code, shown = at_terminal(["import", "c.csv"], [], folder=here)
    assert (code, "LIVE" in shown) == (0, False)


@pytest.mark.slow
def test_an_undo_asks_too_in_french(live, here, run):
    done = run("import", "c.csv", "--json").json
    argv = ["undo", done["run_id"], "--delete-created", "--lang", "fr"]
    asked = "1 écritures dans le compte RÉEL Odd Shop. Continuer ? [o/N]"
    code, _ = at_terminal(argv, [(asked, "non")], folder=here)
    assert (code, len(live.customers)) == (4, 1)
    code, _ = at_terminal(argv, [(asked, "oui")], folder=here)
    assert (code, len(live.customers)) == (0, 0)


def test_without_a_terminal_there_is_never_a_question(live, run):
    ended = run("import", "c.csv")
    assert (ended.code, "LIVE" in ended.said) == (0, False)
