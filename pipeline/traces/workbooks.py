"""Workbooks: what stands in their cells, and how to take a person out of them."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape, unescape

from pipeline.files.publish import atomic
from pipeline.privacy.marks import Marks
from pipeline.traces.texts import Leftovers, Pairs
from pipeline.traces.values import JSON, Who

_CELL = re.compile(r"(<t(?:\s[^>]*)?>|<v>)([^<]*)(</(?:t|v)>)")
_TEXT = re.compile(r"(<t(?:\s[^>]*)?>|<v>|<text>)([^<]*)(</)")


class Derived:
    """A workbook of a run: the CSV beside it says the same, so it is removed whole."""

    kind = "workbook"
    act = "remove"

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the cells in which the person stands, or else their lines of the CSV."""
        found = [{"cell": text} for text in _texts(path) if _is_theirs(text, who.marks)]
        beside = path.with_suffix(".csv")
        if found or not beside.is_file():
            return found
        form = Pairs() if beside.name == "review_pairs.csv" else Leftovers()
        return form.find(beside, who)

    def erase(self, path: Path, who: Who) -> None:
        """Remove the file."""
        del who
        path.unlink()


class Finance:
    """A workbook of an export: its texts lose the person, its numbers stay."""

    kind = "workbook"
    act = "redact"

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the cells in which the person stands."""
        return [{"cell": text} for text in _texts(path) if who.marks.in_text(text)]

    def erase(self, path: Path, who: Who) -> None:
        """Write the workbook anew with these texts redacted."""
        mode = path.stat().st_mode & 0o777
        with (
            atomic(path, mode=mode) as draft,
            zipfile.ZipFile(path) as old,
            zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for entry in old.infolist():
                content = old.read(entry)
                if entry.filename.endswith(".xml"):
                    content = _redacted(content.decode(), who.marks).encode()
                new.writestr(entry.filename, content)


def _is_theirs(text: str, marks: Marks) -> bool:
    return marks.contact_in(text) or marks.is_name(text)


def _texts(path: Path) -> Iterator[str]:
    """Yield the text of every cell and comment."""
    try:
        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                if name.endswith(".xml"):
                    for hit in _TEXT.finditer(book.read(name).decode()):
                        yield unescape(hit[2])
    except (zipfile.BadZipFile, UnicodeDecodeError):
        return


def _redacted(xml: str, marks: Marks) -> str:
    def cell(hit: re.Match[str]) -> str:
        text = unescape(hit[2])
        if not marks.in_text(text):
            return hit[0]
        return hit[1] + escape(marks.redact(text)) + hit[3]

    return _CELL.sub(cell, xml)
