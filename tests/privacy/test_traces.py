"""Each form in which a file can hold a person: found, and taken out of the form."""

import gzip
import zipfile

import pytest
import xlsxwriter

from pipeline.privacy.marks import Marks
from pipeline.privacy.person import Person, Sighting, people_asked_for, resolve
from pipeline.privacy.redact import redacted
from pipeline.traces.originals import Original
from pipeline.traces.texts import Text
from pipeline.traces.values import Who
from pipeline.traces.workbooks import Finance

NAME, EMAIL, PHONE = (
    "Awandeline Sowmba",
    "awandeline@sowmba.example.com",
    "+237670000041",
)
PERSON = Person(
    ids=frozenset(("cus.1",)),
    emails=frozenset((EMAIL,)),
    phones=frozenset((PHONE,)),
    names=frozenset((NAME,)),
)
MARKS = Marks(PERSON)


@pytest.mark.parametrize(
    "text",
    [
        "670000041", "670 00 00 41", "6.70.00.00.41", "+237 670-000-041", "00237670000041",
        "(+237) 670 000 041", "237670000041", "237670000041.0", "+237 (0) 670000041",
        "tel:+237670000041", "67OOOOO41", "\u0666\u0667\u0660\u0660\u0660\u0660\u0660\u0664\u0661",
        "AWANDELINE@SOWMBA.EXAMPLE.COM", f"<{EMAIL}>", f"mailto:{EMAIL}?subject=x", f"{EMAIL}.",
        f'{{"phone":"{PHONE}"}}', f"690000001 / {PHONE}",
    ],
)  # fmt: skip
def test_a_contact_is_found_in_any_spelling(text):
    assert MARKS.contact_in(text)
    assert not MARKS.contact_in(MARKS.redact(text))


@pytest.mark.parametrize(
    "text",
    [
        "670000042", "99670000041", "6700000411", f"x{EMAIL}", f"{EMAIL}.cm", f"-{EMAIL}",
        "awandeline@sowmba.example", "12345", "", "6700 00\n041",
    ],
)  # fmt: skip
def test_a_contact_of_somebody_else_is_not(text):
    assert not MARKS.contact_in(text)
    assert MARKS.redact(text) == text


def test_names():
    assert MARKS.is_name("SOWMBA, Awandéline")
    assert not MARKS.is_name("Awandeline")
    assert MARKS.is_theirs(["Awandeline", "Sowmba", "Kribi"])
    assert not MARKS.is_theirs(["Awandeline", "Sowmba", "x@example.com"])
    assert not MARKS.is_theirs(["Awandeline", "Kribi"])
    assert MARKS.redact("to awandeline  sowmba, Kribi") == "to [erased], Kribi"


def test_a_shared_contact_needs_the_name():
    marks = Marks(resolve(PERSON, [Sighting("cus.2", "Boniface Tchoupo", None, PHONE)]))
    assert marks.person.shared == {PHONE}
    assert not marks.is_theirs(["Boniface Tchoupo", "670000041"])
    assert marks.is_theirs(["Sowmba A.", "670000041"])
    assert marks.is_theirs(["", "670000041", EMAIL])


def test_a_person_grows_by_records_that_agree():
    asked = Person(emails=frozenset((EMAIL,)))
    seen = [
        Sighting("cus.1", NAME, EMAIL, PHONE),
        Sighting("cus.2", "SOWMBA Awandeline", None, PHONE),
        Sighting("cus.3", "Boniface Tchoupo", None, PHONE),
        Sighting("cus.4", "Somebody Else", "x@example.com", None),
    ]
    person = resolve(asked, seen)
    assert person.ids == {"cus.1", "cus.2"}
    assert person.phones == person.shared == {PHONE}
    assert people_asked_for(asked, seen) == 1
    assert people_asked_for(Person(phones=frozenset((PHONE,))), seen) == 2


def test_json_loses_what_is_personal():
    value = {
        "customer": {"id": "cus.1", "name": "A"},
        "order": "A-7",
        "fees": [{"amount": 5, "label": f"for {EMAIL}"}],
        "account_number": 670000041,
        "note": 237670000041,
        "paid": True,
        "none": None,
        "ip": "10.0.0.1",
    }
    assert redacted(value, MARKS) == {
        "order": "A-7",
        "fees": [{"amount": 5, "label": "for [erased]"}],
        "paid": True,
        "none": None,
    }


