"""Small CSV files of every shape: what is read, numbered, noted and broken."""

import random

import pytest

from pipeline.errors import InputError
from pipeline.read import records
from pipeline.read.dialect import Dialect

PLAIN = "name,email\nAna,ana@example.com\nBob,bob@example.com\n"
TWO = [["Ana", "ana@example.com"], ["Bob", "bob@example.com"]]

SHAPES = {
    "comma": PLAIN,
    "semicolon": PLAIN.replace(",", ";"),
    "tab": PLAIN.replace(",", "\t"),
    "pipe": PLAIN.replace(",", "|"),
    "caret": PLAIN.replace(",", "^"),
    "no final newline": PLAIN.rstrip(),
    "crlf": PLAIN.replace("\n", "\r\n"),
    "cr": PLAIN.replace("\n", "\r"),
    "cr cr lf": PLAIN.replace("\n", "\r\r\n"),
    "blank lines": "\n\n" + PLAIN.replace("\n", "\n\n  \n"),
    "quoted": '"name","email"\n"Ana","ana@example.com"\n"Bob","bob@example.com"\n',
    "single quoted": "'name','email'\n'Ana','ana@example.com'\n'Bob','bob@example.com'\n",
    "blank before quote": 'name, email\nAna, "ana@example.com"\nBob, "bob@example.com"',
    "sep line": "sep=;\r\n" + PLAIN.replace(",", ";"),
    "quoted sep line": '"sep=;"\n' + PLAIN.replace(",", ";"),
    "bom": "\ufeff" + PLAIN,
    "bom and sep": "\ufeffsep=;\n" + PLAIN.replace(",", ";"),
    "title": "Customers of May\n\n" + PLAIN,
    "padded title": "Customers;;\nof May;;\n"
    + PLAIN.replace(",", ";").replace("\n", ";\n"),
    "comment": "# exported by a shop\n" + PLAIN,
    "dos end of file": PLAIN + "\x1a",
    "wrapped": '"name,email"\n"Ana,ana@example.com"\n"Bob,bob@example.com"\n',
    "wrapped but the header": 'name,email\n"Ana,ana@example.com"\n"Bob,""bob@example.com"""\n',
    "trailing delimiters": "name,email\nAna,ana@example.com,\nBob,bob@example.com,,\n",
    "empty rows at the end": PLAIN + ",\n,\n,\n",
    "nul bytes": PLAIN.replace("Ana", "A\x00na"),
}


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES.keys())
def test_one_table_in_every_shape(read, text):
    found = read(text)
    assert [column for column in found.columns if column != "column 3"] == [
        "name",
        "email",
    ]
    assert [row[:2] for row in found.rows] == TWO
    assert found.numbers == [1, 2]
    assert found.broken == []


@pytest.mark.parametrize("delimiter", ["tab", "\\t", "\t"])
def test_a_named_delimiter_overrules(read, delimiter):
    found = read("a,b\tc,d\n1,2\t3,4\n", delimiter=delimiter)
    assert found.columns == ("a,b", "c,d")


@pytest.mark.parametrize("delimiter", ["ab", '"', "\n", "||"])
def test_an_impossible_delimiter_is_said(read, delimiter):
    with pytest.raises(InputError, match="cannot be a delimiter"):
        read(PLAIN, delimiter=delimiter)


def test_cells_stay_as_they_are(read):
    cells = [
        "007",
        "+237670000001",
        "2.37E+11",
        " x ",
        "é",
        "NULL",
        "1,5",
        "=1+1",
        "'a",
    ]
    header = ";".join(f"h{i}" for i in range(len(cells)))
    found = read(f"{header}\n{';'.join(cells)}\n")
    assert found.rows == [cells]


def test_lines_are_physical_and_rows_count_records(read):
    found = read('a,b\r\n1,"x\ny\r\nz"\r\n\r\n2,\r\nlonely\r3,w\n')
    assert found.rows == [["1", "x\ny\r\nz"], ["2", None], ["3", "w"]]
    assert found.numbers == [1, 2, 4]
    assert found.lines == [2, 6, 8]
    [broken] = found.broken
    assert (broken.row, broken.line, broken.rule) == (3, 7, "ragged_row")
    assert (broken.text, broken.reason) == ("lonely", {"expected": 2, "found": 1})


def test_ragged_rows_keep_their_text_and_number(read):
    found = read('a,b,c\n1,2,3\n1,2\n"x",2,3,4\n4,5,6\n')
    assert found.numbers == [1, 4]
    assert [(r.row, r.line, r.text) for r in found.broken] == [
        (2, 3, "1,2"),
        (3, 4, '"x",2,3,4'),
    ]


def test_rows_of_empty_cells_count_where_others_follow(read):
    found = read("a,b\n1,2\n,\n3,4\n,\n,\n", chunk_rows=1)
    assert found.rows == [["1", "2"], [None, None], ["3", "4"]]
    assert found.notes == {"empty_rows_skipped": {"count": 2}}


