"""One phone cell that is not certain at first sight: clean it, then ask phonenumbers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, ValidationResult

from pipeline.normalise import marks, repairs
from pipeline.normalise.column import SAYS_NOTHING
from pipeline.normalise.known import NOTHING

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
    number: PhoneNumber | None = None
    is_landline: bool = False


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
        is_uri = found[0] == "".join(found[0].split())
        reading.rules.append("uri_prefix" if is_uri else "label_removed")
        text = text[found.end() :]
    if found := _SCIENTIFIC.fullmatch(text):
        return _from_scientific(text, found, reading)
    if found := _FLOAT.fullmatch(text):
        reading.rules.append("float_artifact")
        return found[1]
    if _SERVICE_CODE.fullmatch(text):
        reading.problem = "phone_service_code"
    elif text.lower() in NOTHING:
        reading.problem = SAYS_NOTHING
    return text


def _from_scientific(text: str, found: re.Match[str], reading: Reading) -> str:
    """Expand `2.37671234567E+11` where the mantissa holds every digit."""
    lead, decimals, exponent = found[1], found[2] or "", int(found[3])
    if len(decimals) < exponent or decimals[exponent:].strip("0"):
        reading.problem = "sci_truncated"
        return text
    reading.rules.append("sci_exact")
    return lead + decimals[:exponent]


def several(text: str) -> tuple[str, ...]:
    """Return the parts of a cell that seems to hold more than one number, else none.

    What the library reads as an extension is none of them.
    """
    parts = tuple(part for part in _SPLIT.split(text) if part)
    is_split = len(parts) > 1 and sum(map(str.isdigit, parts[0])) >= _FULL
    return parts if is_split and not _DIALLED_EXTENSION.search(text) else ()


def take_first(
    reading: Reading, parts: Sequence[str], numbers: Sequence[str | None]
) -> None:
    """Use the first of several numbers; what else the cell holds is kept and said."""
    reading.e164 = numbers[0]
    pairs = zip(parts[1:], numbers[1:], strict=True)
    reading.further = tuple(number for number in numbers[1:] if number)
    rest = [part for part, number in pairs if number is None]
    is_extension = not reading.further and all(
        sum(map(str.isdigit, part)) < _FULL for part in rest
    )
    reading.rules.append("extension_dropped" if is_extension else "several_numbers")


def ask_library(reading: Reading, region: str, policy: Policy) -> None:
    """Fill `reading` from its text as phonenumbers sees it: in parts, bare, whole."""
    text = reading.text
    if _in_parts(reading, region):
        return
    reading.number, problem = _ask(text, region)
    core = without_words(text)
    if core is not None and _use(reading, core, region):
        reading.rules.append("label_removed")
    elif problem is None:
        _accept(reading, reading.number)
        reading.rules.extend(_whole_rules(text, reading.number))
    elif _use(reading, _plus_for_zeros(core or text), region):
        reading.rules.extend(("label_removed",) if core else ())
        reading.rules.append("double_zero")
    elif _is_allowed(reading.number, problem, policy):
        _accept(reading, reading.number)
        reading.rules.append("phone_possible_only")
    else:
        reading.problem = problem


def _in_parts(reading: Reading, region: str) -> bool:
    """Fill `reading` from the first of several numbers, if that is a good one."""
    parts = several(reading.text)
    numbers = [_valid(part, region) for part in parts]
    if not parts or numbers[0] is None:
        return False
    texts = [repairs.e164(number) if number else None for number in numbers]
    take_first(reading, parts, texts)
    reading.calling_code = numbers[0].country_code or 0
    return True


def _use(reading: Reading, text: str | None, region: str) -> bool:
    """Take over the number in `text`, if there is a valid one."""
    number, problem = _ask(text, region) if text else (None, "")
    if problem is None:
        _accept(reading, number)
    return problem is None


def _accept(reading: Reading, number: PhoneNumber | None) -> None:
    assert number is not None
    reading.e164 = repairs.e164(number)
    reading.calling_code = number.country_code or 0


def is_landline(e164: str) -> bool:
    """Whether a good number is in a range of fixed lines only."""
    kind = phonenumbers.number_type(phonenumbers.parse(e164, None))
    return bool(kind == phonenumbers.PhoneNumberType.FIXED_LINE)


def _whole_rules(text: str, number: PhoneNumber | None) -> tuple[str, ...]:
    """Return what the library itself does to a whole cell and a person should know."""
    if (number is not None and number.extension) or _EXTENSION.search(text):
        return ("extension_dropped",)
    found = _CORE.search(text)
    tail = text[found.start() :] if found else text
    return ("vanity_letters",) if _LETTER.search(tail) else ()


def _plus_for_zeros(text: str) -> str | None:
    """Return `text` with a plus for its leading 00, which not every region reads so."""
    bare = text.lstrip(" (")
    return "+" + bare[2:] if bare.startswith("00") else None


def _valid(text: str, region: str) -> PhoneNumber | None:
    """Return the valid number in one part of a cell."""
    core = without_words(text)
    for candidate in (core or text, _plus_for_zeros(core or text)):
        if candidate is not None:
            number, problem = _ask(candidate, region)
            if problem is None:
                return number
    return None


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
    return number, _LENGTH_RULES[phonenumbers.is_possible_number_with_reason(number)]


def _is_allowed(
    number: PhoneNumber | None, problem: str | None, policy: Policy
) -> bool:
    """Whether the sender allows this number, possible but not valid, as it stands."""
    if number is None or not policy.allow_possible or problem != "phone_not_valid":
        return False
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    length = len(phonenumbers.national_significant_number(number))
    return length not in repairs.SUPERSEDED.get(region, ())
