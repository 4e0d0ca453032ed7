"""How far a file is from the last ones of its source; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from pipeline.drift.profile import Profile

FROM = 20
"""Rows from which a share says something."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may change before it is said; shares from 0 to 1.

    `rows` 0.5 speaks below half and above double of what is usual; mixes are compared
    by the share of rows that would have to move.
    """

    rows: float = 0.5
    nulls: float = 0.2
    failures: float = 0.1
    countries: float = 0.3
    domains: float = 0.3
    runs: float = 5

    @classmethod
    def of(cls, told: Sequence[tuple[str, float]]) -> "Limits":
        """Return the limits of the table `[drift]`, given as `drift.KEY`."""
        prefix = "drift."
        named = {k.removeprefix(prefix): v for k, v in told if k.startswith(prefix)}
        return cls(**named)


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that changed: a rule of `drift.toml` and the facts for its text."""

    rule: str
    facts: Mapping[str, str]


def drifts(now: Profile, before: Sequence[Profile], limits: Limits) -> list[Drift]:
    """Return what changed against `before`, the last files of the same source."""
    if not before:
        return []
    return [
        *_rows(now, before, limits.rows),
        *_shares(now, before, limits),
        *_mixes(now, before, limits),
    ]


def _rows(now: Profile, before: Sequence[Profile], limit: float) -> Iterator[Drift]:
    usual = median(p.rows for p in before)
    if usual < FROM or now.returned:
        return
    fewer = now.rows < usual * (1 - limit)
    more = limit < 1 and now.rows > usual / (1 - limit)
    if fewer or more:
        facts = {"rows": str(now.rows), "usual": f"{usual:.0f}"}
        yield Drift("row_count_changed", facts)


def _shares(now: Profile, before: Sequence[Profile], limits: Limits) -> Iterator[Drift]:
    if now.records >= FROM:
        known = [p for p in before if p.records >= FROM]
        for name, share in now.empty.items():
            usual = _median([p.empty[name] for p in known if name in p.empty])
            if usual is not None and abs(share - usual) > limits.nulls:
                facts = {"field": name, "share": _percent(share)}
                yield Drift("null_share_changed", facts | {"usual": _percent(usual)})
    known = [p for p in before if p.rows >= FROM]
    if now.rows < FROM or not known or now.returned:
        return
    for rule, count in now.failures.items():
        usual = median(p.failures.get(rule, 0) / p.rows for p in known)
        share = min(1.0, count / now.rows)
        if share - usual > limits.failures:
            facts = {"rule": rule, "share": _percent(share), "usual": _percent(usual)}
            yield Drift("failure_share_changed", facts)


def _mixes(now: Profile, before: Sequence[Profile], limits: Limits) -> Iterator[Drift]:
    for rule, limit, mine, others in (
        (
            "country_mix_changed",
            limits.countries,
            now.countries,
            [p.countries for p in before],
        ),
        (
            "domain_mix_changed",
            limits.domains,
            now.domains,
            [p.domains for p in before],
        ),
    ):
        known = [_parts(mix) for mix in others if sum(mix.values()) >= FROM]
        if known and sum(mine.values()) >= FROM:
            yield from _moved(rule, limit, _parts(mine), _mean(known))


def _moved(
    rule: str, limit: float, mine: Mapping[str, float], usual: Mapping[str, float]
) -> Iterator[Drift]:
    """Say so where more than `limit` of the rows moved between the parts of a mix."""
    names = sorted({*mine, *usual})
    moved = sum(abs(mine.get(n, 0) - usual.get(n, 0)) for n in names) / 2
    if moved <= limit:
        return
    most = max(names, key=lambda name: mine.get(name, 0) - usual.get(name, 0))
    share, before = _percent(mine.get(most, 0)), _percent(usual.get(most, 0))
    yield Drift(rule, {"most": most, "share": share, "usual": before})


def _parts(mix: Mapping[str, int]) -> dict[str, float]:
    whole = sum(mix.values())
    return {name: count / whole for name, count in mix.items()}


def _mean(mixes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = {name for mix in mixes for name in mix}
    return {name: sum(m.get(name, 0) for m in mixes) / len(mixes) for name in names}


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
