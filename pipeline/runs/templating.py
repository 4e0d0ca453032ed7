"""`template`: an empty workbook or CSV to hand to those who send customer files."""

import csv
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.files.publish import atomic
from pipeline.own.template import TemplateColumn, template_columns
from pipeline.runs.own import own_rules
from pipeline.settings import Settings

_PUBLIC_FILE = 0o644
_ROWS = 10_000
"""Rows below the header that get the column's form and its list of values."""
_MOST_LETTERS_OF_LIST = 255
"""Excel takes a list of values inside the rule only up to this length."""
_MOST_OF_COMMENT = 2_000
_LISTS = "lists"


def write_template(settings: Settings, out: Path) -> list[str]:
    """Write the template to `out` (`.xlsx` or `.csv`); return its headers.

    Raises:
        UsageError: The name ends otherwise, or its folder is not there.
        SettingsError: The TOML file is wrong.
        DiskError: It cannot be written.
    """
    columns = template_columns(own_rules(settings), settings.lang)
    kind = out.suffix.lower()
    if kind not in (".xlsx", ".csv"):
        raise UsageError(
            f"`{out}` ends neither in .xlsx nor in .csv",
            hint="name the template as template.xlsx",
        )
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder `{out.parent}`", hint="create it first")
    # It holds nobody's data and is made to be passed on.
    with atomic(out, mode=_PUBLIC_FILE) as draft:
        if kind == ".csv":
            _write_csv(draft, columns)
        else:
            _write_workbook(draft, columns, settings.lang)
    return [column.header for column in columns]


def _write_csv(path: Path, columns: list[TemplateColumn]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow([column.header for column in columns])


def _write_workbook(path: Path, columns: list[TemplateColumn], lang: str) -> None:
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Clients" if lang == "fr" else "Customers")
    lists = None
    header = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
    needed = book.add_format({"bold": True, "bg_color": "#F8CBAD", "border": 1})
    text = book.add_format({"num_format": "@"})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    forms = {"text": text, "date": day}
    for place, column in enumerate(columns):
        sheet.write_string(
            0, place, column.header, needed if column.is_required else header
        )
        comment = column.expected[:_MOST_OF_COMMENT]
        sheet.write_comment(0, place, comment, {"x_scale": 2, "y_scale": 1.5})
        width = max(14, len(column.header) + 4)
        sheet.set_column(place, place, width, forms.get(column.kind))
        if column.allowed:
            fits = len(",".join(column.allowed)) <= _MOST_LETTERS_OF_LIST
            if not fits and lists is None:
                lists = book.add_worksheet(_LISTS)
                lists.hide()
            source = column.allowed if fits else _listed(lists, place, column.allowed)
            sheet.data_validation(1, place, _ROWS, place, _validation(source, lang))
    sheet.freeze_panes(1, 0)
    book.close()


def _validation(source: Any, lang: str) -> dict[str, Any]:
    title = "Valeur inconnue" if lang == "fr" else "Unknown value"
    said = "Choisissez dans la liste" if lang == "fr" else "Choose from the list"
    return {
        "validate": "list",
        "source": list(source) if isinstance(source, tuple) else source,
        "error_title": title,
        "error_message": said,
        "error_type": "warning",
    }


def _listed(lists: Any, place: int, allowed: tuple[str, ...]) -> str:
    """Write a long list into the hidden sheet and return the range where it stands."""
    from xlsxwriter.utility import xl_range_abs

    for row, value in enumerate(allowed):
        lists.write_string(row, place, value)
    return f"={_LISTS}!{xl_range_abs(0, place, len(allowed) - 1, place)}"