ROWS = [
    "Nom;Courriel;Tél",
    f"{NAME};;6 70 00 00 41",
    '"Benjamas\nFotsofa";benjamas@fotsofa.example.com;680000042',
    "",
    f"A. S.;{EMAIL.upper()};",
    "Boniface Tchoupo;boniface@tchoupo.example.com;",
    "Sowmba Awandeline;;",
]
KEPT = [ROWS[0], ROWS[2], ROWS[3], ROWS[5]]
FORM = Original("CM")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_cut_out_of_a_csv(tmp_path, encoding, end):
    path = tmp_path / "c.csv"
    path.write_bytes((end.join(ROWS) + end).encode(encoding))
    assert len(FORM.find(path, Who(MARKS))) == 3
    FORM.erase(path, Who(MARKS))
    assert path.read_bytes() == (end.join(KEPT) + end).encode(encoding)
    assert FORM.find(path, Who(MARKS)) == []


def test_a_packed_csv_and_a_workbook_become_a_csv_of_the_rest(tmp_path):
    packed, book = tmp_path / "c.csv.gz", tmp_path / "c.xlsx"
    packed.write_bytes(gzip.compress("\n".join(ROWS).encode()))
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        for number, line in enumerate(ROWS):
            sheet.write_row(number, 0, line.replace('"', "").split(";"))
    for path in (packed, book):
        assert len(FORM.find(path, Who(MARKS))) == 3
        FORM.erase(path, Who(MARKS))
        assert not path.exists()
        text = path.with_name(f"{path.name}.csv").read_text(encoding="utf-8-sig")
        assert "sowmba" not in text.lower()
        assert "benjamas@fotsofa.example.com" in text
        assert text.count("@") == 2


def test_what_is_no_table_is_redacted_as_text(tmp_path):
    path = tmp_path / "note.csv"
    path.write_bytes(f"\x00{EMAIL}\x00\xff".encode("latin-1"))
    assert FORM.find(path, Who(MARKS))
    FORM.erase(path, Who(MARKS))
    assert EMAIL.encode() not in path.read_bytes()
    page = tmp_path / "page.html"
    page.write_text(f"<p>{NAME}</p>\n<p>ok</p>")
    assert [f["line"] for f in Text().find(page, Who(MARKS))] == [f"<p>{NAME}</p>"]
    Text().erase(page, Who(MARKS))
    assert page.read_text() == "<p>[erased]</p>\n<p>ok</p>"


@pytest.mark.parametrize("options", [{}, {"constant_memory": True}], ids=str)
def test_a_finance_workbook_keeps_its_numbers(tmp_path, options):
    path = tmp_path / "p.xlsx"
    with xlsxwriter.Workbook(path, options) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ["trx.1", f"Order & {NAME}", 5000])
    assert Finance().find(path, Who(MARKS)) == [{"cell": f"Order & {NAME}"}]
    Finance().erase(path, Who(MARKS))
    assert Finance().find(path, Who(MARKS)) == []
    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert rows == [["trx.1", "Order & [erased]", 5000.0]]
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None


def test_addresses_of_other_scripts_and_numbers_of_no_country():
    marks = Marks(
        Person(
            emails=frozenset(("ada@bücher.example", "x@a..ü")),
            phones=frozenset(("+0", "+", "+999123456")),
        )
    )
    assert marks.contact_in("ADA@xn--bcher-kva.example")
    assert marks.contact_in("ada@bücher.example")
    assert marks.contact_in("999 123 456")
    assert not marks.is_name("Ada")
    assert not marks.is_theirs(["Ada", "Kribi"])
    assert not Marks(Person()).contact_in("anything")


def test_a_mistyped_contact_is_nearly_theirs():
    assert MARKS.is_theirs([NAME, "awandeline@sowmba", "67000004"])
    assert MARKS.is_theirs([NAME, "awandelin@sowmba.example.com"])
    assert not MARKS.is_theirs([NAME, "boniface@tchoupo.example.com"])
    assert not MARKS.is_theirs([NAME, "699123456"])
    assert MARKS.may_be_in("Awandéline")
    assert MARKS.may_be_in("tel 670000041")
    assert not MARKS.may_be_in("Boniface")


def test_names_with_other_letters_are_hinted():
    marks = Marks(Person(names=frozenset(("Fatoumata N'Diaye-Łoś",))))
    assert marks.is_theirs(["FATOUMATA", "n'diaye łoś"])
    assert Marks(Person(names=frozenset(("Awa N'Diaye",)))).is_theirs(
        ["Awa", "N’DIAYE"]
    )
    assert Person().agrees("x")
    assert Person(names=frozenset(("Ada Sow",))).agrees(None)
    assert Person().is_nobody
    assert Person.asked([" "], ["A@Example.com", ""], ["677 00 00 41"], "CM") == Person(
        emails=frozenset(("a@example.com",)), phones=frozenset(("+237677000041",))
    )


def test_json_keeps_what_is_named_alike_but_is_not_personal():
    assert redacted({"bank_name": "X", "customer_id": "cus.1"}, MARKS) == {
        "bank_name": "X",
        "customer_id": "cus.1",
    }
    assert redacted([None, {"Zip": "1"}], MARKS) == [None, {}]
