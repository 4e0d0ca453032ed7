"""The words of a run's page, read from `words.toml`, and figures as people write them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from schemas.rules import rules

_BRACES = re.compile(r"\{\w+\}")
# `phone {value} is short` is said as `phone is short`, `words around {value}` stays.
_FIRST = re.compile(
    r"^((?:(?:the|le|la|les|the cell) |l')?\S+ )?\{\w+\} ", re.IGNORECASE
)
_QUOTED = re.compile(r" ?(?:`\{\w+\}`|“\{\w+\}”|« ?\{\w+\} ?»|\(\{\w+\}\))")
_MARKS = re.compile(r" ([:;?!»%])|(«) ")
_THIN = "\u202f"
_MINUTE, _HOUR = 60, 3600
_FEW = 0.01

NOTHING = "\u2013"
"""What stands where there is no figure."""


@cache
def _texts() -> Mapping[str, Mapping[str, list[str]]]:
    text = resources.files(__package__).joinpath("words.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class Words:
    """Texts and figures in one language, `en` or `fr`."""

    lang: str

    def has(self, group: str, name: str) -> bool:
        """Return whether there is a text `name` in `group`."""
        return name in _texts()[group]

    def text(self, group: str, name: str, /, **facts: Any) -> str:
        """Return the text `name` of `group`; a name without a text is its own text."""
        pair = _texts()[group].get(name)
        if pair is None:
            return name
        return self._set(pair[self.lang == "fr"]).format_map(facts)

    def _set(self, text: str) -> str:
        """Keep French marks on the line of their word."""
        return _MARKS.sub(_blank, text) if self.lang == "fr" else text

    def number(self, value: float, digits: int = 0) -> str:
        """Return `value` with thousands apart, as `1,234.5` or `1 234,5`."""
        shown = f"{value:,.{digits}f}"
        if self.lang != "fr":
            return shown
        return shown.replace(",", _THIN).replace(".", ",")

    def share(self, part: float, whole: float) -> str:
        """Return `part` of `whole` in per cent; of nothing it is a dash."""
        if not whole:
            return NOTHING
        blank = "\u202f" if self.lang == "fr" else ""
        per_cent = 100 * part / whole
        # Neither 0 % nor 100 % is said where it is only nearly so.
        is_nearly = 0 < min(part, whole - part) < whole * _FEW
        digits = 1 if is_nearly else 0
        return f"{self.number(per_cent, digits)}{blank}%"

    def duration(self, seconds: float) -> str:
        """Return seconds as `4.2 s`, `3 min 20 s` or `2 h 5 min`."""
        if seconds < _MINUTE:
            return f"{self.number(seconds, 1)} s"
        if seconds < _HOUR:
            return f"{int(seconds // _MINUTE)} min {int(seconds % _MINUTE)} s"
        return f"{int(seconds // _HOUR)} h {int(seconds % _HOUR // _MINUTE)} min"

    def size(self, count: int) -> str:
        """Return bytes as kB or MB."""
        names = (
            ("o", "ko", "Mo", "Go") if self.lang == "fr" else ("B", "kB", "MB", "GB")
        )
        value, place = float(count), 0
        while value >= 1000 and place < len(names) - 1:  # noqa: PLR2004 - SI units
            value, place = value / 1000, place + 1
        return f"{self.number(value, 1 if place else 0)} {names[place]}"

    def rule(self, name: str) -> str:
        """Return what rule `name` says, without anybody's value."""
        known = rules().get(name)
        if known is None:
            return name
        told = _QUOTED.sub("", known.fr if self.lang == "fr" else known.en)
        told = _FIRST.sub(r"\1", told)
        told = _BRACES.sub("…", told).strip(" :…")
        return self._set(told[:1].upper() + told[1:])

    def advice(self, name: str) -> str:
        """Return what to do about rule `name`."""
        known = rules().get(name)
        return self._set(known.advice(self.lang)) if known else ""


def guard_figure(words: Words, guard: Mapping[str, Any], kind: str) -> str:
    """Return a guard's `value` or `limit`, shares in per cent."""
    value = float(guard[kind])
    is_share = "rate" in guard["name"] or "drop" in guard["name"]
    if is_share:
        return words.share(value, 1)
    return words.number(value, 0 if value.is_integer() else 1)


def _blank(found: re.Match[str]) -> str:
    before, after = found.groups()
    return f"\u00a0{before}" if before else f"{after}\u00a0"
