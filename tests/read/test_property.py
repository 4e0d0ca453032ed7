"""Whatever is written as CSV reads back the same, by either reader."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipeline.read import ReadOptions, fast, open_source
from pipeline.read.dialect import Dialect
from pipeline.read.records import Reader

CHARS = st.characters(codec="utf-8", exclude_characters="\x00\ufeff")
CELL = st.one_of(
    st.text(CHARS, max_size=12),
    st.text(st.sampled_from(" ,;|\t\"'\n\r=+-éñ€0\u2028\x1c"), max_size=8),
    st.sampled_from(["007", "+237670000001", "1e5", "NULL", "nan", '""', " x "]),
)
LATIN_CELL = st.text(st.sampled_from("aé€ß “”,;\"'\n0ÿ"), max_size=8)


def tables(cell):
    return st.integers(1, 5).flatmap(
        lambda width: st.lists(
            st.lists(cell, min_size=width, max_size=width), min_size=1, max_size=12
        )
    )


def written(rows, *, delimiter, newline, quoting, encoding):
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=newline, quoting=quoting
    )
    header = [f"column{i}" for i in range(len(rows[0]))]
    writer.writerow(header)
    writer.writerows(rows)
    return header, text.getvalue().encode(encoding)


def read_back(data, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        path.write_bytes(data)
        with open_source(str(path), ReadOptions(has_header=True, **options)) as source:
            chunks = list(source.chunks())
        assert not any(chunk.broken for chunk in chunks)
        rows = [
            [cell or "" for cell in row.values()]
            for chunk in chunks
            for row in chunk.cells.to_pylist()
        ]
        numbers = [row for chunk in chunks for row in chunk.rows.to_pylist()]
        return source.layout, rows, numbers


def without_empty_end(rows):
    full = list(rows)
    while full and not any(full[-1]):
        full.pop()
    return full


def is_plain(rows):
    """Python 3.11's writer leaves a bare carriage return unquoted."""
    return not any("\r" in cell or "\n" in cell for row in rows for cell in row)


@given(
    rows=tables(CELL),
    delimiter=st.sampled_from(",;\t|"),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    chunk_rows=st.sampled_from([1, 3, 50_000]),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([["", ""], ["x", ""], ["", ""]], ",", "\n", False, "utf-8", 50_000)
def test_any_table_reads_back_identically(
    rows, delimiter, newline, quote_all, encoding, chunk_rows
):
    only_blank = len(rows[0]) == 1 and any(not row[0].strip(" \t\x1a") for row in rows)
    quoting = csv.QUOTE_MINIMAL
    if quote_all or only_blank or not is_plain(rows):
        quoting = csv.QUOTE_ALL
    header, data = written(
        rows, delimiter=delimiter, newline=newline, quoting=quoting, encoding=encoding
    )
    # UTF-8 is named because a few letters cannot prove it; marks prove themselves.
    options = {"encoding": "utf-8"} if encoding == "utf-8" else {}
    layout, found, numbers = read_back(
        data, delimiter=delimiter, chunk_rows=chunk_rows, **options
    )
    assert layout.columns == tuple(header)
    assert found == without_empty_end(rows)
    assert numbers == list(range(1, len(found) + 1))


@given(rows=tables(LATIN_CELL), delimiter=st.sampled_from(",;"))
@settings(max_examples=60, deadline=None)
def test_a_named_8_bit_encoding_reads_back_identically(rows, delimiter):
    header, data = written(
        rows,
        delimiter=delimiter,
        newline="\r\n",
        quoting=csv.QUOTE_ALL,
        encoding="cp1252",
    )
    layout, found, _ = read_back(data, delimiter=delimiter, encoding="cp1252")
    assert (layout.encoding, layout.columns) == ("cp1252", tuple(header))
    assert found == without_empty_end(rows)


@given(
    text=st.text(st.sampled_from('ab,"\n\r é'), max_size=40),
    width=st.integers(1, 3),
    at_end=st.booleans(),
)
@settings(max_examples=800, deadline=None)
@example('a,"b""c"\r\n\r\n"x\ny",z', 2, True)
@example('"a","b"\n"c"', 2, False)
def test_where_the_quick_reader_answers_the_patient_one_agrees(text, width, at_end):
    dialect = Dialect(",")
    data = text.encode()
    quick = fast.read_block(data, dialect, width, at_end=at_end)
    if quick is None:
        return
    done = data[: quick.end].decode()
    records = list(Reader(dialect, width).records(done, at_end=True))
    assert [record.line for record in records] == quick.lines.tolist()
    ragged = {row.place: row.found for row in quick.ragged}
    whole = []
    for place, record in enumerate(records):
        assert record.cells is not None
        if place in ragged:
            assert len(record.cells) == ragged[place] != width
        else:
            whole.append([cell or None for cell in record.cells])
    assert [list(row.values()) for row in quick.table.to_pylist()] == whole
