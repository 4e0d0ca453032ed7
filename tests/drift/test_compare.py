"""How far a file is from the last of its source: warnings and guards, by numbers."""

import pytest

from pipeline.drift.compare import Limits, drifts
from pipeline.drift.guards import Earlier, source_values
from pipeline.drift.profile import Profile


def profile(rows=100, **more):
    """Return a profile of `rows`, all of them accepted."""
    return Profile(**{"rows": rows, "records": rows} | more)


def rules(now, *before, limits=None):
    return [(d.rule, dict(d.facts)) for d in drifts(now, before, limits or Limits())]


def test_without_earlier_files_nothing_is_said():
    assert rules(profile()) == []


ROWS = {
    "as ever": (100, (90, 110), None),
    "half is not below half": (50, (100,), None),
    "fewer": (49, (100,), ("49", "100")),
    "the median counts": (49, (10, 100, 1000), ("49", "100")),
    "double is not above": (200, (100,), None),
    "more": (201, (100,), ("201", "100")),
    "too few to say": (1, (19,), None),
    "none at all": (0, (20,), ("0", "20")),
}


@pytest.mark.parametrize(("rows", "before", "said"), ROWS.values(), ids=ROWS.keys())
def test_row_counts(rows, before, said):
    found = rules(profile(rows), *map(profile, before))
    wanted = (
        [("row_count_changed", {"rows": said[0], "usual": said[1]})] if said else []
    )
    assert found == wanted


def test_a_corrected_leftover_is_not_compared_by_rows_and_failures():
    now = profile(5, returned=True, failures={"no_contact": 5})
    assert rules(now, profile(100)) == []
    now = profile(100, returned=True, failures={"no_contact": 90})
    assert rules(now, profile(100)) == []


def test_a_limit_of_one_never_speaks_of_more():
    assert rules(profile(10_000), profile(20), limits=Limits(rows=1.0)) == []


def test_null_shares():
    now = profile(empty={"email": 0.9, "phone": 0.1, "name": 0.3})
    before = profile(empty={"email": 0.5, "phone": 0.0})
    assert rules(now, before) == [
        (
            "null_share_changed",
            {"field": "email", "share": "90 %", "usual": "50 %"},
        )
    ]
    assert rules(profile(19, empty={"email": 1.0}), profile(20)) == []


def test_failure_shares():
    now = profile(failures={"no_contact": 20, "name_case": 200, "email_dots": 10})
    before = profile(failures={"name_case": 95})
    assert rules(now, before) == [
        (
            "failure_share_changed",
            {"rule": "no_contact", "share": "20 %", "usual": "0 %"},
        )
    ]
    assert rules(profile(19, failures={"no_contact": 19}), profile(20)) == []


def test_mixes():
    now = profile(countries={"CM": 60, "FR": 40}, domains={"gmail.com": 100})
    before = profile(countries={"CM": 100}, domains={"gmail.com": 80, "other": 20})
    assert rules(now, before) == [
        ("country_mix_changed", {"most": "FR", "share": "40 %", "usual": "0 %"})
    ]
    few = profile(countries={"FR": 19})
    assert rules(few, before) == []
    assert rules(now, profile(countries={"CM": 5})) == []


def test_limits_are_read_out_of_the_settings():
    told = (("guards.row_count_drop", 0.1), ("drift.nulls", 0.4), ("drift.runs", 3.0))
    assert Limits.of(told) == Limits(nulls=0.4, runs=3.0)


def test_a_profile_comes_back_from_json():
    whole = profile(7, countries={"CM": 7}, matched=0.5, matched_of=7)
    assert Profile.of(whole.as_dict()) == whole
    assert Profile.of({"rows": 3, "new": 1}) == Profile(3, 0)


def earlier(rows=100, sha="old", at=0.0, **more):
    return Earlier(profile(rows, **more), sha, at)


def test_guards_need_an_earlier_import_of_another_file():
    now = profile(100)
    assert source_values(now, "a", []) == {}
    assert source_values(now, "a", [earlier(sha="a")]) == {}
    assert source_values(profile(0), "a", [earlier()]) == {}
    assert source_values(profile(50, returned=True), "a", [earlier()]) == {}


def test_fewer_rows():
    three = [earlier(100)] * 3
    assert source_values(profile(30), "a", three) == {
        "row_count_drop": 0.7,
        "stale_source": 0.0,
    }
    assert source_values(profile(300), "a", three)["row_count_drop"] == 0.0
    assert source_values(profile(10), "a", [earlier(19)] * 3) == {}
    assert "row_count_drop" not in source_values(profile(30), "a", three[:2])


def test_fewer_known_customers():
    now = profile(100, matched=0.1, matched_of=100)
    last = earlier(matched=0.8, matched_of=100)
    assert source_values(now, "a", [last])["match_rate_drop"] == pytest.approx(0.875)
    for other in (
        earlier(matched=0.4, matched_of=100),
        earlier(matched=0.8, matched_of=19),
        earlier(),
    ):
        assert "match_rate_drop" not in source_values(now, "a", [other])
    few = profile(100, matched=0.1, matched_of=19)
    assert "match_rate_drop" not in source_values(few, "a", [last])


def test_an_older_file():
    hour = 3600.0
    last = earlier(modified=10 * hour)

    def hours(sha="a", *, imports=(last,), modified=None, rows=100):
        now = profile(rows, modified=modified)
        return source_values(now, sha, list(imports)).get("stale_source")

    assert hours(modified=8 * hour) == 2.0
    assert hours(modified=11 * hour) == 0.0
    assert hours(modified=8 * hour, rows=19) is None
    # Without a time, a file that another one followed is old.
    first = earlier(sha="first", at=hour)
    then = earlier(sha="then", at=4 * hour)
    assert hours("first", imports=(then, first)) == 3.0
    assert hours("then", imports=(then, first)) == 0.0
    assert hours("new", imports=(then, first)) == 0.0
