"""The tables `[rules.NAME]`, `[metadata]`, `[consent]`, `[guards]`, `[drift]` as values."""

import datetime as dt
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.own.reader import Document, Reader
from schemas.outcomes import Severity
from schemas.own import Kind, OwnMetadata, OwnRule, OwnRules
from schemas.rules import rules

LIMITS = {
    "guards": ("row_count_drop", "match_rate_drop", "stale_source"),
    "drift": ("rows", "nulls", "failures", "countries", "domains", "runs"),
}
_RULE_KEYS = (
    "column",
    "required",
    "type",
    "allowed",
    "pattern",
    "min",
    "max",
    "unique",
    "severity",
    "max_share",
    "en",
    "fr",
    "do_en",
    "do_fr",
)
_METADATA_KEYS = ("keep", "allow", "deny", "rename", "type")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")


def parse_own(document: Document) -> OwnRules:
    """Return what a TOML file says about columns and limits.

    Raises:
        SettingsError: A key is unknown or its value is wrong.
    """
    found: list[OwnRule] = []
    shares: list[tuple[str, float]] = []
    for name in document.table("rules").keys():  # noqa: SIM118 - no mapping
        reader = document.table("rules", name)
        if name not in rules():
            found.append(_rule(name, reader))
            continue
        reader.only(("max_share",), f"`{name}` is a rule of the pipeline's own")
        share = reader.number("max_share", least=0, most=1)
        shares += [] if share is None else [(name, share)]
    limits = [
        (f"{table}.{key}", value)
        for table, keys in LIMITS.items()
        for key, value in _limits(document.table(table), keys)
    ]
    metadata = _metadata(document.table("metadata"))
    consent = _consent(document.table("consent"))
    return OwnRules(tuple(found), metadata, tuple(shares), tuple(limits), consent)


def _rule(name: str, reader: Reader) -> OwnRule:
    if not _NAME.fullmatch(name):
        raise reader.fail(
            "", "is no rule name", "small letters, digits and _, a letter first"
        )
    reader.only(_RULE_KEYS)
    column = reader.take("column", str, "a header or a field")
    if not column or not column.strip():
        raise reader.fail("column", "is missing", "name a header, or a field as phone")
    least, most = _bound(reader, "min"), _bound(reader, "max")
    made = OwnRule(
        name=name,
        column=column.strip(),
        needs_column=reader.raw("required") in ("column", True),
        required=_required(reader),
        kind=_kind(reader, least or most),
        allowed=reader.texts("allowed") or (),
        pattern=_pattern(reader),
        least=least[0] if least else None,
        most=most[0] if most else None,
        unique=reader.flag("unique"),
        severity=Severity(reader.word("severity", ("error", "warning")) or "error"),
        max_share=reader.number("max_share", least=0, most=1),
        texts=tuple(
            (key, text)
            for key in ("en", "fr", "do_en", "do_fr")
            if (text := reader.take(key, str, "a text"))
        ),
    )
    if made.least is not None and made.most is not None and made.least > made.most:
        raise reader.fail("max", "is below `min`")
    if not _says_something(made):
        raise reader.fail(
            "column",
            "stands alone: the rule asks for nothing",
            "add required, type, allowed, pattern, min, max or unique",
        )
    return made


def _says_something(rule: OwnRule) -> bool:
    return bool(
        rule.needs_column
        or rule.allowed
        or rule.pattern is not None
        or rule.kind != "text"
        or rule.unique
    )


def _required(reader: Reader) -> bool:
    value = reader.raw("required")
    if value is None or value == "column":
        return False
    if not isinstance(value, bool):
        raise reader.fail(
            "required",
            'is neither true, false nor "column"',
            '"column" asks for the column, true also for a value in every row',
        )
    return value


def _bound(reader: Reader, key: str) -> tuple[float, Kind] | None:
    value = reader.raw(key)
    if value is None:
        return None
    if isinstance(value, dt.date):
        return float(value.year * 10_000 + value.month * 100 + value.day), "date"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise reader.fail(key, "is neither a number nor a date such as 2026-01-31")
    return float(value), "number"


def _kind(reader: Reader, bound: tuple[float, Kind] | None) -> Kind:
    word = reader.word("type", ("text", "number", "integer", "date"))
    said: Kind = word or (bound[1] if bound else "text")  # type: ignore[assignment]  # one of the words
    numeric = "number" if said == "integer" else said
    for key in ("min", "max"):
        one = _bound(reader, key)
        if one is not None and one[1] != numeric:
            raise reader.fail(key, f"is a {one[1]}, but the rule is about a {said}")
    return said


def _pattern(reader: Reader) -> str | None:
    pattern = reader.take("pattern", str, "a text")
    if pattern is None:
        return None
    try:
        pc.match_substring_regex(pa.array([""]), rf"\A(?:{pattern})\z")
    except pa.ArrowInvalid as error:
        said = str(error).removeprefix("Invalid regular expression: ")
        raise reader.fail(
            "pattern",
            f"is no regular expression: {said}",
            "RE2 syntax, without look-around and back references",
        ) from None
    return pattern


def _metadata(reader: Reader) -> OwnMetadata:
    reader.only(_METADATA_KEYS)
    kinds = ("text", "number", "integer", "date", "boolean")
    types = reader.pairs("type")
    for column, kind in types:
        if kind not in kinds:
            raise reader.fail(
                f"type.{column}", f"is `{kind}`, not one of {', '.join(kinds)}"
            )
    return OwnMetadata(
        keep=reader.texts("keep"),
        allow=reader.texts("allow") or (),
        deny=reader.texts("deny") or (),
        rename=reader.pairs("rename"),
        types=types,  # type: ignore[arg-type]  # each kind was looked at
    )


def _consent(reader: Reader) -> bool | None:
    """Return whether consent is required; None where the file has no such table."""
    reader.only(("required",))
    return reader.flag("required") if reader.keys() else None


def _limits(reader: Reader, keys: Sequence[str]) -> list[tuple[str, float]]:
    reader.only(keys)
    read = ((key, reader.number(key, least=0, most=1e6)) for key in keys)
    return [(key, value) for key, value in read if value is not None]
