"""`rejected.xlsx`: what is wrong is shown where it is; corrected, it is imported as it is."""

import errno
import random
import stat
import zipfile

import openpyxl
import pytest
import xlsxwriter

from pipeline.errors import DiskError
from pipeline.files.publish import disk_errors
from pipeline.read import ReadOptions, open_source
from pipeline.report.leftovers import Leftover
from pipeline.report.words import Words
from pipeline.report.workbook import MOST_ROWS, Mark, RejectedRows, write_rejected_book
from pipeline.runs import engines, rejected_book

EN = Words("en")
HEADER = ("Nom", "E-mail", "Téléphone", "Ville")
GOOD = ("Awa Sow", "awa@example.com", "+237670000001", "Douala")
SHORT = ("Ben Eto'o", "", "6700", "Yaoundé")
NOBODY = ("Chloé Ngo", "", "", "=1+1")
BOTH = ("Dan Biya", "dan@", "67 00", "0012")
LETTER_O = ("Eve Fotso", "", "67000O004", "+237 1")


def sheet(path):
    return openpyxl.load_workbook(path).worksheets[0]


def notes(path):
    """Return (row, column's name) -> the note there, and the coloured cells."""
    rows = sheet(path)
    head = [cell.value for cell in rows[1]]
    found, red = {}, set()
    for line in rows.iter_rows(min_row=2):
        for cell in line:
            place = (cell.row - 1, head[cell.column - 1])
            if cell.comment:
                found[place] = cell.comment.text
            if cell.fill.start_color.rgb == "FFFFC7CE":
                red.add(place)
    return found, red


@pytest.fixture
def checked(world):
    """Return the folder of a check whose rows are mostly wrong."""
    made = world()
    file = made.file([GOOD, SHORT, NOBODY, BOTH, LETTER_O], header=HEADER)
    return made, made.check(file)


def test_bad_cells_are_coloured_and_explained(checked):
    _, left = checked
    found, red = notes(left.path / "rejected.xlsx")
    assert red == {
        (1, "Téléphone"),
        (2, "E-mail"),
        (2, "Téléphone"),
        (3, "E-mail"),
        (3, "Téléphone"),
        (4, "Téléphone"),
    }
    assert set(found) == red - {(2, "Téléphone")}
    assert "too few digits" in found[1, "Téléphone"]
    assert "Add the missing digits" in found[1, "Téléphone"]
    assert "Perhaps: +237670000004" in found[4, "Téléphone"]


def test_the_sheet_looks_as_the_csv(checked):
    _, left = checked
    rows = sheet(left.path / "rejected.xlsx")
    lines = [[cell.value or "" for cell in line] for line in rows.iter_rows()]
    told = left.csv("rejected")
    assert lines[0] == list(told[0])
    assert lines[1:] == [list(line.values()) for line in told]
    assert {c.data_type for line in rows.iter_rows() for c in line} <= {
        "s",
        "n",
        "inlineStr",
    }
    assert {c.number_format for c in rows[2] if c.value} == {"@"}
    assert rows.freeze_panes == "A2"
    assert rows.auto_filter.ref == "A1:J5"
    assert left.summary["files"]["rejected.xlsx"] == {"rows": 4, "of": 4}


def test_it_is_for_its_owner_only(checked):
    _, left = checked
    assert left.modes() == {}
    assert stat.S_IMODE((left.path / "rejected.xlsx").stat().st_mode) == 0o600


def rewritten(source, target, corrections, *, seed):
    """Write the workbook anew: cells corrected, rows shuffled, columns moved."""
    rows = [[c.value or "" for c in line] for line in sheet(source).iter_rows()]
    head, body = rows[0], rows[1:]
    for (row, column), value in corrections.items():
        body[row - 1][head.index(column)] = value
    shuffled = random.Random(seed)
    order = list(range(len(head)))
    shuffled.shuffle(order)
    shuffled.shuffle(body)
    with xlsxwriter.Workbook(str(target)) as book:
        to = book.add_worksheet("Rejected rows")
        for at, line in enumerate([head, *body]):
            for place, column in enumerate(order):
                to.write_string(at, place, line[column])
        book.add_worksheet("Read me").write_string(0, 0, "Rows to correct")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_corrected_it_is_imported_as_it_is(checked, tmp_path, seed):
    world, left = checked
    book = tmp_path / "corrected.xlsx"
    corrections = {
        (1, "Téléphone"): "670000002",
        (2, "E-mail"): "chloe@example.com",
        (3, "E-mail"): "dan@example.com",
        (3, "Téléphone"): "",
        (4, "Téléphone"): "670000004",
    }
    rewritten(left.path / "rejected.xlsx", book, corrections, seed=seed)
    result = world.bring(book)
    assert result.rows == {"read": 4, "created": 4}
    people = {c["name"]: c for c in world.server.customers.values()}
    assert people["Ben Eto'o"]["phone"] == "+237670000002"
    # The protecting mark is taken back, and texts stay the texts they were.
    assert people["Chloé Ngo"]["metadata"]["Ville"] == "=1+1"
    assert people["Dan Biya"]["metadata"]["Ville"] == "0012"


ODD = [
    "'=1",
    "=1+1",
    " blanks ",
    "two\nlines",
    "_x0041_",
    "tab\there",
    "+237 670 00 00 01",
    "007",
    "é😀",
    "1e5",
    "#N/A",
]


