"""Customer files of the inbox: the person's records are cut out of them."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import InputError
from pipeline.files.publish import atomic
from pipeline.normalise.email import normalise_emails
from pipeline.normalise.findings import REPAIRS
from pipeline.normalise.phone import Regions, normalise_phones
from pipeline.normalise.phonecell import Policy
from pipeline.normalise.textarrays import as_text, blank_to_null
from pipeline.read import RawChunk, ReadOptions, open_source
from pipeline.read.source import Source
from pipeline.traces.parquet import places_in
from pipeline.traces.texts import Text
from pipeline.traces.values import JSON, Who

_NUMBER = r"\d(?:[^0-9A-Za-z]{0,3}\d){6}"
_LINE_END = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")
_ALL = Policy(True, frozenset(REPAIRS))


class Original:
    """A customer file in any form an import reads; `region` dials its bare numbers.

    A CSV loses the person's lines, every other byte stays. A workbook, or a packed
    file, is replaced by a CSV of the other rows, `<name>.csv` beside it.
    """

    kind = "customer file"
    act = "remove lines"

    def __init__(self, region: str) -> None:
        self._region = region

    def find(self, path: Path, who: Who) -> list[dict[str, JSON]]:
        """Return the person's records as they were read."""
        try:
            with _opened(path) as source:
                return [
                    record
                    for chunk in source.chunks()
                    for record in self._records(chunk, who)
                ]
        except InputError:
            return Text().find(path, who)

    def erase(self, path: Path, who: Who) -> None:
        """Rewrite the file without them."""
        try:
            with _opened(path) as source:
                lines, left = self._split(source, who)
                encoding = source.layout.encoding
                is_plain = (
                    source.layout.kind == "csv" and source.layout.name == path.name
                )
            is_cut = is_plain and encoding and _cut(path, encoding, lines)
            if is_cut and self._is_clean(path, who, len(left) - 1):
                return
            target = path if is_plain else path.with_name(f"{path.name}.csv")
            _rewrite(target, left)
            if target != path:
                path.unlink()
        except InputError:
            Text().erase(path, who)

    def _is_clean(self, path: Path, who: Who, rows: int) -> bool:
        """Tell whether a file that was cut still has its other rows, and only them."""
        try:
            with _opened(path) as source:
                chunks = list(source.chunks())
        except InputError:
            return rows == 0
        found = sum(len(self._places(chunk, who)) for chunk in chunks)
        return not found and sum(len(chunk) for chunk in chunks) == rows

    def _records(self, chunk: RawChunk, who: Who) -> Iterator[dict[str, JSON]]:
        lines = chunk.lines
        for place in self._places(chunk, who):
            cells = chunk.cells.slice(place, 1).to_pylist()[0]
            yield {
                "line": lines[place].as_py(),
                **{k: v for k, v in cells.items() if v},
            }
        for record in chunk.broken:
            if who.marks.is_theirs([record.text]):
                yield {"line": record.line, "text": record.text}

    def _places(self, chunk: RawChunk, who: Who) -> list[int]:
        found = set(places_in(chunk.cells, who, ()))
        for column in chunk.cells.columns:
            found.update(self._read(blank_to_null(as_text(column)), who))
        found.update(_by_name(chunk.cells, who))
        return sorted(found)

    def _read(self, cells: Any, who: Who) -> Iterator[int]:
        """Yield places whose cell an import would read as a contact of the person."""
        person = who.marks.person
        length = len(cells)
        if person.phones and _any(cells, _NUMBER):
            regions = Regions(
                (self._region,), np.zeros(length, np.int64), np.zeros(length, np.bool_)
            )
            numbers = normalise_phones(cells, regions, _ALL).column
            yield from _equal(numbers.values, person.phones - person.shared)
            for place, further in numbers.further.items():
                if person.phones.intersection(further) - person.shared:
                    yield place
        if person.emails and _any(cells, "@"):
            values = normalise_emails(cells, frozenset(REPAIRS)).values
            lower = pc.utf8_lower(values)
            yield from _equal(lower, person.emails - person.shared)

    def _split(
        self, source: Source, who: Who
    ) -> tuple[list[tuple[int, int | None]], list[list[str]]]:
        """Return the spans of lines to cut, and header and rows of all that is left."""
        starts: list[int] = []
        gone: set[int] = set()
        left = [list(source.layout.headers)]
        for chunk in source.chunks():
            places = set(self._places(chunk, who))
            for place, line in enumerate(chunk.lines.to_pylist()):
                starts.append(line)
                if place in places:
                    gone.add(line)
                else:
                    row = chunk.cells.slice(place, 1).to_pylist()[0]
                    left.append([cell or "" for cell in row.values()])
            for record in chunk.broken:
                starts.append(record.line)
                if who.marks.is_theirs([record.text]):
                    gone.add(record.line)
                else:
                    left.append([record.text])
        starts.sort()
        following = dict(zip(starts, [*starts[1:], None], strict=True))
        return [(line, following[line]) for line in sorted(gone)], left


def _opened(path: Path) -> Source:
    return open_source(str(path), ReadOptions())


def _any(cells: Any, pattern: str) -> bool:
    hits = pc.any(pc.match_substring_regex(cells, pattern))
    return bool(hits.as_py())


def _equal(values: Any, wanted: frozenset[str]) -> list[int]:
    hits = pc.is_in(values, value_set=pa.array(sorted(wanted), pa.string()))
    places: list[int] = pc.indices_nonzero(hits).to_pylist()
    return places


def _by_name(cells: pa.Table, who: Who) -> Iterator[int]:
    """Yield places of rows that hold the person's whole name and nobody else's contact."""
    maybe: set[int] = set()
    for column in cells.columns:
        hits = pc.match_substring_regex(column, who.marks.name_hint, ignore_case=True)
        maybe.update(pc.indices_nonzero(hits.fill_null(False)).to_pylist())
    for place in sorted(maybe):
        if who.marks.is_theirs(cells.slice(place, 1).to_pylist()[0].values()):
            yield place


def _cut(path: Path, encoding: str, spans: list[tuple[int, int | None]]) -> bool:
    """Cut physical lines (first, first behind) out of a CSV; False where it cannot be."""
    codec = "utf-8" if encoding.lower().replace("_", "-") == "utf-8-sig" else encoding
    errors = "surrogateescape" if codec.lower().startswith("utf-8") else "strict"
    try:
        lines = _LINE_END.split(path.read_bytes().decode(codec, errors))
        for first, behind in reversed(spans):
            del lines[first - 1 : None if behind is None else behind - 1]
        content = "".join(lines).encode(codec, errors)
    except (UnicodeError, LookupError):
        return False
    with atomic(path, mode=path.stat().st_mode & 0o777) as draft:
        draft.write_bytes(content)
    return True


def _rewrite(path: Path, lines: list[list[str]]) -> None:
    with (
        atomic(path) as draft,
        draft.open("w", encoding="utf-8-sig", newline="") as file,
    ):
        csv.writer(file).writerows(lines)
