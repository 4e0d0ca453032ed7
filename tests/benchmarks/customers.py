"""Write a large customer file: 12 columns, phones of 16 regions in mixed forms, some dirt.

Run as `python -m tests.benchmarks.customers OUT.csv --rows N --dirt 0.05 --copies 0.15`.
The same seed writes the same file. Nobody in it is real, and the file is never sent.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# region, calling code, trunk prefix, first digits of mobile numbers, digits behind them
REGIONS = (
    ("CM", "Cameroun", "237", "", ("67", "69", "655"), 9),
    ("CI", "Côte d'Ivoire", "225", "", ("07", "05", "01"), 10),
    ("SN", "Senegal", "221", "", ("77", "78"), 9),
    ("GA", "Gabon", "241", "0", ("62", "66"), 8),
    ("NG", "Nigeria", "234", "0", ("803", "806", "703"), 10),
    ("GH", "Ghana", "233", "0", ("24", "54"), 9),
    ("KE", "Kenya", "254", "0", ("712", "722"), 9),
    ("RW", "Rwanda", "250", "0", ("788", "722"), 9),
    ("MA", "Maroc", "212", "0", ("661", "662"), 9),
    ("ZA", "South Africa", "27", "0", ("82", "83"), 9),
    ("FR", "France", "33", "0", ("61", "62", "75"), 9),
    ("BE", "Belgique", "32", "0", ("470", "495"), 9),
    ("GB", "United Kingdom", "44", "0", ("7400", "7533"), 10),
    ("DE", "Deutschland", "49", "0", ("1512", "1761"), 11),
    ("US", "United States", "1", "", ("212", "646", "415"), 10),
    ("CA", "Canada", "1", "", ("416", "514", "604"), 10),
)
FIRST = (
    "Awa",
    "Jean",
    "Marie",
    "Paul",
    "Chantal",
    "Éric",
    "Fatou",
    "Ibrahim",
    "Aïcha",
    "Samuel",
    "Grace",
    "Émile",
    "Brice",
    "Nadège",
    "Ousmane",
    "Clarisse",
    "Didier",
    "Hélène",
    "Joseph",
    "Mireille",
    "Yannick",
    "Sandrine",
    "Alain",
    "Pauline",
)
LAST = (
    "Ngono",
    "Mballa",
    "Diallo",
    "Traoré",
    "Kouassi",
    "Njoya",
    "Owona",
    "Fotso",
    "Eto'o",
    "Bamba",
    "Koné",
    "N'Guessan",
    "Ndiaye",
    "Sow",
    "Abena",
    "Mensah",
    "Okafor",
    "Adeyemi",
    "Otieno",
    "Mwangi",
    "Lefèvre",
    "Müller",
    "Smith",
    "Tchoupo",
)
DOMAINS = (
    "example.com",
    "example.org",
    "example.net",
    "mail.example.com",
    "shop.example.org",
)
CITIES = (
    "Douala",
    "Yaoundé",
    "Bafoussam",
    "Garoua",
    "Abidjan",
    "Dakar",
    "Libreville",
    "Lagos",
    "Accra",
    "Nairobi",
    "Kigali",
    "Casablanca",
    "Paris",
    "Bruxelles",
    "London",
    "Berlin",
)
HEADER = (
    "client_id",
    "nom",
    "email",
    "telephone",
    "pays",
    "ville",
    "adresse",
    "segment",
    "date_inscription",
    "points",
    "statut",
    "commentaire",
)


@dataclass(frozen=True)
class Options:
    rows: int = 1_000_000
    dirt: float = 0.05
    copies: float = 0.0
    seed: int = 7


def phone(rng, region, serial):
    """Return a distinct number in one of the forms that people type."""
    _, _, code, trunk, leads, size = region
    lead = leads[serial % len(leads)]
    room = size - len(lead)
    body = str((serial * 7919 + 1234567) % 10**room).zfill(room)
    if region[0] in ("US", "CA") and body[0] in "01":
        body = "2" + body[1:]
    number = lead + body
    form = rng.integers(0, 9)
    pairs = " ".join(number[i : i + 2] for i in range(0, size, 2))
    triples = "-".join(number[i : i + 3] for i in range(0, size, 3))
    return (
        f"+{code}{number}",
        f"+{code} {pairs}",
        f"+{code}-{triples}",
        f"00{code}{number}"
        if region[0] not in ("US", "CA", "KE", "NG")
        else f"+{code}{number}",
        f"{code}{number}",
        f"{trunk}{number}",
        f"{trunk}{pairs}",
        f"({trunk}{number[:3]}) {number[3:]}",
        f"{trunk}{number[:3]}.{number[3:6]}.{number[6:]}",
    )[form]


def dirty_phone(rng, value):
    return (
        value[:-3],
        value + "99",
        "Tel: " + value,
        value + " (WhatsApp)",
        value.replace(" ", "\u00a0") + "\u200b",
        value + " / " + value[:-1] + "0",
        "inconnu",
        value + ".0",
        "",
        value.replace("0", "O", 1),
    )[rng.integers(0, 10)]


def dirty_email(rng, value):
    return (
        value.replace("@", ""),
        value.replace("@", " @"),
        value + ";",
        "Client <" + value + ">",
        value.replace(".", "..", 1),
        value.replace("@", "@@"),
        "",
        value.partition("@")[0] + "@gmial.com",
        " " + value + " ",
        "n/a",
    )[rng.integers(0, 10)]


def dirty_name(rng, value):
    return (
        "  " + value,
        value.replace(" ", "   "),
        value + "\u200b",
        "client divers",
        value.upper(),
        "12345",
        "",
        value.encode().decode("latin-1"),
    )[rng.integers(0, 8)]


def dirty_country(rng, value):
    return ("", "Atlantide", value.upper(), " " + value)[rng.integers(0, 4)]


def dirty_text(rng, value):
    return ("", " ", 'dit "' + value + '"', value + "\u00a0", "N/A", value + ", etc")[
        rng.integers(0, 6)
    ]


def quoted(cell):
    return (
        '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\n') else cell
    )


def row(rng, serial, dirt):
    region = REGIONS[rng.integers(0, len(REGIONS))]
    first, last = FIRST[rng.integers(0, len(FIRST))], LAST[rng.integers(0, len(LAST))]
    cells = [
        f"C{serial:08d}",
        f"{first} {last}",
        f"user{serial}.{serial % 97}@{DOMAINS[serial % len(DOMAINS)]}",
        phone(rng, region, serial),
        region[1] if serial % 2 else region[0],
        CITIES[rng.integers(0, len(CITIES))],
        f"{serial % 900} rue {LAST[serial % len(LAST)]}",
        "ABCD"[serial % 4],
        f"20{20 + serial % 6}-{1 + serial % 12:02d}-{1 + serial % 28:02d}",
        str(serial % 1000),
        "actif" if serial % 3 else "inactif",
        "livraison le matin" if serial % 5 == 0 else "",
    ]
    dirty = rng.random(len(cells)) < dirt
    for place, mess in (
        (1, dirty_name),
        (2, dirty_email),
        (3, dirty_phone),
        (4, dirty_country),
    ):
        if dirty[place]:
            cells[place] = mess(rng, cells[place])
    for place in range(5, len(cells)):
        if dirty[place]:
            cells[place] = dirty_text(rng, cells[place])
    return ",".join(map(quoted, cells))


class _Dice:
    """Random numbers in blocks: asking numpy for one at a time is slow."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.block = iter(())

    def __next(self):
        try:
            return next(self.block)
        except StopIteration:
            self.block = iter(self.rng.random(100_000).tolist())
            return next(self.block)

    def integers(self, low, high):
        return low + int(self.__next() * (high - low))

    def random(self, count):
        return _Draws([self.__next() for _ in range(count)])


class _Draws(list):
    def __lt__(self, limit):
        return [value < limit for value in self]


def write(path: Path, options: Options) -> None:
    """Write the file; `copies` of its rows repeat an earlier row as it stands."""
    dice = _Dice(options.seed)
    chance = np.random.default_rng(options.seed + 1)
    kept: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(",".join(HEADER) + "\n")
        copied = chance.random(options.rows) < options.copies
        picks = chance.random(options.rows)
        for serial in range(options.rows):
            if copied[serial] and kept:
                line = kept[int(picks[serial] * len(kept))]
            else:
                line = row(dice, serial, options.dirt)
                if serial % 20 == 0 or len(kept) < 1000:
                    kept.append(line)
            out.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dirt", type=float, default=0.05)
    parser.add_argument("--copies", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    write(given.out, Options(given.rows, given.dirt, given.copies, given.seed))


if __name__ == "__main__":
    main()
