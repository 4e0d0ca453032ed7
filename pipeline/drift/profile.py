"""The profile of a file in numbers: counts and shares only, nobody's value."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import Any, Protocol

MOST_SHOWN = 20
"""Countries and domains that are counted by name; the rest is `other`."""
FEWEST_OF_A_DOMAIN = 5
"""Rows from which a domain is named: that of one person may say who it is."""
OTHER = "other"
_FIELDS = ("name", "email", "phone", "country", "external_id")
_LONGEST_CODE = 3


class Bench(Protocol):
    """Where `prepared` lies: a DuckDB connection."""

    def execute(self, query: str, /) -> Any:
        """Run a query."""
        ...


@dataclass(frozen=True, slots=True)
class Profile:
    """What a file of a source came to; kept in `summary.json`.

    Attributes:
        rows: Records read.
        records: Accepted rows, of which all shares below are.
        empty: Share of accepted rows without a value, by field.
        countries: Accepted rows by ISO code, from the country or the phone; those that
            have neither are left out.
        domains: Accepted rows by e-mail domain.
        failures: Findings by rule, as far as reading and preparing found them.
        modified: When the file was last changed, seconds since 1970.
        returned: Whether the file is one of our own leftovers, corrected.
        matched: Share of the records that were customers already.
        matched_of: The records that share is of.
    """

    rows: int
    records: int
    empty: Mapping[str, float] = field(default_factory=dict)
    countries: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    modified: float | None = None
    returned: bool = False
    matched: float | None = None
    matched_of: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the profile as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Profile":
        """Return the profile that a summary holds; what it does not know is left out."""
        known = {name: told[name] for name in cls.__dataclass_fields__ if name in told}
        return cls(**{"rows": 0, "records": 0, **known})


def measure(
    con: Bench,
    *,
    rows: int,
    failures: Mapping[str, int],
    modified: float | None,
    returned: bool,
) -> Profile:
    """Return the profile of the staged rows in the relation `prepared`."""
    counts = ", ".join(f"count({name})" for name in _FIELDS)
    records, *filled = con.execute(
        f"SELECT count(*), {counts} FROM prepared"
    ).fetchone()
    empty = {
        name: round(1 - count / records, 4)
        for name, count in zip(_FIELDS, filled, strict=True)
        if records
    }
    return Profile(
        rows=rows,
        records=records,
        empty=empty,
        countries=_countries(con),
        domains=_domains(con),
        failures=dict(sorted(failures.items())),
        modified=modified,
        returned=returned,
    )


def _countries(con: Bench) -> dict[str, int]:
    """Count rows by country; a phone stands for the main country of its code."""
    lines = con.execute(
        f"""
        SELECT country, code, count(*) FROM (
            SELECT country,
                   CASE WHEN country IS NULL THEN {_code_sql()} END AS code
            FROM prepared WHERE coalesce(country, phone) IS NOT NULL)
        GROUP BY ALL
        """
    ).fetchall()
    found: dict[str, int] = {}
    for country, code, count in lines:
        name = country or _regions().get(code or "", OTHER)
        found[name] = found.get(name, 0) + count
    return _most(found)


def _domains(con: Bench) -> dict[str, int]:
    lines = con.execute(
        """
        SELECT lower(split_part(email, '@', -1)) AS domain, count(*) FROM prepared
        WHERE email IS NOT NULL GROUP BY 1
        """
    ).fetchall()
    found: dict[str, int] = {}
    for domain, count in lines:
        name = domain if count >= FEWEST_OF_A_DOMAIN else OTHER
        found[name] = found.get(name, 0) + count
    return _most(found)


def _most(counts: Mapping[str, int]) -> dict[str, int]:
    named = {name: count for name, count in counts.items() if name != OTHER}
    ranked = sorted(named.items(), key=lambda item: (-item[1], item[0]))
    rest = counts.get(OTHER, 0) + sum(count for _, count in ranked[MOST_SHOWN:])
    return dict(ranked[:MOST_SHOWN]) | ({OTHER: rest} if rest else {})


@cache
def _regions() -> Mapping[str, str]:
    """Return the main region of each country calling code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return {
        str(code): names[0]
        for code, names in COUNTRY_CODE_TO_REGION_CODE.items()
        if names[0] != "001"
    }


@cache
def _code_sql() -> str:
    """Return SQL for the calling code of an E.164 `phone`; no code begins another."""
    codes = _regions()
    short = [
        f"WHEN substr(phone, 2, {length}) IN ({_listed(codes, length)})"
        f" THEN substr(phone, 2, {length})"
        for length in range(1, _LONGEST_CODE)
    ]
    return f"CASE {' '.join(short)} ELSE substr(phone, 2, {_LONGEST_CODE}) END"


def _listed(codes: Mapping[str, str], length: int) -> str:
    return ", ".join(f"'{code}'" for code in codes if len(code) == length)
