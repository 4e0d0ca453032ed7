"""One e-mail cell that is not certain at first sight: ask email-validator, clean, ask."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from email_validator import EmailSyntaxError, validate_email
from email_validator.rfc_constants import (
    CASE_INSENSITIVE_MAILBOX_NAMES,
    DOT_ATOM_TEXT,
    EMAIL_MAX_LENGTH,
    LOCAL_PART_MAX_LENGTH,
)

from pipeline.normalise import marks
from pipeline.normalise.column import SAYS_NOTHING
from pipeline.normalise.known import NOTHING

_FOLDED = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)
_PLAIN_DOMAIN = re.compile(r'[^\s@<>"()\[\],;:\\]+')
_ENDS = "\ufeff\u200b\u200e\u200f\u2060"
_MAILTO = re.compile(r"\s*mailto:\s*(?P<inner>[^?]*)(?:\?.*)?", re.IGNORECASE)
_LABEL = re.compile(
    r"\s*(?:e-?mails?|courriels?|m[eé]l|mail|adresse(?:\s+mail)?|correo)\s*[:=]\s*(?P<inner>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_DISPLAY = re.compile(r'\s*(?:"[^"]*"|[^<>@"]*)\s*<\s*(?P<inner>[^<>]+?)\s*>[\s;,.]*')
_QUOTED = re.compile(r"""\s*(?P<q>['"`])(?P<inner>[^'"`]+)(?P=q)\s*""")
_TRAILING = re.compile(r"(?P<inner>.*?)[\s;,.:/|]+", re.DOTALL)
_SEVERAL = re.compile(r"\s*[;,/|\n\r&]\s*|\s+(?:ou|or|et|and)\s+|\s+", re.IGNORECASE)
_OBFUSCATED = (
    (re.compile(r"\s*[(\[{]\s*(?:at|arobase|à)\s*[)\]}]\s*", re.IGNORECASE), "@"),
    (re.compile(r"\s+(?:at|arobase)\s+", re.IGNORECASE), "@"),
    (re.compile(r"\s*[(\[{]\s*(?:dot|point)\s*[)\]}]\s*", re.IGNORECASE), "."),
    (re.compile(r"\s+(?:dot|point)\s+", re.IGNORECASE), "."),
)
_REASONS = (
    ("must have an @-sign", "email_no_at"),
    ("at-sign (@) character instead", "email_no_at"),
    ("commercial at", "email_no_at"),
    ("something before the @-sign", "email_no_local"),
    ("something after the @-sign", "email_no_domain"),
    ("should have a period", "email_no_tld"),
    ("valid top-level domain", "email_no_tld"),
    ("two periods in a row", "email_dots"),
    ("start with a period", "email_dots"),
    ("immediately before the @-sign", "email_dots"),
    ("separated by so many", "email_too_long"),
    ("period", "email_bad_domain"),
    ("too long", "email_too_long"),
    ("special-use", "email_special_use"),
    ("unsafe characters", "email_unsafe_characters"),
    ("angle bracket", "email_bad_characters"),
    ("bracket", "email_ip_literal"),
    ("Quot", "email_quoted_local"),
    ("close quote", "email_quoted_local"),
    ("before the @-sign", "email_bad_characters"),
    ("after the @-sign", "email_bad_domain"),
)


@dataclass(slots=True)
class Reading:
    """What became of one cell; fields as in the reading of a phone."""

    email: str | None = None
    problem: str | None = None
    suggestion: str | None = None
    rules: list[str] = field(default_factory=list)
    further: tuple[str, ...] = ()


class Domain(NamedTuple):
    """A domain that email-validator takes: as it writes it, and its longest form."""

    normalized: str
    longest: int


def check(text: str) -> tuple[str | None, str | None]:
    """Return (normalised address, None) or (None, the rule against it)."""
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailSyntaxError as error:
        reason = str(error)
        rule = next((r for part, r in _REASONS if part in reason), "email_invalid")
        return None, rule
    return found.normalized, None


@lru_cache(maxsize=65536)
def check_domain(domain: str) -> Domain | None:
    """Return what email-validator makes of `domain`; None where it refuses it.

    Remembered, since a file of a million addresses has a few thousand domains.
    """
    try:
        found = validate_email(f"a@{domain}", check_deliverability=False, strict=True)
    except EmailSyntaxError:
        return None
    forms = (domain, found.domain, found.ascii_domain)
    return Domain(found.domain, max(len(form.encode()) for form in forms))


def certain(text: str) -> str | None:
    """Return the address as the library writes it where that is certain without it.

    An ASCII dot-atom before the `@` is taken as it stands by the library, so that the
    verdict on the domain is enough.
    """
    local, at, domain = text.partition("@")
    if not at or not DOT_ATOM_TEXT.match(local) or not _PLAIN_DOMAIN.fullmatch(domain):
        return None
    if len(local) > LOCAL_PART_MAX_LENGTH or local.lower() in _FOLDED:
        return None
    verdict = check_domain(domain)
    if verdict is None or len(local) + 1 + verdict.longest > EMAIL_MAX_LENGTH:
        return None
    return f"{local}@{verdict.normalized}"


def read_email(cell: str, repairs: frozenset[str]) -> Reading:
    """Return what `cell` says: as it stands, cleaned, then repaired where allowed."""
    reading = Reading()
    stripped = cell.strip()
    if stripped.lower() in NOTHING:
        return Reading(problem=SAYS_NOTHING)
    text = "" if marks.overrides_direction(cell) else _clean(cell, reading)
    if cell.isascii() and reading.rules:  # what cleaning takes off ASCII is never valid
        reading.email = certain(text)
        if reading.email is not None:
            return reading
    email, problem = check(stripped)
    if email is not None:
        return Reading(email)
    if text and text != stripped:
        reading.email, problem = check(text)
    if text and reading.email is None and not _first_of_several(text, reading):
        _repair(text, repairs, reading)
    if reading.email is None:
        reading.problem = reading.problem or problem
        reading.rules.clear()
    return reading


def _clean(cell: str, reading: Reading) -> str:
    """Undo what mail programs, spreadsheets and keyboards put around an address."""
    text, was_formula = marks.unformula(cell)
    if was_formula:
        reading.rules.append("formula_text")
    text, was_marked = _visible(text)
    if was_marked:
        reading.rules.append("invisible_marks")
    for rule, pattern in (
        ("uri_prefix", _MAILTO),
        ("label_removed", _LABEL),
        ("quotes_removed", _QUOTED),
        ("display_name", _DISPLAY),
        ("quotes_removed", _QUOTED),
        ("trailing_marks", _TRAILING),
    ):
        found = pattern.fullmatch(text)
        if found:
            text = found["inner"].strip()
            reading.rules.append(rule)
    return text


def _visible(text: str) -> tuple[str, bool]:
    if text.isascii() and text.isprintable():
        return text.strip(), False
    plain = "".join(
        c for c in text if c not in _ENDS and (c.isprintable() or c.isspace())
    )
    return plain.strip(), len(plain) != len(text)


def _first_of_several(text: str, reading: Reading) -> bool:
    """Take the first of several addresses; what stands behind it is kept and said."""
    if text.count("@") < 2:  # noqa: PLR2004 - two is several
        return _before_a_comment(text, reading)
    parts = [part for part in _SEVERAL.split(text) if part]
    if len(parts) < 2 or not all("@" in part for part in parts):  # noqa: PLR2004 - two is several
        return _before_a_comment(text, reading)
    first, _ = check(_clean(parts[0], Reading()))
    if first is None:
        return False
    others = (check(_clean(part, Reading()))[0] for part in parts[1:])
    reading.email = first
    reading.further = tuple(other for other in others if other)
    reading.rules.append("several_emails")
    return True


_COMMENT = re.compile(r"(?P<inner>\S+@\S+?)[\s,;]*\s[(\-\[]?[^@]*", re.DOTALL)


def _before_a_comment(text: str, reading: Reading) -> bool:
    """Take `jane@x.com` from `jane@x.com (work)`."""
    found = _COMMENT.fullmatch(text)
    if found is None:
        return False
    reading.email, _ = check(found["inner"])
    if reading.email is not None:
        reading.rules.append("label_removed")
    return reading.email is not None


def _repair(text: str, repairs: frozenset[str], reading: Reading) -> None:
    """Offer what the address probably was; use it where its rule is allowed."""
    for rule, mend in _REPAIRS:
        candidate = mend(text)
        if candidate == text:
            continue
        found = certain(candidate) or check(candidate)[0]
        if found is None:
            continue
        if rule in repairs:
            reading.email = found
            reading.rules.append(rule)
        else:
            reading.problem, reading.suggestion = rule, found
        return


def _without_blanks(text: str) -> str:
    return "".join(text.split()) if text.count("@") == 1 else text


def _plain_signs(text: str) -> str:
    for pattern, sign in _OBFUSCATED:
        text = pattern.sub(sign, text)
    return text


def _dotted(text: str) -> str:
    local, at, domain = text.rpartition("@")
    domain = domain.replace(",", ".").replace(";", ".")
    return local + at + domain


_REPAIRS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("email_inner_space", _without_blanks),
    ("email_obfuscated", _plain_signs),
    ("email_url_encoded", unquote),
    ("email_comma_for_dot", _dotted),
)

REPAIRS = (*(rule for rule, _ in _REPAIRS), "email_typo_domain")
"""Names of the e-mail repairs."""