def test_a_broken_record_behind_empty_rows_keeps_them(read):
    found = read("a,b\n1,2\n,\n1\n")
    assert (found.numbers, found.broken[0].row) == ([1, 2], 3)


QUOTES = {
    "opens and never closes": (
        'a,b\n1,x\n2,"y\n3,z\n4,w\n5,v\n',
        [["1", "x"], ["3", "z"], ["4", "w"], ["5", "v"]],
        [(2, 3, '2,"y')],
    ),
    "next row has quotes of its own": (
        'a,b\n1,"x"\n2,"y\n3,"z"\n4,"w"\n5,v\n',
        [["1", "x"], ["3", "z"], ["4", "w"], ["5", "v"]],
        [(2, 3, '2,"y')],
    ),
    "swallows a whole row": (
        'a,b\n"1,x\n2,y\n"3,z\n4,w\n5,v\n',
        [["2", "y"], ["4", "w"], ["5", "v"]],
        [(1, 2, '"1,x'), (3, 4, '"3,z')],
    ),
    "cut off at the end": ('a,b\n1,x\n2,"y', [["1", "x"]], [(2, 3, '2,"y')]),
    "cut off one line later": (
        'a,b\n1,x\n2,"y\nz',
        [["1", "x"]],
        [(2, 3, '2,"y\nz')],
    ),
}


@pytest.mark.parametrize(("text", "rows", "broken"), QUOTES.values(), ids=QUOTES.keys())
def test_an_unterminated_quote_costs_one_record(read, text, rows, broken):
    found = read(text)
    assert found.rows == rows
    assert [(r.row, r.line, r.text) for r in found.broken] == broken
    assert {r.rule for r in found.broken} == {"unterminated_quote"}


LOOSE = {
    "inner quotes": ('a,b\n"x "y" z",1\n', ['x "y" z', "1"]),
    "display name": (
        'a,b\n"Jane" <jane@example.com>,1\n',
        ['"Jane" <jane@example.com>', "1"],
    ),
    "display name with comma": (
        'a,b\n"Doe, J" <j@example.com>,1\n',
        ['"Doe, J" <j@example.com>', "1"],
    ),
    "inches": ('a,b\n5" pipe,1\n', ['5" pipe', "1"]),
    "formula text": ('a,b\n="0012",1\n', ['="0012"', "1"]),
    "backslash": ('a,b\n"x \\"y\\" z, w",1\n', ['x "y" z, w', "1"]),
    "backslash elsewhere": ('a,b\n"x \\"y\\" C:\\\\d\\n",1\n', ['x "y" C:\\d\\n', "1"]),
}


@pytest.mark.parametrize(("text", "row"), LOOSE.values(), ids=LOOSE.keys())
def test_loose_quotes_on_one_line_are_understood(read, text, row):
    assert read(text, delimiter=",").rows == [row]


def test_stray_bytes_break_their_record_only(read):
    data = "nom,ville\n" + "É,Yaoundé\n" * 50
    found = read(data.encode() + b"X\xff,Y\nZ\xfe\n" + "È,Yaoundé\n".encode())
    assert found.layout.encoding_evidence == "utf8_mostly"
    assert [(r.row, r.rule, r.text) for r in found.broken] == [
        (51, "undecodable", "X\\xff,Y"),
        (52, "undecodable", "Z\\xfe"),
    ]
    assert found.rows[-1] == ["È", "Yaoundé"]


def test_half_a_letter_at_the_end_of_utf16_is_said(read):
    found = read("nom,ville\nÉ,Y\n".encode("utf-16") + b"x")
    assert found.rows == [["É", "Y"]]
    assert [record.rule for record in found.broken] == ["undecodable"]


def test_utf16_without_mark_and_nul(read):
    text = "nom,ville\nÉ,Yaoundé\nA\x00b,c\n"
    found = read(text.encode("utf-16-le"))
    assert found.rows == [["É", "Yaoundé"], ["Ab", "c"]]
    assert found.layout.encoding_evidence == "null_pattern"
    assert found.notes["nul_bytes"] == {"count": 1}


@pytest.mark.parametrize("data", ["", "\n\n", "\ufeff", " \r\n\t\n", "\n" * 5000])
def test_an_empty_file_is_said(read, data):
    with pytest.raises(InputError, match="is empty"):
        read(data)


def test_a_header_alone_is_no_error(read):
    found = read("name,email\n")
    assert (found.columns, found.count, found.chunks) == (("name", "email"), 0, [])


def test_a_file_without_header_gets_positions(read):
    found = read("Ana,ana@example.com,+237670000001\n")
    assert found.columns == ("column 1", "column 2", "column 3")
    assert (found.layout.header_line, found.lines) == (0, [1])
    assert found.notes["no_header"] == {"columns": 3}


def test_has_header_overrules_both_ways(read):
    assert read("Ana,x\nBob,y\n", has_header=False).count == 2
    assert read("1,2\n3,4\n", has_header=True).columns == ("1", "2")


