"""Workbooks: the right sheet, cells as a person typed them, and one clear error each."""

import datetime as dt
import io
import marshal
import signal
import struct
import subprocess
import sys
import zipfile

import pytest
import xlsxwriter

from pipeline.errors import InputError
from pipeline.read import ReadOptions, open_source, workbook_child
from pipeline.read.process import Child, Limits
from pipeline.read.workbook_child import cell_text
from schemas.rules import rules

KNOWN = {"Nom", "Email", "Téléphone"}
CUSTOMERS = [
    ["Nom", "Email", "Téléphone"],
    ["Ana", "ana@example.com", 237670000001],
    ["Bob", "bob@example.com", "+237670000002"],
]
ROWS = [
    ["Ana", "ana@example.com", "237670000001"],
    ["Bob", "bob@example.com", "+237670000002"],
]


def looks_like_customers(row):
    return len(KNOWN & set(row))


def book(change=None, **sheets):
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name.replace("_", " "))
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            if change:
                change(workbook, sheet)
    return data.getvalue()


def rewritten(data, change):
    """Return a workbook whose members went through `change(name, content)`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("name", ["x.xlsx", "x.csv", "x.xls", "x"])
def test_a_workbook_is_read_whatever_its_name(read, name):
    found = read(book(Clients=CUSTOMERS), name)
    assert (found.layout.kind, found.layout.sheet) == ("xlsx", "Clients")
    assert found.columns == ("Nom", "Email", "Téléphone")
    assert found.rows == ROWS
    assert (found.numbers, found.lines, found.layout.header_line) == ([1, 2], [2, 3], 1)
    assert found.notes == {}


CELLS = [
    (237671234567.0, "237671234567"),
    (0.0, "0"),
    (-1.0, "-1"),
    (100.01, "100.01"),
    (1e15, "1000000000000000"),
    (1e20, "100000000000000000000"),
    (9.22337203685478e19, "92233720368547800000"),
    (1.5e-7, "0.00000015"),
    (2.5e300, "25" + "0" * 299),
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    (True, "TRUE"),
    (False, "FALSE"),
    (12, "12"),
    ("007", "007"),
    (" x ", " x "),
    ("", None),
    (None, None),
    (dt.date(2024, 1, 2), "2024-01-02"),
    (dt.datetime(2024, 1, 2), "2024-01-02"),  # noqa: DTZ001 - cells have no zone
    (dt.datetime(2024, 1, 2, 3, 4, 5), "2024-01-02 03:04:05"),  # noqa: DTZ001 - as above
    (dt.time(3, 4), "03:04:00"),
    (dt.timedelta(hours=27, minutes=17, seconds=54), "27:17:54"),
    (dt.timedelta(hours=-1), "-1:00:00"),
    (b"odd", "b'odd'"),
]


@pytest.mark.parametrize(("cell", "text"), CELLS)
def test_cells_become_the_text_that_was_typed(cell, text):
    assert cell_text(cell) == text


def test_typed_cells_come_through_a_workbook(read):
    def change(workbook, sheet):
        date = workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, ["a", "b", "c", "d", "e"])
        sheet.write_datetime(1, 0, dt.datetime(2024, 1, 2), date)  # noqa: DTZ001 - cells have no zone
        sheet.write_boolean(1, 1, True)
        sheet.write_number(1, 2, 0)
        sheet.write_string(1, 3, "007")
        sheet.write_number(2, 4, 0)

    found = read(book(change, x=[]), has_header=True)
    assert found.rows == [
        ["2024-01-02", "TRUE", "0", "007", None],
        [None, None, None, None, "0"],
    ]


def test_blank_rows_do_not_end_the_sheet(read):
    rows = [[], ["Clients de mai"], [], *CUSTOMERS[:2], [], CUSTOMERS[2]]
    found = read(book(x=rows))
    assert found.rows == ROWS
    assert (found.numbers, found.lines, found.layout.header_line) == ([1, 2], [5, 7], 4)
    assert found.notes == {"preamble_skipped": {"count": 1}}


def test_a_table_that_begins_to_the_right_has_no_empty_columns(read):
    found = read(book(x=[["", "", *row] for row in CUSTOMERS]))
    assert found.rows == ROWS


def test_a_sheet_without_header_gets_positions(read):
    found = read(book(x=CUSTOMERS[1:]))
    assert found.columns == ("column 1", "column 2", "column 3")
    assert (found.layout.header_line, found.lines) == (0, [1, 2])
    below = read(book(x=[["Clients"], *CUSTOMERS[1:]]), has_header=False)
    assert (below.count, below.lines) == (2, [2, 3])


def test_a_header_alone_is_no_error(read):
    found = read(book(x=CUSTOMERS[:1]))
    assert (found.columns, found.count) == (("Nom", "Email", "Téléphone"), 0)


SHEETS = {
    "Lisez_moi": [["Bonjour"], ["Voici"]],
    "Empty": [],
    "Ventes": [["Date", "Montant"], ["x", 1], ["y", 2]],
    "Clients": CUSTOMERS,
}


def test_the_sheet_that_looks_like_customers_is_read(read):
    found = read(book(**SHEETS), looks_like_customers=looks_like_customers)
    assert found.layout.sheet == "Clients"
    assert found.layout.other_sheets == ("Lisez moi", "Empty", "Ventes")
    assert found.notes["other_sheets"] == {
        "sheet": "Clients",
        "others": "Lisez moi, Empty, Ventes",
    }


@pytest.mark.parametrize("sheet", ["Clients", "clients ", "4"])
def test_a_named_sheet_overrules(read, sheet):
    assert read(book(**SHEETS), sheet=sheet).rows == ROWS


def test_a_sheet_called_by_a_number_wins_over_the_position(read):
    found = read(book(**{"First": [["a"], ["b"]], "1": CUSTOMERS}), sheet="1")
    assert found.rows == ROWS


@pytest.mark.parametrize(
    ("sheet", "words"),
    [("Kunden", "has no sheet `Kunden`"), ("9", "no sheet `9`"), ("2", "is empty")],
)
def test_a_sheet_that_cannot_be_read_is_said_with_the_others(read, sheet, words):
    with pytest.raises(InputError, match=words) as caught:
        read(book(**SHEETS), sheet=sheet)
    assert "`Lisez moi`, `Empty`, `Ventes`, `Clients`" in caught.value.hint


def test_a_workbook_without_cells_is_said(read):
    with pytest.raises(InputError, match="is empty: no sheet holds a cell"):
        read(book(A=[], B=[]))


def tricky(workbook, sheet):
    sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
    sheet.write_formula(2, 3, "=1+1", None, 2)
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.set_column(1, 1, None, None, {"hidden": True})
    sheet.merge_range(4, 0, 4, 2, "merged")
    assert workbook


def test_what_a_sheet_hides_is_said(read):
    data = rewritten(
        book(tricky, x=CUSTOMERS),
        lambda name, content: (
            content.replace(b"</f><v>2</v>", b"</f>") if "sheet1" in name else content
        ),
    )
    found = read(data)
    assert found.notes == {
        "empty_header": {"columns": "column 4"},
        "merged_cells": {"count": 1},
        "error_cells": {"count": 1},
        "formula_cells": {"count": 2},
        "formula_without_value": {"count": 1},
        "hidden_rows": {"count": 1},
        "hidden_columns": {"count": 1},
    }
    assert set(found.notes) <= set(rules())


def test_the_xml_of_a_large_sheet_is_looked_through_meanwhile(read, monkeypatch):
    monkeypatch.setattr("pipeline.read.workbook.FACTS_APART", 0)
    found = read(book(tricky, x=CUSTOMERS))
    assert found.notes["hidden_rows"] == {"count": 1}
    assert found.count == 3


def test_unusual_parts_cost_no_facts_but_nothing_else(read):
    def move(name, content):
        return content.replace(b"rId1", b"rId91") if "workbook.xml" in name else content

    assert read(rewritten(book(x=CUSTOMERS), move)).rows == ROWS


def test_strict_ooxml_reads_like_any_other(read):
    def strict(_, content):
        return content.replace(
            b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        ).replace(
            b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    assert read(rewritten(book(x=CUSTOMERS), strict)).rows == ROWS


def test_one_damaged_sheet_does_not_hide_the_others(read):
    data = rewritten(
        book(A=CUSTOMERS, B=CUSTOMERS),
        lambda name, content: content[:300] if "sheet1" in name else content,
    )
    assert read(data).layout.sheet == "B"


def ole(directory_link, tail=b""):
    """Return a small OLE file whose directory is followed by sector `directory_link`."""
    head = bytearray(512)
    head[:8] = bytes.fromhex("d0cf11e0a1b11ae1")
    struct.pack_into("<5H", head, 24, 0x3E, 3, 0xFFFE, 9, 6)
    end = 0xFFFFFFFE
    struct.pack_into("<9I", head, 40, 0, 1, 1, 0, 4096, end, 0, end, 0)
    head[76:512] = struct.pack("<I", 0) + b"\xff" * 432
    fat = struct.pack("<2I", 0xFFFFFFFD, directory_link).ljust(512, b"\xff")
    entry = bytearray(512)
    entry[:20] = "Root Entry".encode("utf-16-le")
    struct.pack_into("<HBB", entry, 64, 22, 5, 1)
    struct.pack_into("<3I", entry, 68, *[0xFFFFFFFF] * 3)
    struct.pack_into("<I", entry, 116, end)
    return bytes(head) + fat + bytes(entry) + tail


def bomb(name, content):
    if name != "xl/sharedStrings.xml":
        return content
    entities = '<!ENTITY a "' + "a" * 50 + '">'
    for one, other in zip("abcdefgh", "bcdefghi", strict=True):
        entities += f'<!ENTITY {other} "{f"&{one};" * 20}">'
    text = content.replace(b"<sst", f"<!DOCTYPE l [{entities}]><sst".encode(), 1)
    return text.replace(b"Nom", b"&i;")


def far(name, content):
    if "sheet1" not in name:
        return content
    return content.replace(b'r="3"', b'r="1048576"').replace(
        b'r="C3"', b'r="XFD1048576"'
    )


LOCKED = ole(0xFFFFFFFE, "EncryptedPackage".encode("utf-16-le"))
HOSTILE = {
    "endless directory": (ole(1), "needs more memory"),
    "cell at the far end": (rewritten(book(x=CUSTOMERS), far), "needs more memory"),
    "entity bomb": (rewritten(book(x=CUSTOMERS), bomb), "cannot be read as a workbook"),
    "empty directory": (ole(0xFFFFFFFE), "cannot be read as a workbook"),
    "encrypted": (LOCKED, "protected by a password"),
    "encrypted further on": (
        ole(0xFFFFFFFE, b"x" * 1_048_576 + LOCKED),
        "protected by a password",
    ),
    "broken xml": (
        rewritten(book(x=CUSTOMERS), lambda n, c: c[:300] if "sheet1" in n else c),
        "cannot be read as a workbook",
    ),
    "missing sheet": (
        rewritten(book(x=CUSTOMERS), lambda n, c: None if "sheet1" in n else c),
        "sheet x is missing",
    ),
    "cut off": (book(x=CUSTOMERS)[:-100], "damaged archive or workbook"),
}


@pytest.mark.parametrize(("data", "words"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_and_damaged_workbooks_cost_one_clear_error(read, data, words):
    with pytest.raises(InputError, match=words) as caught:
        read(data, "x.xlsx")
    assert caught.value.hint
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("signum", "words"),
    [
        (signal.SIGXCPU, "takes longer to read"),
        (signal.SIGABRT, "needs more memory"),
    ],
)
def test_a_child_that_is_stopped_is_explained(tmp_path, signum, words):
    path = tmp_path / "x.xlsx"
    path.write_bytes(book(x=CUSTOMERS))
    child = Child(path, "x.xlsx", "xlsx")
    child.ask("sheets")
    assert child.answer() == ("sheets", [("x", True, True)])
    child._process.send_signal(signum)
    child._process.wait()
    with pytest.raises(InputError, match=words):
        child.answer()
    with pytest.raises(InputError, match=words):
        child.ask("head 0")
    child.close()


def test_limits_grow_with_the_file():
    small, large = Limits.of(1000), Limits.of(1 << 30)
    assert small.memory < large.memory <= 4 << 30
    assert small.seconds < large.seconds


def test_a_source_that_is_not_read_leaves_no_child(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(book(x=CUSTOMERS))
    with open_source(str(path), ReadOptions()) as source:
        assert source.sample(1).cells.num_rows == 1
        assert source.sample(1).cells.num_rows == 1
        assert sum(len(chunk) for chunk in source.chunks(1)) == 2
    with open_source(str(path)):
        pass


def test_our_own_workbooks_come_back_as_they_were(read):
    rows = [["Nom", "_row", "_reason"], ["'=1", 5, "x"]]
    found = read(book(x=rows))
    assert (found.columns, found.rows) == (("Nom",), [["=1"]])


def answers(data):
    """Return the marshalled answers in a child's output."""
    found = []
    while data:
        size = int.from_bytes(data[:8], "little")
        found.append(marshal.loads(data[8 : 8 + size]))
        data = data[8 + size :]
    return found


