"""Helpers to write a file, read it whole and tell what was found."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.read import ReadOptions, open_source

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def read_whole(path, **options):
    """Return layout, rows (lists, empty cell None), numbers, lines and broken."""
    with open_source(str(path), ReadOptions(**options)) as source:
        chunks = list(source.chunks())
        return SimpleNamespace(
            layout=source.layout,
            columns=source.layout.columns,
            rows=[
                list(row.values())
                for chunk in chunks
                for row in chunk.cells.to_pylist()
            ],
            numbers=[n for chunk in chunks for n in chunk.rows.to_pylist()],
            lines=[n for chunk in chunks for n in chunk.lines.to_pylist()],
            broken=[record for chunk in chunks for record in chunk.broken],
            count=sum(len(chunk) for chunk in chunks),
            notes={note.rule: dict(note.facts) for note in source.layout.notes},
            is_returned=source.is_returned,
            chunks=chunks,
        )


@pytest.fixture
def read(tmp_path):
    """Write bytes (or text as UTF-8) to a file and read it whole."""

    def write_and_read(data, name="table.csv", **options):
        path = tmp_path / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return read_whole(path, **options)

    return write_and_read


@pytest.fixture
def corpus():
    if not CORPUS.is_dir():
        pytest.skip("the shared corpus is not beside this checkout")
    return CORPUS
