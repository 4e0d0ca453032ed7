"""Faults by rate and by seed: what goes wrong with which request is decided here.

`NAME=RATE` or `NAME=RATE:SECONDS`, with a class of requests in front where only those
shall fail: `create.drop_after=0.1,read.429=0.05:2,slow=0.2:0.5,outage=5:60`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Self

from pipeline.sandbox.specs import SpecError, number, pairs

OPTION = "--faults"

WRITES = frozenset(("create", "update", "delete"))
READS = frozenset(("list", "search", "get", "payments", "other"))
CLASSES = {
    "all": WRITES | READS,
    "write": WRITES,
    "read": READS,
    **{name: frozenset((name,)) for name in sorted(WRITES | READS)},
}
"""Classes of requests by name; `list` and `search` are pages of customers,
`payments` any page of payments, `other` everything else."""

PAGES = frozenset(("list", "search", "payments"))


class Kind(Enum):
    """What happens to the answer."""

    DROP = "drop"
    STATUS = "status"
    HANG = "hang"
    TRUNCATE = "truncate"
    GARBLE = "garble"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail; `after`: the request has its effect before it fails.

    `seconds` is the Retry-After of a status (None: none) or the length of a hang.
    """

    kind: Kind
    after: bool = False
    status: int = 0
    html: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """A fault (or the name of a disturbance) with its rate among some requests."""

    what: Fault | str
    rate: float
    among: frozenset[str]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A time, in seconds after the start, in which nothing is answered.

    `how` is `503`, `drop` (accepted and closed) or `refuse` (nobody listens).
    """

    start: float
    seconds: float
    how: str = "503"


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of a sandbox; at most one of `chances` meets a request.

    `disturbances` (slow, list_insert, list_delete) are drawn beside it.
    """

    seed: int = 0
    chances: tuple[Chance, ...] = ()
    disturbances: tuple[Chance, ...] = ()
    outages: tuple[Outage, ...] = ()

    @classmethod
    def parse(cls, spec: str, seed: int = 0) -> Self:
        """Return the faults that `spec` names.

        Raises:
            SpecError: An unknown name or class, or rates above 1 in sum.
        """
        chances: list[Chance] = []
        disturbances: list[Chance] = []
        outages: list[Outage] = []
        for name, value in pairs(spec, OPTION):
            if name == "outage":
                outages.append(_outage(value))
                continue
            chance = _chance(name, value)
            sort = disturbances if isinstance(chance.what, str) else chances
            sort.append(chance)
        _check_sum(chances)
        return cls(seed, tuple(chances), tuple(disturbances), tuple(outages))

    def outage_at(self, elapsed: float) -> Outage | None:
        """Return the outage `elapsed` seconds after the start, if there is one."""
        for outage in self.outages:
            if outage.start <= elapsed < outage.start + outage.seconds:
                return outage
        return None


@dataclass(frozen=True, slots=True)
class Draw:
    """What one request meets."""

    fault: Fault | None = None
    delay: float = 0.0
    insert: bool = False
    delete: bool = False


class Dice:
    """Draws faults: same seed, same key, same attempt, same fault.

    The draw depends on the request and on how often it was made, never on the order
    in which concurrent requests arrive; made again, it draws anew.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._attempts: Counter[str] = Counter()
        self.idle = not (faults.chances or faults.disturbances)

    def draw(self, operation: str, key: str) -> Draw:
        """Return what the next request `key` of class `operation` meets."""
        self._attempts[key] += 1
        attempt = f"{key}#{self._attempts[key]}"
        met = {c.what: c.seconds for c in self._disturbances(operation, attempt)}
        return Draw(
            fault=self._fault(operation, attempt),
            delay=met.get("slow", 0.0),
            insert="list_insert" in met and operation in PAGES,
            delete="list_delete" in met and operation in PAGES,
        )

    def _fault(self, operation: str, attempt: str) -> Fault | None:
        point = self._point("fault", attempt)
        for chance in self._faults.chances:
            if operation in chance.among:
                if point < chance.rate:
                    return chance.what if isinstance(chance.what, Fault) else None
                point -= chance.rate
        return None

    def _disturbances(self, operation: str, attempt: str) -> Iterator[Chance]:
        for chance in self._faults.disturbances:
            point = self._point(str(chance.what), attempt)
            if operation in chance.among and point < chance.rate:
                yield chance

    def _point(self, salt: str, attempt: str) -> float:
        text = f"{self._faults.seed}|{salt}|{attempt}".encode(errors="replace")
        digest = blake2b(text, digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64


_DISTURBANCES = ("slow", "list_insert", "list_delete")
_NAMED = {
    "drop_before": Fault(Kind.DROP),
    "drop_after": Fault(Kind.DROP, after=True),
    "read_timeout": Fault(Kind.HANG, seconds=60.0),
    "read_timeout_commit": Fault(Kind.HANG, after=True, seconds=60.0),
    "truncate": Fault(Kind.TRUNCATE, after=True),
    "garble": Fault(Kind.GARBLE, after=True),
}
_STATUS = re.compile(r"([45][0-9][0-9])(html)?(bare)?(_after)?", re.ASCII)
_HINT = (
    f"the faults are {', '.join((*_NAMED, *_DISTURBANCES))}, outage, and a status from"
    " 400 to 599, with `html`, `bare` (no Retry-After) or `_after` (the request was"
    f" carried out) behind it; the classes are {', '.join(CLASSES)}"
)


def _chance(name: str, value: str) -> Chance:
    prefix, dot, plain = name.rpartition(".")
    if dot and prefix not in CLASSES:
        raise SpecError(f"`{OPTION}`: there is no class `{prefix}`", hint=_HINT)
    rate_text, colon, seconds_text = value.partition(":")
    rate = number(rate_text, OPTION, name)
    if rate > 1:
        raise SpecError(
            f"`{OPTION}`: `{name}` has a rate of {rate:g}", hint="a rate is at most 1"
        )
    seconds = number(seconds_text, OPTION, name) if colon else None
    among = CLASSES[prefix or "all"]
    if plain in _DISTURBANCES:
        return Chance(plain, rate, among, 1.0 if seconds is None else seconds)
    return Chance(_fault(plain, seconds), rate, among)


def _fault(name: str, seconds: float | None) -> Fault:
    if name in _NAMED:
        named = _NAMED[name]
        if named.kind is Kind.HANG and seconds is not None:
            return Fault(named.kind, named.after, seconds=seconds)
        return named
    found = _STATUS.fullmatch(name)
    if not found:
        raise SpecError(f"`{OPTION}`: there is no fault `{name}`", hint=_HINT)
    status, html, bare, after = found.groups()
    if status == "429" and seconds is None and not bare:
        seconds = 1.0
    return Fault(Kind.STATUS, bool(after), int(status), bool(html), seconds)


def _outage(value: str) -> Outage:
    start, _, rest = value.partition(":")
    length, _, how = rest.partition(":")
    if how not in ("", "503", "drop", "refuse"):
        raise SpecError(
            f"`{OPTION}`: an outage cannot be `{how}`",
            hint="write outage=START:SECONDS, with :503, :drop or :refuse behind it",
        )
    return Outage(
        number(start, OPTION, "outage"), number(length, OPTION, "outage"), how or "503"
    )


def _check_sum(chances: list[Chance]) -> None:
    for operation in sorted(CLASSES["all"]):
        total = sum(c.rate for c in chances if operation in c.among)
        if total > 1 + 1e-9:
            raise SpecError(
                f"`{OPTION}`: faults of `{operation}` come to {total:g} in sum",
                hint="one request meets at most one fault: keep the sum at or below 1",
            )
