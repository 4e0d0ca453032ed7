"""The review file: who may be whom, best first, with keys that last."""

import csv
import json

import openpyxl
import pytest

from pipeline.dedupe.keys import contact_key, record_key
from pipeline.report.doubts import Doubt, Side
from pipeline.report.pairs import (
    COLUMNS,
    DECISIONS,
    pair_line,
    write_pairs_book,
    write_pairs_csv,
)
from pipeline.report.words import Words, _texts

AWA = ("Awa Sow", "awa@example.com", "+237670000001", "Douala")
HEADER = ("Nom", "E-mail", "Téléphone", "Ville")
TYPO = [
    ("Armelle Tchuente", "armelle@example.com", "", "Limbé"),
    ("Armele Tchuente", "armelle@example.com", "", "Limbé"),
]
SHARED = [
    ("Jean Biya", "famille@example.com", "", "Kribi"),
    ("Marie Essomba", "famille@example.com", "", "Kribi"),
]


def lines(left):
    with (left.path / "review_pairs.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        return list(csv.DictReader(file))


def existing(name, email, phone=None, **more):
    return {"name": name, "email": email, "phone": phone, "metadata": {}} | more


def test_pairs_and_shared_contacts_of_a_check(world):
    left = world().check([AWA, *TYPO, *SHARED])
    told = lines(left)
    assert [(t["kind"], t["rule"]) for t in told] == [("pair", "R4"), ("contact", "R7")]
    pair, contact = told
    assert {pair["a_name"], pair["b_name"]} == {"Armelle Tchuente", "Armele Tchuente"}
    assert (pair["a_row"], pair["b_row"], pair["decision"]) == ("2", "3", "")
    assert pair["key_a"] == record_key(TYPO[0][0], TYPO[0][1], None)
    assert pair["key_b"] == record_key(TYPO[1][0], TYPO[1][1], None)
    assert "one letter" in pair["reason_en"]
    assert "une lettre" in pair["reason_fr"]
    assert pair["would_write"].startswith("Both rows wait")
    assert "armelle@example.com" in pair["would_write"]
    assert contact["key_a"] == contact_key("email", "famille@example.com")
    assert (contact["rows"], contact["people"], contact["key_b"]) == ("4 5", "2", "")
    assert left.modes() == {}
    assert left.summary["files"]["review_pairs.csv"] == {"rows": 2, "of": 2}


def test_the_best_come_first(world):
    left = world().check([AWA, *SHARED, *TYPO])
    scores = [float(told["score"]) for told in lines(left)]
    assert scores == sorted(scores, reverse=True)


def test_without_doubts_there_is_no_file(world):
    left = world().check([AWA])
    assert not list(left.path.glob("review_pairs.*"))


def test_without_deduplication_there_is_no_file(world):
    left = world().check([AWA, *TYPO], dedupe="off")
    assert not list(left.path.glob("review_pairs.*"))


def test_a_row_that_contradicts_a_customer(world):
    made = world(customers=[existing("Paul Atangana", "awa@example.com")])
    left = made.plan([AWA])
    (told,) = lines(left)
    assert (told["kind"], told["rule"]) == ("pair", "name_contradicts")
    assert (told["a_row"], told["b_row"]) == ("1", "")
    assert told["b_name"] == "Paul Atangana"
    assert told["key_b"] == told["b_customer_id"] != ""
    assert "If they are the same: Paul Atangana, awa@example.com" in told["would_write"]


def test_customers_who_are_there_twice(world):
    twice = [existing("Awa Sow", "awa@example.com") for _ in range(2)]
    left = world(customers=twice).plan([AWA])
    kinds = [(told["kind"], told["rule"]) for told in lines(left)]
    assert kinds.count(("existing", "existing_duplicates")) == 1
    told = lines(left)[0]
    assert told["key_a"] != told["key_b"]
    assert {told["a_customer_id"], told["b_customer_id"]} == {
        told["key_a"],
        told["key_b"],
    }


def test_a_contact_that_stayed_with_another_customer(world):
    made = world(
        customers=[
            existing("Awa Sow", "awa@example.com"),
            existing("Paul Atangana", "paul@example.com", "+237670000001"),
        ]
    )
    told = [t for t in lines(made.plan([AWA])) if t["rule"] == "contact_conflict"]
    assert [(t["a_name"], t["b_name"]) for t in told] == [("Awa Sow", "Paul Atangana")]
    assert told[0]["would_write"] == (
        "The row belongs to another customer; this contact was not moved."
    )


def test_a_phone_that_a_household_shares(world):
    made = world(
        customers=[existing("Paul Atangana", "paul@example.com", "+237670000001")]
    )
    left = made.bring([AWA])
    (told,) = lines(left)
    assert (told["kind"], told["rule"]) == ("contact", "household_contact")
    assert (told["contact"], told["people"]) == ("+237670000001", "2")
    assert told["key_a"] == contact_key("phone", "+237670000001")
    assert left.rows == {"read": 1, "created": 1}


def test_cells_that_a_spreadsheet_would_run_are_protected():
    side = Side(1, None, "=cmd()", "@x", "+237670000001")
    doubt = Doubt("pair", 0.5, "R4", "why", "raison", "go_on", side, Side(2))
    told = dict(zip(COLUMNS, pair_line(doubt, Words("en")), strict=True))
    assert (told["a_name"], told["a_email"]) == ("'=cmd()", "'@x")
    assert told["a_phone"] == "+237670000001"


@pytest.mark.parametrize(("lang", "first"), [("en", "same"), ("fr", "même")])
def test_the_workbook_offers_the_words(world, lang, first):
    left = world(settings={"lang": lang}).check([AWA, *TYPO])
    book = openpyxl.load_workbook(left.path / "review_pairs.xlsx")
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    (rule,) = sheet.data_validations.dataValidation
    offered = rule.formula1.strip('"').split(",")
    assert offered[0] == first
    assert str(rule.sqref) == "A2"
    assert {DECISIONS[word] for word in offered} == {"same", "different", "later"}
    assert sheet["B2"].value == pytest.approx(float(lines(left)[0]["score"]))
    assert all(cell.comment for cell in sheet[1])


def test_every_column_is_explained():
    explained = _texts()["pairs"]
    assert [column for column in COLUMNS if column not in explained] == []


def test_the_delimiter_is_the_files(world):
    made = world()
    left = made.check(made.file([AWA, *TYPO], header=HEADER, delimiter=";"))
    text = (left.path / "review_pairs.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == ";".join(COLUMNS)


def test_more_lines_than_a_sheet_shows(tmp_path):
    line = ["", "0.5", *["x"] * (len(COLUMNS) - 2)]
    table, book = tmp_path / "p.csv", tmp_path / "p.xlsx"
    total, first = write_pairs_csv(table, [line] * 5, most=2)
    assert (total, len(first)) == (5, 2)
    write_pairs_book(book, first, total, Words("en"))
    about = openpyxl.load_workbook(book).worksheets[1]
    told = [cell.value for cell in about["A"] if cell.value]
    assert told[-1].startswith("This workbook holds the first 2 of 5 lines")


def test_the_summary_counts_rows_by_reason(world):
    left = world().check([AWA, *TYPO])
    assert left.summary["reasons"] == {"review": {"R4": 2}}
    assert json.dumps(left.summary["quality"]["email"]) == '{"filled": 3, "usable": 3}'
