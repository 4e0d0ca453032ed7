"""Find the header row among the first rows and give each column one name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.read.values import LooksLike, Note

_LOOKED_AT = 40
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_DIGITS = re.compile(r"\d")
_NUMBERISH = re.compile(r"[+(]?[\d\s.,()/:%-]*\d[\d\s.,()/:%-]*")
_PHONE = re.compile(r"[+(]?[\d\s.()-]+")
_PHONE_DIGITS = 9
_YEARS = re.compile(r"(?:19|20)\d\d(?:\.0)?")


@dataclass(frozen=True, slots=True)
class Header:
    """`place` is the row that names the columns, -1 where none does.

    `skipped` counts the rows above it that are no data (titles, comments).
    """

    place: int
    skipped: int


def find_header(
    rows: Sequence[Sequence[str]],
    has_header: bool | None,
    looks_like: LooksLike | None = None,
) -> Header:
    """Return where the header is among the first non-blank `rows` of a table."""
    head = rows[:_LOOKED_AT]
    width = _usual_width(head)
    place = _known_header(head, looks_like)
    if place is None:
        place = _first_full_row(head, width)
    if has_header is False or (has_header is None and is_data(head[place])):
        return Header(-1, _titles(head, width))
    return Header(place, place)


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells a row of the table usually has."""
    widths = [len(row) for row in rows]
    return max(
        set(widths), key=lambda width: (widths.count(width) * (width > 1), width)
    )


def _known_header(
    rows: Sequence[Sequence[str]], looks_like: LooksLike | None
) -> int | None:
    if looks_like is None or not rows:
        return None
    scores = [looks_like(row) for row in rows]
    best = max(scores)
    return scores.index(best) if best > 1 or (best == 1 == scores[0]) else None


def _first_full_row(rows: Sequence[Sequence[str]], width: int) -> int:
    """Return the first row that is no title, comment or padding above the table."""
    titles = _titles(rows, width)
    return titles if titles < len(rows) else 0


def _titles(rows: Sequence[Sequence[str]], width: int) -> int:
    fullest = max((filled(row) for row in rows), default=0)
    for place, row in enumerate(rows):
        if not _is_title(row, width, fullest, rows[place + 1 :]):
            return place
    return 0


def _is_title(
    row: Sequence[str], width: int, fullest: int, below: Sequence[Sequence[str]]
) -> bool:
    """Tell whether `row` stands above the header rather than being it."""
    count = filled(row)
    if not below or fullest < 2:  # noqa: PLR2004 - one column has no other shape
        return _is_comment(row) and bool(below)
    if _is_comment(row) and count * 2 <= fullest:
        return True
    if len(row) not in {width, width - 1, width + 1} and count * 2 <= min(
        fullest, width
    ):
        return True
    if count == 1 and (len(row) == 1 or width > 2):  # noqa: PLR2004 - beside one more column it may be a header
        return 2 * sum(filled(r) > 1 for r in below) > len(below)
    return count * 3 <= fullest and any(filled(r) * 2 > fullest for r in below[:10])


def _is_comment(row: Sequence[str]) -> bool:
    return bool(row) and row[0].lstrip().startswith(("#", "//", "--"))


def filled(row: Sequence[str]) -> int:
    """Return how many cells of a row hold something."""
    return sum(1 for cell in row if cell and not cell.isspace())


def is_data(row: Sequence[str]) -> bool:
    """Tell whether a row holds values rather than names of columns."""
    cells = [cell.strip() for cell in row if cell and cell.strip()]
    if any(_EMAIL.fullmatch(cell) or _is_phone(cell) for cell in cells):
        return True
    plain = [cell for cell in cells if cell.lower() not in {"null", "none", "n/a"}]
    return bool(plain) and all(
        _NUMBERISH.fullmatch(cell) and not _YEARS.fullmatch(cell) for cell in plain
    )


def _is_phone(cell: str) -> bool:
    return (
        _PHONE.fullmatch(cell) is not None
        and len(_DIGITS.findall(cell)) >= _PHONE_DIGITS
    )


def name_columns(
    headers: Sequence[str], line: int
) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Return trimmed, unique column names and what had to be said about them."""
    wanted = [_clean(header) for header in headers]
    taken = {name for name in wanted if name}
    seen: set[str] = set()
    names: list[str] = []
    made: list[str] = []
    doubled: list[str] = []
    for place, name in enumerate(wanted, start=1):
        if not name:
            made.append(_free(f"column {place}", taken | seen))
            names.append(made[-1])
        elif name in seen:
            names.append(_free_number(name, taken | seen))
            doubled.append(names[-1])
        else:
            names.append(name)
        seen.add(names[-1])
    notes = [
        Note(rule, {"columns": ", ".join(columns)}, line)
        for rule, columns in (("empty_header", made), ("duplicate_header", doubled))
        if columns
    ]
    return tuple(names), tuple(notes)


def _clean(header: str) -> str:
    return header.strip("\ufeff\u200b").strip()


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free_number(name, taken)


def _free_number(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