def test_headers_are_trimmed_unique_and_named(read):
    found = read("\ufeff id , name,,name,name_2,\n1,2,3,4,5,6\n")
    assert found.columns == ("id", "name", "column 3", "name_3", "name_2", "column 6")
    assert found.layout.headers == (" id ", " name", "", "name", "name_2", "")
    assert found.notes == {
        "empty_header": {"columns": "column 3, column 6"},
        "duplicate_header": {"columns": "name_3"},
    }


def test_a_known_header_wins_over_what_stands_above(read):
    text = "Shop,Douala,2024\nNom,Email,Tel\nAna,ana@example.com,1\n"
    known = {"Nom", "Email", "Tel"}
    found = read(text, looks_like_customers=lambda row: len(known & set(row)))
    assert found.columns == ("Nom", "Email", "Tel")
    assert found.notes["preamble_skipped"] == {"count": 1}


def test_chunks_hold_at_most_so_many_rows(read):
    text = "a,b\n" + "".join(f"{i},x\n" if i % 4 else f"{i}\n" for i in range(1, 12))
    found = read(text, chunk_rows=3)
    assert [len(chunk.rows) for chunk in found.chunks] == [3, 3, 3]
    order = [
        sorted([*chunk.rows.to_pylist(), *(r.row for r in chunk.broken)])
        for chunk in found.chunks
    ]
    assert order == [[1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_our_own_leftovers_come_back_as_they_were(read):
    text = (
        "name,phone,_row,_line,_outcome,_rule,_reason,_suggestion\n"
        "'=1+1,+237670000001,7,8,rejected,r,'=x,\n"
        "'plain,'+x,9,10,rejected,r,,\n"
    )
    found = read(text)
    assert found.is_returned
    assert found.columns == ("name", "phone")
    assert found.rows == [["=1+1", "+237670000001"], ["'plain", "+x"]]
    assert found.numbers == [1, 2]


def test_the_same_cells_without_row_column_keep_their_mark(read):
    assert read("name,x\n'=1+1,2\n").rows == [["'=1+1", "2"]]


def test_only_broken_records_still_make_a_chunk(read):
    found = read("a,b\n1\n")
    [chunk] = found.chunks
    assert (len(chunk), chunk.cells.num_rows, chunk.cells.column_names) == (
        1,
        0,
        ["a", "b"],
    )


def test_records_go_over_the_borders_of_blocks(read):
    row = '"' + "é\n" * 40 + '",2\n'
    count = 60_000
    found = read("a,b\n" + row * count, chunk_rows=10**6)
    assert found.count == count
    assert found.lines[-1] == 2 + 41 * (count - 1)
    assert {tuple(row) for row in found.rows} == {("é\n" * 40, "2")}


@pytest.mark.slow
def test_a_quote_that_swallows_megabytes_is_found(read):
    size = records.MAX_RECORD // 7 + 10
    found = read('a,b\n1,x\n2,"y\n' + "3,zzzz\n" * size)
    assert [(r.row, r.line, r.rule) for r in found.broken] == [
        (2, 3, "unterminated_quote")
    ]
    assert found.count == size + 2
    assert size * 7 > records.MAX_RECORD


ROWS = ["1,x\n", '2,"y"\r\n', '3,"a\nb\r\nc"\n', "lonely\n", '4,"z\n', "5,é\r", "\n"]


@pytest.mark.parametrize("weights", [[50, 50, 50, 1, 1, 0, 1], [5, 5, 5, 1, 1, 1, 1]])
def test_flaws_in_many_blocks_change_nothing_else(read, weights):
    picked = random.Random(7).choices(ROWS, weights, k=20_000)
    filler = "8," + "w" * 100 + "\n"
    text = filler + filler.join(picked) + filler
    found = read("a,b\n" + text)
    expected = list(records.Reader(Dialect(","), 2).records(text, at_end=True))
    whole = [r for r in expected if r.cells is not None and len(r.cells) == 2]
    assert found.count == len(expected)
    assert found.rows == [[cell or None for cell in r.cells] for r in whole]
    assert found.lines == [record.line + 2 for record in whole]
    assert len(found.broken) == len(expected) - len(whole)


def test_padding_in_most_rows_hides_no_cell(read):
    rows = ["1,x,\n"] * 300 + ["2,y\n", "3,z,\n", "4,w,extra\n", "5\n", "6,v,,\n"]
    found = read("a,b\n" + "".join(rows))
    assert [(r.row, r.reason) for r in found.broken] == [
        (303, {"expected": 2, "found": 3}),
        (304, {"expected": 2, "found": 1}),
    ]
    assert found.rows[-3:] == [["2", "y"], ["3", "z"], ["6", "v"]]
    assert found.notes["trailing_delimiter"] == {"count": 302}
    tidy = read("a,b\n" + "1,x,\n" * 300 + "1\n")
    assert (tidy.count, tidy.broken[0].row) == (301, 301)
    assert tidy.broken[0].reason == {"expected": 2, "found": 1}
    assert tidy.notes["trailing_delimiter"] == {"count": 300}


@pytest.mark.slow
def test_a_line_without_end_is_said(read):
    with pytest.raises(InputError, match="a line of more than 64 MB"):
        read("a,b\n1," + "x" * (70 << 20))