@pytest.mark.parametrize("name", ["x.xlsx", "x.bin"])
def test_the_child_answers_its_commands(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(book(tricky, Clients=CUSTOMERS, Leer=[]))
    opened = workbook_child.Book(str(path), "xlsx")
    out = io.BytesIO()
    commands = [
        "head 0\n",
        "head 7\n",
        "rows 0 1\n",
        f"facts {b'Clients'.hex()}\n",
    ]
    workbook_child.serve(opened, iter(commands), out)
    head, unreadable, rows, end, facts = answers(out.getvalue())
    assert opened.sheets() == [("Clients", True, True), ("Leer", True, True)]
    assert head[:2] == ("head", 1)
    assert head[2][0] == (1, ["Nom", "Email", "Téléphone", None])
    assert unreadable[:2] == ("unreadable", "WorksheetNotFound")
    assert rows[:2] == ("rows", [2, 3, 5])
    assert rows[2][2] == ("texts", b"237670000001\0+237670000002\0")
    assert end == ("end",)
    assert facts[1]["formula_cells"] == 2


def test_sheets_are_not_all_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_child, "_KEPT_CELLS", 10)
    path = tmp_path / "x.xlsx"
    path.write_bytes(book(A=CUSTOMERS, B=CUSTOMERS, C=[]))
    opened = workbook_child.Book(str(path), "xlsx")
    for place in (0, 1, 0, 2):
        opened.head(place)
    assert list(opened._loaded) == [0, 2]