def test_odd_texts_come_back_as_they_were(tmp_path):
    columns = [f"C{n}" for n in range(len(ODD))]
    rows = [(Leftover(1, 2, "rejected", "no_contact", "why", "what"), ODD)]
    path = tmp_path / "rejected.xlsx"
    assert write_rejected_book(path, RejectedRows(columns, {}, rows, {}, 1), EN) == 1
    with open_source(str(path), ReadOptions(), spool_dir=tmp_path) as source:
        (chunk,) = source.chunks(10)
    assert [column[0].as_py() for column in chunk.cells.columns] == ODD


def wide(count, cell="x", columns=2):
    leftover = Leftover(1, 2, "rejected", "r", "why", "what")
    rows = [(leftover._replace(row=n), [cell] * columns) for n in range(count)]
    return RejectedRows([f"c{n}" for n in range(columns)], {}, rows, {}, count)


def test_a_cell_no_sheet_can_hold_is_left_to_the_csv(tmp_path):
    path = tmp_path / "rejected.xlsx"
    assert write_rejected_book(path, wide(2, "x" * 32_768), EN) == 0
    about = openpyxl.load_workbook(path).worksheets[1]
    told = [cell.value for cell in about["A"] if cell.value]
    assert (
        told[-1] == "This workbook holds 0 of 2 rows; rejected.csv holds all of them."
    )


def test_more_columns_than_a_sheet_has(tmp_path):
    path = tmp_path / "rejected.xlsx"
    assert write_rejected_book(path, wide(1, columns=16_379), EN) == 0
    assert not path.exists()


def test_a_wide_sheet_is_written_row_by_row(tmp_path):
    path = tmp_path / "rejected.xlsx"
    assert write_rejected_book(path, wide(3, columns=41), EN) == 3


def test_the_first_ten_thousand_rows(tmp_path):
    path = tmp_path / "rejected.xlsx"
    rejected = wide(MOST_ROWS + 1, columns=1)
    assert write_rejected_book(path, rejected, EN) == MOST_ROWS


@pytest.mark.parametrize(
    ("mark", "place"),
    [
        (Mark("phone", "67", "t"), 2),
        (Mark("phone", "other", "t"), 1),
        (Mark("email", "Ville", "t"), 3),
        (Mark("email", "nowhere", "t"), 8),
        (Mark("", "a,b,c", "t"), 8),
    ],
)
def test_where_a_mark_stands(tmp_path, mark, place):
    cells = ["Awa", "6700", "67", "Ville"]
    roles = {"A": "name", "B": "phone", "C": "phone", "D": "metadata.D"}
    rows = [(Leftover(1, 2, "rejected", "r", "why", "what"), cells)]
    path = tmp_path / "rejected.xlsx"
    told = RejectedRows(list("ABCD"), roles, rows, {1: [mark]}, 1)
    write_rejected_book(path, told, EN)
    (line,) = sheet(path).iter_rows(min_row=2)
    assert [n for n, cell in enumerate(line) if cell.comment] == [place]


def test_without_a_contact_column_the_reason_is_coloured(tmp_path):
    rows = [(Leftover(1, 2, "rejected", "no_contact", "why", "what"), ["Awa"])]
    path = tmp_path / "rejected.xlsx"
    told = RejectedRows(["A"], {"A": "name"}, rows, {1: [Mark("", None, "t")]}, 1)
    write_rejected_book(path, told, EN)
    assert notes(path)[1] == {(1, "_reason")}


def test_a_ragged_row_shows_its_text(world):
    made = world(settings={"lang": "fr"})
    text = "Nom,E-mail,Ville\nAwa,awa@example.com,Douala\nBen,ben@example.com,Kribi,de trop\n"
    left = made.check(made.file(text))
    found, _ = notes(left.path / "rejected.xlsx")
    assert "Tel que lu\xa0: Ben,ben@example.com,Kribi,de trop" in found[1, "_reason"]


def test_nothing_rejected_leaves_no_workbook(world):
    left = world().check([GOOD])
    assert not (left.path / "rejected.xlsx").exists()
    assert left.summary["files"] == {}


def parts_of(path):
    """Return the parts of a workbook, without the time it was made at."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist()) - {"docProps/core.xml"}
        return {name: archive.read(name) for name in names}


ROWS = "Nom,E-mail,Téléphone\n" + "".join(
    f"{name},,{phone}\n"
    for name in ("Awa Sow", "Ben Eto'o,,trop", "Chloé Ngo", "=1+1")
    for phone in ("6700", "", "67000O004")
)


def test_a_worker_writes_the_same_book(world, monkeypatch):
    made = world(settings={"lang": "fr"})
    here = made.check(made.file(ROWS))
    monkeypatch.setattr(engines, "SMALL_BYTES", 0)
    made.settings = made.settings.model_copy(update={"workers": 2})
    there = made.check(made.file(ROWS))
    assert here.summary["files"] == {"rejected.xlsx": {"rows": 12, "of": 12}}
    assert there.summary["files"] == here.summary["files"]
    told = [parts_of(left.path / "rejected.xlsx") for left in (here, there)]
    assert told[0] == told[1]


def test_a_book_that_a_worker_cannot_write_ends_the_check(world, monkeypatch):
    made = world(settings={"workers": 2})
    monkeypatch.setattr(engines, "SMALL_BYTES", 0)
    monkeypatch.setattr(rejected_book, "write_book", _no_room)
    with pytest.raises(DiskError, match="no space left on the device"):
        made.check([NOBODY, GOOD])
    assert not (made.last().path / "staging").exists()


def _no_room(order, lines):
    with disk_errors(order.folder.path):
        raise OSError(errno.ENOSPC, "no room")
