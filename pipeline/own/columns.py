"""Which column of one file each rule of the user's own is about."""

from collections.abc import Sequence

from pipeline.errors import InputError
from pipeline.recognise.shown import show_header, show_headers
from schemas.columns import ColumnMap
from schemas.fields import MAPPABLE
from schemas.headers import plain_words
from schemas.outcomes import Severity
from schemas.own import BoundRules, OwnRule, OwnRules


def find_header(headers: Sequence[str], named: str) -> str | None:
    """Return the header that `named` means: exactly, else but for case and accents."""
    if named in headers:
        return named
    wanted = "".join(plain_words(named))
    alike = [h for h in headers if wanted and "".join(plain_words(h)) == wanted]
    return alike[0] if len(alike) == 1 else None


def bind(
    own: OwnRules, headers: Sequence[str], columns: ColumnMap
) -> tuple[BoundRules, tuple[OwnRule, ...]]:
    """Return the rules that speak about this file, and those whose column it lacks.

    Raises:
        InputError: A rule of severity error needs a column that is not there.
    """
    bound: list[tuple[OwnRule, str]] = []
    missing: list[OwnRule] = []
    for rule in own.rules:
        header = find_header(headers, rule.column) or _of_field(rule.column, columns)
        if header is not None:
            bound.append((rule, header))
        elif rule.needs_column and rule.severity is Severity.ERROR:
            raise InputError(
                f"the file has no column `{show_header(rule.column)}`, which the rule"
                f" `{rule.name}` requires; its columns are {show_headers(headers)}",
                hint="add the column, or correct the rule in the file of `--config`",
            )
        elif rule.needs_column:
            missing.append(rule)
    types = [
        (header, kind)
        for column, kind in own.metadata.types
        if (header := find_header(headers, column)) is not None
    ]
    return BoundRules(tuple(bound), tuple(types)), tuple(missing)


def _of_field(named: str, columns: ColumnMap) -> str | None:
    """Return the first column of a field that a rule names instead of a header."""
    if named not in MAPPABLE:
        return None
    if named == "email":
        return next(iter(columns.emails), None)
    if named == "phone":
        return next(iter(columns.phones), None)
    found: str | None = getattr(columns, named)
    return found


def present(names: Sequence[str], headers: Sequence[str]) -> tuple[str, ...]:
    """Return the headers that `names` mean; those of other files are left out."""
    found = (find_header(headers, name) for name in names)
    return tuple(header for header in found if header is not None)
