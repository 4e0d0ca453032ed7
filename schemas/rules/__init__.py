"""The catalogue of rules: each has one name in findings, docs, tests and reports.

The texts stand in the TOML files beside this module, one file a stage of the flow,
so that a person who knows the domain can read and correct them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from schemas.outcomes import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule with its texts in English and French.

    `message` texts may hold `{value}`, `{reason}` and other named facts.
    """

    name: str
    stage: str
    severity: Severity
    en: str
    fr: str
    do_en: str
    do_fr: str

    def message(self, lang: str, **facts: object) -> str:
        """Return the text in `lang` with `facts` filled in and unknown facts blank."""
        return (self.fr if lang == "fr" else self.en).format_map(_Facts(facts))

    def advice(self, lang: str) -> str:
        """Return what the sender can do about it, in `lang`."""
        return self.do_fr if lang == "fr" else self.do_en


class _Facts(dict[str, object]):
    """Facts for a message; a missing one prints as nothing rather than failing."""

    def __missing__(self, key: str) -> str:
        return ""


@cache
def rules() -> Mapping[str, Rule]:
    """Return every rule by name, in the order of files and lines.

    Raises:
        ValueError: Two files name the same rule.
    """
    found: dict[str, Rule] = {}
    for entry in sorted(resources.files(__name__).iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for name, texts in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"rule `{name}` stands in two files")
            found[name] = Rule(
                name=name,
                stage=entry.name.removesuffix(".toml"),
                severity=Severity(texts["severity"]),
                en=texts["en"],
                fr=texts["fr"],
                do_en=texts["do_en"],
                do_fr=texts["do_fr"],
            )
    return MappingProxyType(found)


def rule(name: str) -> Rule:
    """Return the rule called `name`.

    Raises:
        KeyError: No rule has that name, which is a bug of the caller.
    """
    return rules()[name]
