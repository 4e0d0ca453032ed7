"""The tables of `known.toml`: what is known about addresses, names and countries."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

_TABLES: Mapping[str, Any] = tomllib.loads(
    (resources.files(__package__) / "known.toml").read_text(encoding="utf-8")
)


def _words(name: str) -> frozenset[str]:
    return frozenset(_TABLES[name])


MOBILE_MONEY = _words("mobile_money")
ROLES = _words("roles")
PLACEHOLDER_LOCALS = _words("placeholder_locals")
PLACEHOLDER_DOMAINS = _words("placeholder_domains")
DISPOSABLE = _words("disposable")
REAL_DOMAINS = _words("real_domains")
TLD_SLIPS = _words("tld_slips")
PLACEHOLDER_NAMES = _words("placeholder_names")
NOTHING = _words("nothing")
PROVIDERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: tuple(endings) for name, endings in _TABLES["providers"].items()}
)
"""Endings under which each mail provider gives out addresses."""
