"""Write `sample_data/`: the same invented customers as every kind of file, and a README.

Run it from the root of the checkout; the same files come out every time. People are
invented, phones come from ranges that nobody can be reached at (see `PHONES`), and
addresses from domains that receive no mail.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter
from people import DUPLICATES, GIVEN, NEW, REJECTED, REPAIRED, SURNAMES, UPDATES

FOLDER = Path(__file__).resolve().parents[2] / "sample_data"
COLUMNS = (
    "Code client",
    "Nom",
    "Prénom",
    "Téléphone",
    "Autre téléphone",
    "E-mail",
    "Ville",
    "Pays",
    "Boutique",
    "Segment",
    "Dernier achat",
    "Date de naissance",
    "N° CNI",
)
EXTRA = "extra"
"""Where a cell stands that no header names."""

PEOPLE = 228
CITIES = (
    "Douala",
    "Yaoundé",
    "Bafoussam",
    "Garoua",
    "Bamenda",
    "Kribi",
    "Limbé",
    "Buéa",
)
SHOPS = ("Akwa", "Bonapriso", "Bastos", "Mokolo", "En ligne")
SEGMENTS = ("Particulier", "Fidèle", "Grossiste", "VIP")
COUNTRIES = ("Cameroun", "Cameroun", "", "CM", "Cameroun", "Cameroon")
MAIL = ("example.com", "example.org", "example.net")
PHONES = tuple(
    f"{block}0000{number:03}" for number in range(1, 97) for block in (67, 68, 69)
)
"""National numbers of +237 67/68/69 00 00 0xx, which the API documents as test numbers.

Those from 097 on stand in the tables of `people`."""
RESERVED = ("690000097", "690000099", "680000097")

FORMS = (
    "{0}",
    "{1} {2} {3} {4} {5}",
    "+237{0}",
    "+237 {1} {2} {3} {4} {5}",
    "237{0}",
    "00237 {0}",
    "(+237) {6}-{7}-{8}",
    "{6}.{7}.{8}",
)


@dataclass
class Desk:
    """Hands out what must not be given twice: phones and customer codes."""

    phones: Iterator[str] = field(default_factory=lambda: iter(PHONES))
    codes: int = 0

    def phone(self) -> str:
        return next(self.phones)

    def code(self) -> str:
        self.codes += 1
        return f"C{self.codes:04}"


def typed(phone: str, form: int) -> str:
    """Return a national number in one of the ways in which people type it."""
    pairs = (phone[0], phone[1:3], phone[3:5], phone[5:7], phone[7:])
    threes = (phone[:3], phone[3:6], phone[6:])
    return FORMS[form % len(FORMS)].format(phone, *pairs, *threes)


def address(given: str, surname: str, place: int) -> str:
    """Return an e-mail address as the person would have it."""
    plain = str.maketrans("éèêëïîôçàâÉ' ", "eeeeiiocaaE--")
    local = f"{given}.{surname}".translate(plain).lower()
    written = local.title() if place % 17 == 0 else local
    return f"{written}@{MAIL[place % len(MAIL)]}"


def person(place: int, desk: Desk) -> dict[str, str]:
    """Return the row of an ordinary customer."""
    given = GIVEN[place % len(GIVEN)]
    surname = SURNAMES[(place * 7 + place // len(GIVEN)) % len(SURNAMES)]
    has_phone = place % 12 != 11
    has_email = place % 12 == 11 or place % 10 not in (3, 6, 8)
    born = date(1955, 1, 1) + timedelta(days=(place * 2617) % 18000)
    bought = date(2026, 1, 5) + timedelta(days=(place * 37) % 290)
    return {
        "Code client": desk.code(),
        "Nom": surname.upper() if place % 3 else surname,
        "Prénom": given,
        "Téléphone": typed(desk.phone(), place) if has_phone else "",
        "Autre téléphone": typed(desk.phone(), 2) if place % 40 == 7 else "",
        "E-mail": address(given, surname, place) if has_email else "",
        "Ville": CITIES[place % len(CITIES)],
        "Pays": COUNTRIES[place % len(COUNTRIES)],
        "Boutique": SHOPS[place % len(SHOPS)],
        "Segment": SEGMENTS[(place // 3) % len(SEGMENTS)],
        "Dernier achat": bought.strftime("%d/%m/%Y"),
        "Date de naissance": born.strftime("%d/%m/%Y") if place % 2 else "",
        "N° CNI": f"{100000000 + place * 7919}" if place % 3 == 0 else "",
    }


@dataclass(frozen=True)
class Shown:
    """A row that shows something: where it stands, and what."""

    row: int
    shows: str


def special(given: dict[str, str], place: int, desk: Desk) -> dict[str, str]:
    """Return an ordinary row with the cells that make it special.

    `{phone}` in a cell is a fresh number, `{spaced}` the same with blanks.
    """
    cells = {
        "Ville": CITIES[place % len(CITIES)],
        "Pays": "Cameroun",
        "Boutique": SHOPS[place % len(SHOPS)],
        "Segment": SEGMENTS[place % len(SEGMENTS)],
        "Dernier achat": "02/03/2026",
    } | given
    if any("{" in cell for cell in cells.values()):
        phone = desk.phone()
        other = desk.phone() if any("{other}" in c for c in cells.values()) else ""
        names = {"phone": phone, "spaced": typed(phone, 1), "other": other}
        cells = {name: cell.format(**names) for name, cell in cells.items()}
    return {column: cells.get(column, "") for column in (*COLUMNS, EXTRA)}


def customers() -> tuple[list[dict[str, str]], list[Shown]]:
    """Return the rows of `customers.csv` and what the special ones show."""
    desk = Desk()
    rows = [person(place, desk) for place in range(PEOPLE)]
    shown = []
    singles = [*REPAIRED, *REJECTED]
    for place, (shows, cells) in enumerate(singles):
        at = 4 + place * 4  # spread, so that the first screen shows some
        rows.insert(at, special(cells, place, desk))
        shown.append((shows, rows[at]))
    for place, (shows, group) in enumerate(DUPLICATES):
        phone, other = desk.phone(), desk.phone()
        for twin, cells in enumerate(group):
            filled = {
                name: cell.replace("{phone}", phone)
                .replace("{spaced}", typed(phone, 3))
                .replace("{other}", other)
                for name, cell in cells.items()
            }
            at = min(len(rows), 12 + place * 16 + twin * 41)
            rows.insert(at, special(filled, place, desk))
            shown.append((shows, rows[at]))
    places = {id(row): number for number, row in enumerate(rows, start=1)}
    return rows, [Shown(places[id(row)], shows) for shows, row in shown]


def _is_regular(row: dict[str, str]) -> bool:
    """Say whether the row is an ordinary customer with an e-mail address."""
    return "C0" < row["Code client"] < "C9" and bool(row["E-mail"])


def updates(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the rows of `customers-update.csv`: known customers changed, and new ones."""
    known = [row for row in rows[100:] if _is_regular(row)]
    found = []
    for place, change in enumerate(UPDATES):
        row = known[place * 3]
        found.append(row | change(row))
    for place, cells in enumerate(NEW):
        row = special(cells, place, Desk(iter(RESERVED[place:])))
        found.append(row | {"Code client": f"C1{place:03}"})
    return found


