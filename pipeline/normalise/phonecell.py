"""One phone cell that is not certain at first sight: clean it, then ask phonenumbers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult

from pipeline.normalise import marks, repairs

_TEL = re.compile(r"\s*(?:tel|callto|sms|whatsapp)\s*:\s*(?=[+\d(])", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"([+]?\d)(?:[.,](\d+))?[eE][+]?(\d{1,2})")
_FLOAT = re.compile(r"([+]?\d{4,})[.,]0{1,2}")
_SERVICE_CODE = re.compile(r"[*#][\d*#]+")
_SPLIT = re.compile(
    r"\s*(?:[;,|/&\n\r]|\b(?:ou|or|et|and|oder|und|y|o|e)\b)+\s*", re.IGNORECASE
)
_EXTENSION = re.compile(
    r"(?:;ext=|\b(?:ext|extn|extension|poste|x|int|anexo|ramal)\b|x(?=\d)|#)[\s.:]*\d{1,7}#?\s*$",
    re.IGNORECASE,
)
_DIALLED_EXTENSION = re.compile(r";ext=|,,|#")
_CORE = re.compile(r"[+(]*\d.*\d[)]*", re.DOTALL)
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_FULL = 7
_LONGEST_CELL = 250
_PARSE_RULES = {
    NumberParseException.INVALID_COUNTRY_CODE: "phone_unknown_country_code",
    NumberParseException.NOT_A_NUMBER: "phone_not_a_number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "phone_too_short",
    NumberParseException.TOO_SHORT_NSN: "phone_too_short",
    NumberParseException.TOO_LONG: "phone_too_long",
}
_LENGTH_RULES = {
    ValidationResult.TOO_SHORT: "phone_too_short",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "phone_too_short",
    ValidationResult.TOO_LONG: "phone_too_long",
    ValidationResult.INVALID_LENGTH: "phone_wrong_length",
    ValidationResult.INVALID_COUNTRY_CODE: "phone_unknown_country_code",
    ValidationResult.IS_POSSIBLE: "phone_not_valid",
}


class Policy(NamedTuple):
    """What the sender allows beyond what is certain."""

    allow_possible: bool = False
    repairs: frozenset[str] = frozenset()


@dataclass(slots=True)
class Reading:
    """What became of one cell.

    `e164` is the number to use, if any. `problem` says why there is none, with a
    `suggestion` where a repair would help. `rules` are the cleaning rules that were
    needed, `further` the other numbers of the cell.
    """

    text: str = ""
    e164: str | None = None
    problem: str | None = None
    suggestion: str | None = None
    rules: list[str] = field(default_factory=list)
    further: tuple[str, ...] = ()
    calling_code: int = 0
    is_landline: bool = False


def read_phone(cell: str, region: str, policy: Policy) -> Reading:
    """Return what `cell` says, dialled from `region`."""
    reading = clean(cell)
    if reading.problem is None:
        ask_library(reading, region, policy)
    return reading


def clean(cell: str) -> Reading:
    """Return `cell` with its text cleaned, not yet read as a number."""
    reading = Reading()
    text, was_formula = marks.unformula(cell)
    if was_formula:
        reading.rules.append("formula_text")
    text, rules = marks.see_through(text)
    reading.rules.extend(rules)
    reading.text = _plain_number(text, reading)
    return reading


def without_words(text: str) -> str | None:
    """Return the digits of `text` without the words around them, if there are any."""
    core = _CORE.search(text)
    if core is None or _LETTER.search(core[0]) or not _WORD.search(text):
        return None
    return None if _EXTENSION.search(text) else core[0]


def _plain_number(text: str, reading: Reading) -> str:
    """Undo what spreadsheets and address books do to a number."""
    found = _TEL.match(text)
    if found and "phone-context" not in text:
        reading.rules.append("uri_prefix")
        text = text[found.end() :]
    if found := _SCIENTIFIC.fullmatch(text):
        return _from_scientific(text, found, reading)
    if found := _FLOAT.fullmatch(text):
        reading.rules.append("float_artifact")
        return found[1]
    if _SERVICE_CODE.fullmatch(text):
        reading.problem = "phone_service_code"
    return text


def _from_scientific(text: str, found: re.Match[str], reading: Reading) -> str:
    """Expand `2.37671234567E+11` where the mantissa holds every digit."""
    lead, decimals, exponent = found[1], found[2] or "", int(found[3])
    if len(decimals) < exponent or decimals[exponent:].strip("0"):
        reading.problem = "sci_truncated"
        return text
    reading.rules.append("sci_exact")
    return lead + decimals[:exponent]


def ask_library(reading: Reading, region: str, policy: Policy) -> None:
    """Fill `reading` from its text: as it stands, in parts, then repaired."""
    text = reading.text
    number, problem = _ask(text, region)
    attempt = next(_attempts(text, region, number, problem), None)
    if attempt is not None:
        _accept(reading, attempt)
        return
    if number is not None and _is_possible(number, problem, policy):
        reading.rules.append("phone_possible_only")
        _accept(reading, _Attempt(repairs.e164(number), number.country_code))
        return
    reading.problem = problem or "phone_not_valid"
    _repair(reading, region, policy, number)


class _Attempt(NamedTuple):
    """A good number, the cleaning rule that was needed and what else was there."""

    e164: str
    calling_code: int
    rules: tuple[str, ...] = ()
    further: tuple[str, ...] = ()


def _accept(reading: Reading, attempt: _Attempt) -> None:
    reading.e164 = attempt.e164
    reading.calling_code = attempt.calling_code
    reading.rules.extend(attempt.rules)
    reading.further = attempt.further


def _attempts(
    text: str, region: str, number: PhoneNumber | None, problem: str | None
) -> Iterator[_Attempt]:
    """Yield the readings that keep the meaning of `text`, the surest first."""
    has_extension = _EXTENSION.search(text) is not None
    yield from _without_words(text, region)
    if number is not None and problem is None:
        rules = []
        if number.extension or has_extension:
            rules.append("extension_dropped")
        elif _is_vanity(text):
            rules.append("vanity_letters")
        yield _Attempt(repairs.e164(number), number.country_code, tuple(rules))
    yield from _first_of_several(text, region)
    yield from _double_zero(text, region)


def _is_vanity(text: str) -> bool:
    found = _CORE.search(text)
    tail = text[found.start() :] if found else text
    return _LETTER.search(tail) is not None


def _without_words(text: str, region: str) -> Iterator[_Attempt]:
    """Drop words around the digits: `Tel: 671… (WhatsApp)`."""
    core = without_words(text)
    if core is None:
        return
    number, problem = _ask(core, region)
    if number is not None and problem is None:
        rules = ("label_removed",)
        yield _Attempt(repairs.e164(number), number.country_code, rules)
        return
    yield from _double_zero(core, region, rules=("label_removed",))


def _first_of_several(text: str, region: str) -> Iterator[_Attempt]:
    """Take the first of several numbers; what stands behind it is kept and said."""
    parts = [part for part in _SPLIT.split(text) if part]
    if len(parts) < 2 or sum(map(str.isdigit, parts[0])) < _FULL:  # noqa: PLR2004
        return
    if _DIALLED_EXTENSION.search(text):  # the library has the last word on those
        return
    found = _first_good(parts[0], region)
    if found is None:
        return
    others = [_first_good(part, region) for part in parts[1:]]
    further = tuple(other.e164 for other in others if other is not None)
    rest = (
        part for part, other in zip(parts[1:], others, strict=True) if other is None
    )
    if further:
        rules = ("several_numbers",)
    elif all(sum(map(str.isdigit, part)) < _FULL for part in rest):
        rules = ("extension_dropped",)
    else:
        rules = ("several_numbers",)
    yield found._replace(rules=(*found.rules, *rules), further=further)


def _first_good(part: str, region: str) -> _Attempt | None:
    found = next(_without_words(part, region), None)
    if found is not None:
        return found
    number, problem = _ask(part, region)
    if number is not None and problem is None:
        return _Attempt(repairs.e164(number), number.country_code)
    return next(_double_zero(part, region), None)


def _double_zero(
    text: str, region: str, rules: tuple[str, ...] = ()
) -> Iterator[_Attempt]:
    """Read `00` as the plus sign where the region itself does not."""
    bare = text.lstrip(" (")
    if not bare.startswith("00"):
        return
    number, problem = _ask("+" + bare[2:], region)
    if number is not None and problem is None:
        rules = (*rules, "double_zero")
        yield _Attempt(repairs.e164(number), number.country_code, rules)


def _ask(text: str, region: str) -> tuple[PhoneNumber | None, str | None]:
    """Return what phonenumbers parses and the rule that speaks against it, if any."""
    if len(text) > _LONGEST_CELL:
        return None, "phone_too_long"
    try:
        number = phonenumbers.parse(text, region or None)
    except NumberParseException as error:
        if not region and error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            return None, "phone_no_region"
        return None, _PARSE_RULES[error.error_type]
    if phonenumbers.is_valid_number(number):
        return number, None
    reason = phonenumbers.is_possible_number_with_reason(number)
    return number, _LENGTH_RULES[reason]


def _is_possible(number: PhoneNumber, problem: str | None, policy: Policy) -> bool:
    """Whether the sender allows this number, possible but not valid, as it stands."""
    if not policy.allow_possible or problem != "phone_not_valid":
        return False
    region = phonenumbers.region_code_for_country_code(number.country_code)
    length = len(phonenumbers.national_significant_number(number))
    return length not in repairs.SUPERSEDED.get(region, ())


def _repair(
    reading: Reading, region: str, policy: Policy, number: PhoneNumber | None
) -> None:
    """Offer what the number probably was; use it where its rule is allowed."""
    for rule, repaired in repairs.offers(reading.text, region, number):
        if rule in policy.repairs:
            code = phonenumbers.parse(repaired, None).country_code
            _accept(reading, _Attempt(repaired, code, (rule,)))
            reading.problem = reading.suggestion = None
            return
        if reading.suggestion is None:
            reading.problem, reading.suggestion = rule, repaired