def test_facts_are_for_xlsx_only(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(book(x=CUSTOMERS))
    opened = workbook_child.Book(str(path), "xlsx")
    assert opened.facts("missing") == {}
    opened._form = "xls"
    assert opened.facts("x") == {}


def test_facts_are_counted_over_borders_of_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook_child, "_XML_BLOCK", 37)
    path = tmp_path / "x.xlsx"
    path.write_bytes(book(tricky, x=CUSTOMERS))
    facts = workbook_child.Book(str(path), "xlsx").facts("x")
    assert facts == {
        "error_cells": 1,
        "formula_cells": 2,
        "hidden_rows": 1,
        "hidden_columns": 1,
    }


def test_a_book_without_links_has_no_facts(tmp_path):
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    assert workbook_child.xlsx_facts(str(path), "x") == {}


@pytest.mark.parametrize("data", [book(x=CUSTOMERS), b"PK no workbook"])
def test_the_child_runs_from_its_command_line(tmp_path, data):
    path = tmp_path / "x.xlsx"
    path.write_bytes(data)
    child = workbook_child.__file__
    ran = subprocess.run(
        [sys.executable, "-I", child, str(path), "xlsx", str(1 << 30), "20"],
        input=b"sheets\nrows 0 0\n",
        capture_output=True,
        check=True,
    )
    first, *_ = answers(ran.stdout)
    assert first[0] == ("sheets" if data.startswith(b"PK\x03") else "error")