def as_csv(rows: list[dict[str, str]], delimiter: str = ",", head: str = "") -> str:
    """Return the rows as CSV text."""
    text = io.StringIO(newline="")
    text.write(head)
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        more = [row[EXTRA]] if row.get(EXTRA) else []
        writer.writerow([row[column] for column in COLUMNS] + more)
    return text.getvalue()


def western(text: str) -> str:
    """Return the text as a program would that knows Western European letters only."""
    plain = {ord("\u200e"): None, ord("\u202e"): None, ord("\u0410"): "A"}
    plain |= {0x0660 + digit: str(digit) for digit in range(10)}
    return text.translate(plain)


def write_workbook(path: Path, rows: list[dict[str, str]]) -> None:
    """Write the rows as a shop keeps them: a title, phones as numbers, real dates."""
    book = xlsxwriter.Workbook(path, {"strings_to_numbers": False})
    book.set_properties({"created": date(2026, 11, 22)})
    sheet = book.add_worksheet("Clients")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.merge_range(
        0, 0, 0, 4, "Clients de la boutique", book.add_format({"bold": True})
    )
    sheet.write_row(2, 0, COLUMNS)
    for line, row in enumerate(rows, start=3):
        for place, column in enumerate(COLUMNS):
            text = row[column]
            if column in ("Téléphone", "Autre téléphone", "N° CNI") and _is_number(
                text
            ):
                sheet.write_number(line, place, int(text))
            elif column in ("Dernier achat", "Date de naissance") and text:
                when = date(*map(int, reversed(text.split("/"))))
                sheet.write_datetime(line, place, when, day)
            elif text:
                sheet.write_string(line, place, text)
    notes = book.add_worksheet("Notes")
    notes.write_column(0, 0, ("À lire", "Les téléphones sont ceux des caisses."))
    book.close()


def _is_number(text: str) -> bool:
    """Say whether a spreadsheet keeps the text as the same number."""
    return text.isascii() and text.isdecimal() and not text.startswith("0")


def readme(shown: list[Shown]) -> str:
    """Return the README with a line for every row that shows something."""
    by_text: dict[str, list[int]] = {}
    for one in shown:
        by_text.setdefault(one.shows, []).append(one.row)
    lines = [
        f"| {', '.join(map(str, sorted(places)))} | {shows} |"
        for shows, places in by_text.items()
    ]
    head = (Path(__file__).parent / "README.head.md").read_text(encoding="utf-8")
    return head + "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write every file of `sample_data/` into `folder`."""
    rows, shown = customers()
    folder.mkdir(exist_ok=True)
    files = {
        "customers.csv": as_csv(rows).encode(),
        "customers-cp1252.csv": western(as_csv(rows, ";", "sep=;\r\n")).encode(
            "cp1252"
        ),
        "customers-update.csv": as_csv(updates(rows)).encode("utf-8-sig"),
        "README.md": readme(shown).encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    write_workbook(folder / "customers.xlsx", rows)


if __name__ == "__main__":
    write(FOLDER)
