"""Which columns an empty file for senders has, and what each expects; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.own.columns import find_header
from schemas.headers import meaning
from schemas.own import Kind, OwnRule, OwnRules
from schemas.rules import rule as catalogue

_BASE = {
    "name": (
        "Name",
        "Nom",
        "First name and last name",
        "Prénom et nom",
    ),
    "email": (
        "E-mail",
        "E-mail",
        "One address, as name@domain; or leave it empty and give a phone",
        "Une adresse, comme nom@domaine ; ou laissez vide et donnez un téléphone",
    ),
    "phone": (
        "Phone",
        "Téléphone",
        "One number, best with + and the country code; the column is text",
        "Un numéro, de préférence avec + et l'indicatif ; la colonne est du texte",
    ),
    "country": (
        "Country",
        "Pays",
        "Country of the phone where it has no +, as CM or Cameroon",
        "Pays du téléphone s'il n'a pas de +, comme CM ou Cameroun",
    ),
    "external_id": (
        "Customer ID",
        "Numéro client",
        "The customer's number in your own system; may be empty",
        "Le numéro du client dans votre système ; peut rester vide",
    ),
}
_KIND_SAID: dict[Kind, tuple[str, str]] = {
    "text": ("Text", "Texte"),
    "number": ("A number, as 1234.5", "Un nombre, comme 1234.5"),
    "integer": ("A whole number", "Un nombre entier"),
    "date": ("A date, as 2026-01-31", "Une date, comme 2026-01-31"),
    "boolean": ("yes or no", "oui ou non"),
}


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """A column of the template: its header, what is expected, and how cells are kept."""

    header: str
    expected: str
    kind: Kind = "text"
    allowed: tuple[str, ...] = ()
    is_required: bool = False


def template_columns(own: OwnRules, lang: str) -> list[TemplateColumn]:
    """Return the recognised fields, then every other column that a rule speaks about."""
    french = lang == "fr"
    # A rule's own header for a field stands in the place of the usual one.
    asked = {
        said.field: rule.column
        for rule in reversed(own.rules)
        if (said := meaning(rule.column)) is not None and rule.column not in _BASE
    }
    base = [
        (asked.get(field, texts[french]), texts[2 + french])
        for field, texts in _BASE.items()
    ]
    headers = [header for header, _ in base]
    by_header: dict[str, list[OwnRule]] = {}
    for rule in own.rules:
        header = asked.get(rule.column) or _header(rule, headers, lang)
        by_header.setdefault(header, []).append(rule)
    made = [
        _column(header, [expected], by_header.pop(header, []), lang)
        for header, expected in base
    ]
    return [
        *made,
        *(_column(header, [], rules, lang) for header, rules in by_header.items()),
    ]


def _header(rule: OwnRule, headers: Sequence[str], lang: str) -> str:
    """Return the header under which the rule's column stands in the template."""
    known = find_header(headers, rule.column)
    if known is not None:
        return known
    base = _BASE.get(rule.column)
    return base[lang == "fr"] if base else rule.column


def _column(
    header: str, expected: list[str], rules: Sequence[OwnRule], lang: str
) -> TemplateColumn:
    french = lang == "fr"
    lines = list(expected)
    for rule in rules:
        lines += _asked(rule, lang)
    kinds = [rule.kind for rule in rules if rule.kind != "text"]
    allowed = next((rule.allowed for rule in rules if rule.allowed), ())
    required = any(rule.required for rule in rules)
    if required:
        lines.append("Obligatoire" if french else "Required")
    return TemplateColumn(
        header,
        "\n".join(lines) or _KIND_SAID["text"][french],
        kinds[0] if kinds else "text",
        allowed,
        required,
    )


def _asked(rule: OwnRule, lang: str) -> list[str]:
    """Return a line for each thing that a rule asks of a cell."""
    own = dict(rule.texts).get(f"do_{lang}")
    if own:
        return [own]
    facts = {"allowed": ", ".join(rule.allowed)}
    facts |= {"min": shown(rule.least, rule.kind), "max": shown(rule.most, rule.kind)}
    french = lang == "fr"
    lines = [_KIND_SAID[rule.kind][french]] if rule.kind != "text" else []
    for has, constraint in (
        (rule.allowed, "own_allowed"),
        (rule.least is not None, "own_min"),
        (rule.most is not None, "own_max"),
        (rule.unique, "own_unique"),
    ):
        if has:
            lines.append(catalogue(constraint).advice(lang).format_map(facts))
    if rule.pattern is not None:
        lines.append(("Forme : " if french else "Form: ") + rule.pattern)
    return lines


def shown(value: float | None, kind: Kind) -> str:
    """Return a bound as people write it."""
    if value is None:
        return ""
    digits = f"{value:.15g}"
    if kind == "date":
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return digits
