"""Choose the sheet of a workbook that holds the customers."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.read.header import find_header
from pipeline.read.values import ReadOptions


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's place (from 0), name and first rows (sheet row, cells) with something."""

    place: int
    name: str
    is_visible: bool
    merged: int = 0
    rows: Sequence[tuple[int, list[str | None]]] = ()


def choose(sheets: Sequence[Sheet], file: str, options: ReadOptions) -> Sheet:
    """Return the sheet that the user named, else the one that looks like customers.

    Raises:
        InputError: No such sheet, or nothing in it.
    """
    if options.sheet is not None:
        sheet = named(sheets, options.sheet)
        if sheet is None:
            raise InputError(
                f"`{file}` has no sheet `{options.sheet}`",
                hint=f"name one, or its number from 1: {_names(sheets)}",
            )
        if not sheet.rows:
            raise InputError(
                f"sheet `{sheet.name}` of `{file}` is empty",
                hint=f"name another with `--sheet`: {_names(sheets)}",
            )
        return sheet
    full = [sheet for sheet in sheets if sheet.rows]
    if not full:
        raise InputError(
            f"`{file}` is empty: no sheet holds a cell ({_names(sheets)})",
            hint="check that this is the right workbook",
        )
    return max(full, key=lambda sheet: _likeness(sheet, options))


def named(sheets: Sequence[Sheet], wanted: str) -> Sheet | None:
    """Return the sheet of that name, else of that number counted from 1, else None."""
    plain = wanted.strip()
    for sheet in sheets:
        if sheet.name == wanted:
            return sheet
    for sheet in sheets:
        if sheet.name.strip().casefold() == plain.casefold():
            return sheet
    return next((sheet for sheet in sheets if plain == str(sheet.place + 1)), None)


def _names(sheets: Sequence[Sheet]) -> str:
    return ", ".join(f"`{sheet.name}`" for sheet in sheets)


def _likeness(sheet: Sheet, options: ReadOptions) -> tuple[int, bool, bool, int]:
    """Return what makes a sheet the likelier one, the strongest first."""
    rows = [[cell or "" for cell in cells] for _, cells in sheet.rows]
    known = 0
    if options.looks_like_customers is not None:
        header = find_header(rows, options.has_header, options.looks_like_customers)
        known = options.looks_like_customers(rows[max(header.place, 0)])
    return known, sheet.is_visible, len(rows) > 1, -sheet.place
