"""The profile of staged rows: counts and shares, nobody's value."""

import json

import duckdb
import pyarrow as pa

from pipeline.drift.profile import Profile, measure
from schemas.tables import PREPARED


def measured(rows):
    """Return the profile of rows given as dicts of some fields."""
    prepared = pa.Table.from_pylist(
        [dict.fromkeys(PREPARED.names) | row for row in rows], schema=PREPARED
    )
    with duckdb.connect() as con:
        con.register("prepared", prepared)
        return measure(
            con, rows=len(rows), failures={"b": 1, "a": 2}, modified=5.0, returned=False
        )


def test_no_rows():
    assert measured([]) == Profile(0, 0, failures={"a": 2, "b": 1}, modified=5.0)


def test_countries_come_from_the_country_or_the_phone():
    found = measured(
        [
            {"country": "FR", "phone": "+237670000001"},
            {"phone": "+237670000001"},
            {"phone": "+33639980001"},
            {"phone": "+447700900001"},
            {"phone": "+12025550100"},
            {"phone": "+79161234567"},
            {"phone": "+80012345678"},
            {},
        ]
    )
    assert found.countries == {"FR": 2, "CM": 1, "GB": 1, "RU": 1, "US": 1, "other": 1}
    assert found.empty["country"] == 0.875
    assert found.empty["phone"] == 0.125


def test_a_rare_domain_has_no_name_in_the_profile():
    rows = [{"email": f"p{n}@Gmail.com"} for n in range(5)]
    rows += [{"email": f"p{n}@example.org"} for n in range(4)]
    rows += [{"email": "awa@sow.example"}]
    found = measured(rows)
    assert found.domains == {"gmail.com": 5, "other": 5}
    assert "sow" not in json.dumps(found.as_dict())


def test_only_the_most_frequent_are_named():
    rows = [{"email": f"p{n}@d{d:02d}.example"} for d in range(25) for n in range(5)]
    found = measured(rows).domains
    assert len(found) == 21
    assert found["other"] == 25
