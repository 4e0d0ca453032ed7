"""Text files: CSV of a run, findings, and whatever else can be read as text."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.files.publish import atomic
from pipeline.traces.values import JSON, Who
from schemas.fields import RETURN_COLUMNS
from schemas.rules import rules

_STAY = frozenset(RETURN_COLUMNS) - {"_reason", "_suggestion"}
_DELIMITER = re.compile(r"_row(.)_line|decision(.)score")
_ROW = "_row"
_FIRST = '{"row": '


class Leftovers:
    """A CSV of rows that a person had to look at: cells go, the line stays."""

    kind = "csv"
    act = "blank"

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the lines that hold something in clear."""
        head, lines, _ = _read_csv(path)
        return [
            dict(zip(head, line, strict=False))
            for line in lines
            if _is_line_of(head, line, who) and _blank(head, line) != line
        ]

    def erase(self, path: Path, who: Who) -> None:
        """Blank the cells of these lines."""
        head, lines, delimiter = _read_csv(path)
        kept = [_blank(head, x) if _is_line_of(head, x, who) else x for x in lines]
        _write_csv(path, [head, *kept], delimiter)


class Pairs:
    """The review file: a line about the person is no longer a question."""

    kind = "csv"
    act = "remove lines"

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the lines that name the person on either side."""
        head, lines, _ = _read_csv(path)
        return [
            dict(zip(head, line, strict=False))
            for line in lines
            if _is_pair_of(head, line, who)
        ]

    def erase(self, path: Path, who: Who) -> None:
        """Take these lines out."""
        head, lines, delimiter = _read_csv(path)
        kept = [line for line in lines if not _is_pair_of(head, line, who)]
        _write_csv(path, [head, *kept], delimiter)


class Findings:
    """`findings.jsonl`: rule, row and field stay, values and texts go."""

    kind = "findings"
    act = "blank"

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the findings that hold something in clear."""
        return [
            finding
            for finding, _ in _findings(path, who)
            if finding and _is_finding_of(finding, who) and _spoken(finding) != finding
        ]

    def erase(self, path: Path, who: Who) -> None:
        """Blank them."""
        with atomic(path) as draft, draft.open("w", encoding="utf-8") as file:
            for finding, line in _findings(path, who):
                if _is_finding_of(finding, who):
                    told = json.dumps(_spoken(finding), ensure_ascii=False)
                    file.write(told + "\n")
                else:
                    file.write(line)


class Text:
    """Any other text: contacts and names of the person are taken out where they stand."""

    kind = "text"
    act = "redact"

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the lines in which the person stands."""
        text = _text(path)
        if not who.marks.in_text(text):
            return []
        lines = text.splitlines() or [text]
        found = [line for line in lines if who.marks.in_text(line)]
        return [{"line": line} for line in found or [text[:200]]]

    def erase(self, path: Path, who: Who) -> None:
        """Write the text without them."""
        mode = path.stat().st_mode & 0o777
        text = who.marks.redact(_text(path))
        with atomic(path, mode=mode) as draft:
            draft.write_bytes(text.encode("utf-8", "surrogateescape"))


def rows_in(path: Path, who: Who) -> frozenset[int]:
    """Return the row numbers of the person that a leftovers CSV or findings tell."""
    if path.suffix == ".csv":
        head, lines, _ = _read_csv(path)
        if _ROW not in head:
            return frozenset()
        at = head.index(_ROW)
        told = (x[at] for x in lines if len(x) > at and _is_line_of(head, x, who))
        return frozenset(int(row) for row in told if row.isdigit())
    return frozenset(
        int(finding["row"])
        for finding, _ in _findings(path, who)
        if finding.get("row") and _is_finding_of(finding, who)
    )


def _is_line_of(head: Sequence[str], line: Sequence[str], who: Who) -> bool:
    if _ROW in head:
        number = line[head.index(_ROW)] if len(line) > head.index(_ROW) else ""
        if number.isdigit() and int(number) in who.rows:
            return True
    own = [
        cell
        for name, cell in zip(head, line, strict=False)
        if name not in RETURN_COLUMNS
    ]
    ids = [c for n, c in zip(head, line, strict=False) if n.endswith("customer_id")]
    return bool(who.marks.ids.intersection(ids)) or who.marks.is_theirs(own)


def _is_pair_of(head: Sequence[str], line: Sequence[str], who: Who) -> bool:
    cells = dict(zip(head, line, strict=False))
    for side in "ab":
        row, own_id = cells.get(f"{side}_row", ""), cells.get(f"{side}_customer_id", "")
        if (row.isdigit() and int(row) in who.rows) or own_id in who.marks.ids:
            return True
    return any(who.marks.in_text(cell) for cell in line)


def _blank(head: Sequence[str], line: Sequence[str]) -> list[str]:
    return [
        cell if name in _STAY else "" for name, cell in zip(head, line, strict=False)
    ]


def _is_finding_of(finding: dict[str, JSON], who: Who) -> bool:
    if finding.get("row") in who.rows:
        return True
    values = [v for v in finding.values() if isinstance(v, str)]
    return any(who.marks.contact_in(v) or who.marks.is_name(v) for v in values)


def _spoken(finding: dict[str, JSON]) -> dict[str, JSON]:
    """Return a finding with its values gone; the message says the rule alone."""
    gone = dict.fromkeys(("original", "normalised", "suggestion"))
    if all(finding.get(name) is None for name in gone):
        return finding
    known = rules().get(str(finding.get("rule")))
    return finding | gone | {"message": known.message("en") if known else ""}


def _findings(path: Path, who: Who) -> Iterator[tuple[dict[str, JSON], str]]:
    """Yield each line with its finding, or with nothing where it cannot be theirs.

    Of a million lines few are worth parsing.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            number = line.removeprefix(_FIRST).partition(",")[0]
            is_row = number.isdigit() and int(number) in who.rows
            if not is_row and not who.marks.may_be_in(line):
                yield {}, line
                continue
            try:
                finding = json.loads(line)
            except ValueError:
                continue  # a killed run may leave half a line; it is dropped
            yield finding, line


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _read_csv(path: Path) -> tuple[list[str], list[list[str]], str]:
    """Return (header, lines, delimiter) of a CSV that this project wrote."""
    text = path.read_text(encoding="utf-8-sig")
    head = _DELIMITER.search(text.split("\n", 1)[0])
    delimiter = (head[1] or head[2]) if head else ","
    # A cell may be as long as the broken record that it shows.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    return (lines[0], lines[1:], delimiter) if lines else ([], [], delimiter)


def _write_csv(path: Path, lines: Sequence[Sequence[str]], delimiter: str) -> None:
    with (
        atomic(path) as draft,
        draft.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        csv.writer(file, delimiter=delimiter).writerows(lines)
