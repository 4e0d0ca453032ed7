"""Find delimiter, quote and escape of a CSV from its first lines."""

import re
from collections import Counter
from dataclasses import dataclass, replace

from pipeline.errors import InputError

USUAL = (",", ";", "\t", "|")
_RARE = (":", "^", "~", "\x1f", "\x01", "¦", "§", "#", "!")
_NAMES = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "colon": ":",
}
_SEP_LINE = re.compile(r'"?sep=(.)"?[ ,;]*\Z', re.IGNORECASE)
_WRAPPED = re.compile(r'"((?:[^"]|"")*)"')
LINES = 200
"""Most lines that are looked at."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells are parted.

    `escape` is a backslash where the file uses it; `is_wrapped` tells that each line
    stands in quotes as a whole and is parted anew inside.
    """

    delimiter: str
    quote: str = '"'
    escape: str | None = None
    is_wrapped: bool = False


def named_delimiter(text: str) -> str:
    """Return the character that the user means by `--delimiter`.

    Raises:
        InputError: It is not one character.
    """
    delimiter = _NAMES.get(text.lower(), text)
    if len(delimiter) != 1 or delimiter in '\r\n"':
        raise InputError(
            f"`{text}` cannot be a delimiter",
            hint="name one character, or tab, comma, semicolon or pipe",
        )
    return delimiter


def sep_line(line: str) -> str | None:
    """Return the delimiter of a `sep=;` line, as Excel writes it, else None."""
    match = _SEP_LINE.match(line)
    return match[1] if match else None


def sniff(lines: list[str], delimiter: str | None) -> Dialect:
    """Return the dialect that makes the most even table of `lines` (without ends)."""
    lines = [line for line in lines[:LINES] if line.strip()]
    unwrapped = _unwrapped(lines)
    if unwrapped:
        inner = sniff(unwrapped, delimiter)
        return replace(inner, is_wrapped=True)
    quote = _quote(lines)
    escape = _escape(lines, quote)
    chosen = delimiter or _delimiter(lines, quote, escape)
    return Dialect(chosen, quote, escape)


def _unwrapped(lines: list[str]) -> list[str] | None:
    """Return the lines without the quotes around each whole one, None where it has none.

    Such files are made by saving a CSV as CSV again, each line taken for one cell.
    """
    wrapped = [_WRAPPED.fullmatch(line.strip()) for line in lines]
    hits = sum(match is not None for match in wrapped)
    if hits < 2 or hits < len(lines) - 1:  # noqa: PLR2004 - one line proves nothing
        return None
    inner = [
        match[1].replace('""', '"') if match else line
        for match, line in zip(wrapped, lines, strict=True)
    ]
    counts = {line.count(d) for d in USUAL for line in inner if d in inner[0]}
    return inner if counts and 0 not in counts else None


def _quote(lines: list[str]) -> str:
    text = "\n".join(lines)
    if '"' in text:
        return '"'
    single = len(re.findall(r"(?:^|[,;\t|])'[^'\n]*'(?=[,;\t|]|$)", text, re.MULTILINE))
    cells = len(lines) + len(re.findall(r"[,;\t|]", text))
    return "'" if single >= 2 and single > 0.4 * cells else '"'  # noqa: PLR2004 - more than one, near half


def _escape(lines: list[str], quote: str) -> str | None:
    r"""Return the backslash where `\"` stands inside quoted cells, else None."""
    text = "\n".join(lines)
    if "\\" + quote not in text:
        return None
    body = rf"(?:[^{quote}\\\n]|\\.)*"
    pattern = rf"(?:^|[,;\t|]) *{quote}{body}\\{quote}(?![,;\t|{quote}]|$)"
    inside = re.search(pattern, text, re.MULTILINE)
    return "\\" if inside else None


def _delimiter(lines: list[str], quote: str, escape: str | None) -> str:
    present = {char for line in lines for char in line}
    scored = [
        (*_evenness(lines, char, quote, escape), -rank, char)
        for rank, char in enumerate((*USUAL, *_RARE))
        if char in present
    ]
    usual = [entry for entry in scored if entry[-1] in USUAL and entry[0] > 0]
    rare = [entry for entry in scored if entry[-1] not in USUAL and _is_sure(entry[0])]
    best = max(usual or rare, default=None)
    return best[-1] if best else ","


def _is_sure(evenness: float) -> bool:
    return evenness > 0.95  # noqa: PLR2004 - an odd delimiter has to fit nearly all lines


def _evenness(
    lines: list[str], delimiter: str, quote: str, escape: str | None
) -> tuple[float, int]:
    """Return the share of lines with the commonest count of cells, and that count.

    The share is 0 where most lines hold one cell.
    """
    counts = Counter(_counts(lines, delimiter, quote, escape))
    if not counts:
        return 0.0, 1
    total = sum(counts.values())
    most = max(counts.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
    width, lines_of_width = most
    if width == 1:
        return 0.0, 1
    share = lines_of_width / total
    return (round(share, 1) if share > 0.3 else 0.0), width  # noqa: PLR2004 - less is chance


def _counts(
    lines: list[str], delimiter: str, quote: str, escape: str | None
) -> list[int]:
    """Return the cells of each record, quoted line breaks joined."""
    cell = _cell_pattern(delimiter, quote, escape)
    text = "\n".join(lines)
    counts = []
    place = width = 0
    while place < len(text):
        match = cell.match(text, place)
        assert match is not None
        width += 1
        place = match.end()
        if match[1] != delimiter:
            counts.append(width)
            width = 0
    return counts


def _cell_pattern(delimiter: str, quote: str, escape: str | None) -> re.Pattern[str]:
    d, q = re.escape(delimiter), re.escape(quote)
    body = rf"(?:[^{q}\\]|\\.|{q}{q})*+" if escape else rf"(?:[^{q}]|{q}{q})*+"
    quoted = rf" *{q}{body}{q} *(?={d}|\n|\Z)"
    return re.compile(rf"(?:{quoted}|[^{d}\n]*)({d}|\n|\Z)", re.DOTALL)
