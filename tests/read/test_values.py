"""Chunks travel between processes, and reading stays light."""

import pickle
import subprocess
import sys

import pyarrow as pa
import pytest

from pipeline.read import BrokenRecord, RawChunk, open_source
from pipeline.read.header import find_header
from schemas.rules import rules


def chunk(names, rows):
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return RawChunk(
        rows=pa.array(range(1, len(rows) + 1), pa.int64()),
        lines=pa.array(range(2, len(rows) + 2), pa.int64()),
        cells=pa.table([pa.array(c, pa.string()) for c in columns], names=names),
        broken=(BrokenRecord(9, 10, "ragged_row", "x", {"found": 1}),),
    )


@pytest.mark.parametrize(
    "original",
    [
        chunk(["name", "é\x1f,"], [["Ana", None], ["Bob", "x"]]),
        chunk(["rows", "lines"], [["a", "b"]]),
        chunk(["name"], []),
        chunk([], []),
    ],
)
def test_a_chunk_survives_the_way_to_a_worker(original):
    copy = pickle.loads(pickle.dumps(original))
    assert copy.rows.equals(original.rows)
    assert copy.lines.equals(original.lines)
    assert copy.cells.equals(original.cells)
    assert copy.broken == original.broken
    assert len(copy) == len(original)


def test_a_slice_travels_without_its_neighbours():
    large = chunk(["name"], [["x" * 100]] * 10_000)
    part = RawChunk(large.rows[:1], large.lines[:1], large.cells.slice(0, 1))
    assert len(pickle.dumps(part)) < 5_000


def test_a_sample_is_the_beginning(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n3\n4,5\n6,7\n")
    with open_source(str(path)) as source:
        sample = source.sample(2)
        assert sample.cells.to_pylist() == [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}]
        assert [record.row for record in sample.broken] == [2]
        assert source.sample(100).cells.num_rows == 3
    path.write_text("a,b\n")
    with open_source(str(path)) as source:
        assert source.sample(2).cells.column_names == ["a", "b"]


def test_importing_the_reader_brings_no_pandas():
    code = "import sys, pipeline.read; print('pandas' in sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout == "False\n"


@pytest.mark.parametrize(
    "rule", ["ragged_row", "unterminated_quote", "undecodable", "wrapped_lines"]
)
def test_each_rule_of_reading_speaks_two_languages(rule):
    assert rules()[rule].stage == "reading"
    assert rules()[rule].message("en") != rules()[rule].message("fr")


HEADERS = {
    "plain": ([["a", "b"], ["1", "2"]], 0),
    "first name blank": ([["", "a", "b"], ["x", "1", "2"]], 0),
    "years": ([["city", "2020", "2021"], ["x", "1", "2"]], 0),
    "only years": ([["2020", "2021"], ["1", "2"]], 0),
    "all numbers": ([["1", "2"], ["3", "4"]], -1),
    "an address": ([["Ana", "ana@example.com"], ["Bob", "b@example.com"]], -1),
    "a phone": ([["Ana", "+237 670 00 00 01"], ["Bob", "+237670000002"]], -1),
    "short title": ([["Title"], ["a", "b"], ["1", "2"], ["3", "4"]], 1),
    "padded title": ([["Title", "", ""], ["a", "b", "c"], ["1", "2", "3"]], 1),
    "comment": ([["# x", "y", "", ""], ["a", "b", "c", "d"], ["1", "2", "3", "4"]], 1),
    "comment over one column": ([["# x"], ["a"], ["1"]], 1),
    "sparse data": ([["a", "b", "c"], ["1", "", ""], ["", "", "2"]], 0),
    "one column": ([["a"], ["1"]], 0),
    "header alone": ([["a", "b"]], 0),
    "title alone": ([["Title"]], 0),
    "two of two columns": ([["Title", ""], ["a", "b"], ["1", "2"]], 0),
    "nothing but comments": ([["# x"], ["# y"]], 1),
}


@pytest.mark.parametrize(("rows", "place"), HEADERS.values(), ids=HEADERS.keys())
def test_the_header_row_is_found(rows, place):
    assert find_header(rows, None).place == place
